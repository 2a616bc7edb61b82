import IR
import NumPyFiles
import Tensors
import TestSupport
import Testing

@testable import ONNX

/// Every stored operator case: imported, computed node by node, and compared with what ONNX Runtime computed.
@Suite struct OperatorCaseTests {
  /// Cases that are refused on purpose, and words of the message.
  static let refused = [
    // The shape is an input of the model: nothing can be planned for it.
    "constantofshape_runtime_shape": "input 0 (shape) is computed at run time, expected a constant",
    // An input whose first dimension is 0 has a free batch here, so the case's empty tensor cannot be declared.
    "reshape_allowzero_empty": "cannot be reshaped to [3, 0]",
  ]

  static let accepted = Fixtures.cases.filter { refused[$0] == nil }

  @Test func casesAreThere() { #expect(Self.accepted.count > 400) }

  @Test(arguments: accepted) func equalsReference(name: String) throws {
    let graph = try ONNXReader.read(path: Fixtures.model(name)).graph
    try Verifier.check(graph)
    let (inputs, expected) = try Fixtures.arrays(name)
    let outputs = try GraphEvaluation.outputs(of: graph, inputs: inputs)
    try #require(outputs.count == expected.count)
    for (output, reference) in zip(outputs, expected) { expectEqual(output, reference) }
  }

  /// Equal shapes and types; integers exactly, floats to 1e-5 of the largest.
  private func expectEqual(_ output: Tensor, _ reference: Tensor) {
    #expect(output.shape == reference.shape)
    guard output.element == reference.element else {
      Issue.record("is \(output.type), expected \(reference.type)")
      return
    }
    let values = output.doubles()
    let expected = reference.doubles()
    guard output.element.isFloat else {
      #expect(values == expected)
      return
    }
    let scale = expected.filter(\.isFinite).map(\.magnitude).max() ?? 0
    for (index, (value, wanted)) in zip(values, expected).enumerated()
    where !(value == wanted || value.isNaN && wanted.isNaN || (value - wanted).magnitude <= 1e-5 * scale) {
      Issue.record("element \(index) is \(value), expected \(wanted)")
      return
    }
  }

  @Test(arguments: accepted) func survivesWriting(name: String) throws {
    let graph = try ONNXReader.read(path: Fixtures.model(name)).graph
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/again.onnx"
    try ONNXWriter.write(graph, to: path)
    let again = try ONNXReader.read(path: path).graph
    #expect(again.hasFreeBatch == graph.hasFreeBatch)
    let (inputs, _) = try Fixtures.arrays(name)
    let outputs = try GraphEvaluation.outputs(of: graph, inputs: inputs)
    let repeated = try GraphEvaluation.outputs(of: again, inputs: inputs)
    try #require(outputs.count == repeated.count)
    for (output, other) in zip(outputs, repeated) { #expect(output.isIdentical(to: other)) }
  }

  @Test(arguments: refused.keys.sorted()) func isRefused(name: String) throws {
    let error = #expect(throws: Refusal.self) { try ONNXReader.read(path: Fixtures.model(name)) }
    #expect(error?.reason.contains(Self.refused[name] ?? "?") ?? false)
  }
}
