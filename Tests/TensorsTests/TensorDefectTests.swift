import Tensors
import Testing

/// What no data can reach ends the process: going on would give a wrong number.
@Suite struct TensorDefectTests {
  @Test func elementsThatAreNotThoseOfTheShape() async {
    await #expect(processExitsWith: .failure) { _ = Tensor([Float(1), 2, 3], shape: [2]) }
    await #expect(processExitsWith: .failure) { _ = Tensor([Float(1)], shape: [2]) }
  }

  @Test func elementsReadAsAnotherType() async {
    await #expect(processExitsWith: .failure) { _ = Tensor([Float(1)]).elements(as: Int32.self) }
    await #expect(processExitsWith: .failure) { Tensor([Int8(1)]).withPointer(to: UInt8.self) { _ in } }
  }
}
