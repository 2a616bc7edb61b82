import IR
import Math
import Operators
import Tensors
import Testing

@testable import ONNX

/// The ONNX forms of all operators.
@Suite struct FormTests {
  @Test func everyOperatorIsWritten() {
    for type in OperatorSet.all { #expect(type is any ONNXWritable.Type, "\(type) has no ONNX form") }
  }

  static let int8 = Int8Output(Quantization(scale: 1, zeroPoint: 0))
  static let int8Gelu = Int8Output(
    Quantization(scale: 1, zeroPoint: 0), function: .gelu, of: Quantization(scale: 1, zeroPoint: 0))
  static let dilated = Window(kernel: [2, 2], dilations: [2, 2])

  /// Operators and the operator set in which their nodes are what they are.
  static let needs: [(op: any ONNXWritable, opset: Int)] = [
    (Unary(.relu), 17), (Unary(.mish), 18), (Unary(.gelu), 20), (Binary(.add), 17),
    (Binary(.add, activation: .gelu), 20),
    (Conv(window: dilated), 17), (Conv(window: dilated, activation: .mish), 18),
    (ConvTranspose(window: dilated, activation: .gelu), 20), (Gemm(activation: .gelu), 20),
    (ScaleShift(activation: .mish), 18), (ConvInt8(window: dilated, group: 1, output: nil), 17),
    (ConvInt8(window: dilated, group: 1, output: int8), 17),
    (ConvInt8(window: dilated, group: 1, output: int8Gelu), 20),
    (GemmInt8(output: int8Gelu), 20), (MatMulInt8(output: int8Gelu), 20), (MatMulInt8(output: nil), 17),
    (AddInt8(output: int8), 17), (MulInt8(output: int8), 17),
    (LookupInt8(.mish, output: Quantization(scale: 1, zeroPoint: 0)), 18), (MaxPool(window: dilated), 17),
    (AveragePool(window: Window(kernel: [2, 2])), 17), (AveragePool(window: dilated), 19),
    (AveragePoolInt8(window: dilated, output: Quantization(scale: 1, zeroPoint: 0)), 19),
    (AveragePoolInt8(window: nil, output: Quantization(scale: 1, zeroPoint: 0)), 17), (Resize(scales: [2, 2]), 17),
    (Resize(sizes: [8, 8]), 18), (Resize(sizes: [8, 8], scales: [2, 2]), 17),
  ]

  @Test func operatorSets() throws {
    for (op, opset) in Self.needs { #expect(op.opset == opset, "\(op)") }
  }

  /// The file has the latest of those its operators need.
  @Test func theLatestOperatorSetIsWritten() throws {
    var graph = Graph(name: "test")
    let x = graph.addInput("x", TensorType(.float32, [1, 4]))
    #expect(Emission(graph).opset == 17)
    let a = try graph.add(Unary(.gelu), name: "a", inputs: [x])
    let b = try graph.add(Unary(.mish), name: "b", inputs: [a[0]])
    graph.addOutput(b[0])
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/model.onnx"
    try ONNXWriter.write(graph, to: path)
    #expect(try ONNXReader.read(path: path).opset == 20)
  }
}
