import IR
import Math
import Operators
import Passes
import Tensors
import TestSupport
import Testing

@testable import TFLite

/// Stored models against what the TensorFlow Lite interpreter computes for them.
@Suite struct InterpreterTests {
  /// Weights alone are int8 there, and the interpreter quantizes activations to them at run time, which is no part of
  /// the model: dermc multiplies in float.
  static let hybrid = ["network_dynamic"]

  @Test func modelsAreThere() { #expect(Fixtures.models.count > 100) }

  @Test(arguments: Fixtures.models) func equalsInterpreter(name: String) throws {
    let graph = try TFLiteReader.read(path: Fixtures.path(name)).graph
    try Verifier.check(graph)
    let (inputs, expected, steps) = try Fixtures.arrays(name)
    let outputs = try GraphEvaluation.outputs(of: graph, inputs: inputs)
    try #require(outputs.count == expected.count)
    for (index, (output, reference)) in zip(outputs, expected).enumerated() {
      #expect(output.shape == reference.shape)
      #expect(output.element == reference.element)
      let (values, wanted) = (output.doubles(), reference.doubles())
      let largest = wanted.map(\.magnitude).max() ?? 0
      let differences = zip(values, wanted).map { ($0 - $1).magnitude }
      if let step = steps[index] {
        // Fixed-point arithmetic rounds what lies halfway another way than float does.
        let far = differences.count { $0 > 1.5 * step }
        #expect(far == 0, "\(far) of \(values.count) are more than one step off")
      } else {
        let tolerance = Self.hybrid.contains(name) ? 5e-3 : 1e-5
        #expect(differences.allSatisfy { $0 <= tolerance * largest }, "\(values) are not \(wanted)")
      }
    }
  }

  /// Of all scores of int8 models, 49 of 50 are the interpreter's to the last bit.
  @Test func int8IsMostlyTheSame() throws {
    var (count, off) = (0, 0)
    for name in Fixtures.models where name.hasSuffix("int8") {
      let graph = try TFLiteReader.read(path: Fixtures.path(name)).graph
      let (inputs, expected, steps) = try Fixtures.arrays(name)
      let outputs = try GraphEvaluation.outputs(of: graph, inputs: inputs)
      for (index, (output, reference)) in zip(outputs, expected).enumerated() {
        guard let step = steps[index] else { continue }
        count += output.count
        off += zip(output.doubles(), reference.doubles()).count { ($0 - $1).magnitude > 0.5 * step }
      }
    }
    #expect(count > 3000)
    #expect(off * 50 <= count, "\(off) of \(count) are a step off")
  }

  /// What is decided is what the interpreter decides, however the numbers are stored.
  @Test(arguments: ["float", "float16", "dynamic", "int8", "uint8", "int8_inside"])
  func decidesAlike(form: String) throws {
    let graph = try TFLiteReader.read(path: Fixtures.path("network_\(form)")).graph
    let (inputs, expected, _) = try Fixtures.arrays("network_\(form)")
    let output = try GraphEvaluation.outputs(of: graph, inputs: inputs)[0]
    func decisions(_ tensor: Tensor) -> [Int?] {
      let rows = tensor.doubles()
      return stride(from: 0, to: rows.count, by: 7).map { start in
        (0..<7).max { rows[start + $0] < rows[start + $1] }
      }
    }
    #expect(decisions(output) == decisions(expected[0]))
  }

  /// Images are channels-last in the file: of the transposes that takes, the input's is left, which moves nothing.
  @Test(arguments: ["network_float", "network_float16", "network_int8", "network_uint8"])
  func leavesOneTranspose(name: String) throws {
    var graph = try TFLiteReader.read(path: Fixtures.path(name)).graph
    #expect(graph.type(of: graph.inputs[0]).shape == [1, 16, 16, 3])
    #expect(graph.hasFreeBatch)
    _ = try Pipeline.run(PassList.simplify, on: &graph)
    #expect(graph.count(Transpose.self) == 1)
  }

  /// A convolution that is int8 in the file stands between DequantizeLinear and QuantizeLinear of its values.
  @Test func quantizesWhereTheFileDoes() throws {
    for name in ["network_int8", "network_uint8", "network_int8_inside"] {
      let graph = try TFLiteReader.read(path: Fixtures.path(name)).graph
      #expect(graph.type(of: graph.inputs[0]).element == .float32)
      let layers = graph.nodesInOrder().filter { $0.op is Conv }
      #expect(layers.count == 6)
      for layer in layers {
        let input = try #require(layer.inputs[0])
        #expect(graph.producer(of: input)?.op is DequantizeLinear, "\(layer.name)")
        #expect(layer.inputs.dropFirst().allSatisfy { graph.constant($0) != nil })
        var next = graph[layer.outputs[0]].users
        while next.count == 1, let node = graph[next[0]], node.op is Unary { next = graph[node.outputs[0]].users }
        #expect(next.allSatisfy { graph[$0]?.op is QuantizeLinear }, "\(layer.name)")
      }
    }
  }

  @Test func classNamesArePackedBehindTheModel() throws {
    #expect(try TFLiteReader.read(path: Fixtures.path("labelled_float")).classNames == ["naevus", "melanoma"])
    #expect(try TFLiteReader.read(path: Fixtures.path("flattened_float")).classNames == nil)
  }

  /// Weights that need no other order are not copied.
  @Test func weightsStayInTheFile() throws {
    let graph = try TFLiteReader.read(path: Fixtures.path("flattened_float")).graph
    let dense = graph.nodesInOrder().filter { $0.op is Gemm }
    #expect(dense.count == 2)
    for layer in dense { #expect(graph.constant(layer.inputs[1])?.buffer.file != nil) }
  }
}
