import IR
import Math
import Operators
import Tensors
import Testing

@Suite struct OperatorTests {
  @Test func equalOperatorsHaveOneKindAndEqualAttributes() {
    let window = Window(kernel: [3, 3], pads: [1, 1, 1, 1])
    #expect(Conv(window: window).isEqual(to: Conv(window: window)))
    #expect(!Conv(window: window).isEqual(to: Conv(window: window, group: 2)))
    #expect(!Conv(window: window).isEqual(to: Conv(window: window, activation: .relu)))
    #expect(!Conv(window: window).isEqual(to: Conv(window: Window(kernel: [3, 3]))))
    #expect(Unary(.relu).isEqual(to: Unary(.clip(lower: 0, upper: .infinity))))
    #expect(!Unary(.tanh).isEqual(to: Unary(.sigmoid)))
    // Without attributes it is the kind that tells them apart.
    #expect(GlobalAveragePool().isEqual(to: GlobalAveragePool()))
    #expect(!GlobalAveragePool().isEqual(to: GlobalMaxPool()))
  }

  @Test func workAddsUpToTheLargestInteger() {
    let a = Work(macs: 3, elementOperations: 4)
    #expect(a + Work(macs: 10, elementOperations: 20) == Work(macs: 13, elementOperations: 24))
    let much = Work(macs: .max - 1, elementOperations: .max)
    #expect(much + a == Work(macs: .max, elementOperations: .max))
  }

  /// What an operator does not say of itself: one operation for each element, row-major.
  @Test func defaults() {
    let op = Softmax(axis: 1)
    #expect(GlobalAveragePool().attributes.isEmpty)
    #expect(op.work([], [TensorType(.float32, [2, 3]), TensorType(.float32, [4])]) == Work(elementOperations: 10))
    #expect(GlobalAveragePool().name == "GlobalAveragePool")
  }

  @Test func folding() {
    // 64 MiB beside eight times the constants, 2 GiB at most, however many there are.
    #expect(Limits.foldedBytes(from: 0) == 64 << 20)
    #expect(Limits.foldedBytes(from: 1000) == 64 << 20 + 8000)
    #expect(Limits.foldedBytes(from: 1 << 28) == 1 << 31)
    #expect(Limits.foldedBytes(from: .max) == 1 << 31)
  }
}
