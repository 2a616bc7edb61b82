import IR
import Math
import Operators
import Tensors
import TestSupport
import Testing

@testable import ONNX

/// What nodes become that have no operator of their own, and what of them is refused. Their numbers are those of
/// ONNX Runtime (`OperatorCaseTests`).
@Suite struct LoweringTests {
  private static func ones(_ shape: [Int]) -> Tensor {
    Tensor([Float](repeating: 1, count: shape.reduce(1, *)), shape: shape)
  }

  // MARK: Recurrent layers

  private static func layer(
    _ opType: String, gates: Int, _ attributes: [String: Attribute] = [:], lengths: [Int64]? = nil,
    change: (inout TestModel) -> Void = { _ in }
  ) -> TestModel {
    var model = TestModel()
    model.input("x", [5, 1, 2])
    model.output("y")
    model.initializer("w", ones([1, gates * 3, 2]))
    model.initializer("r", ones([1, gates * 3, 3]))
    if let lengths { model.initializer("lengths", Tensor(lengths)) }
    model.node(opType, ["x", "w", "r", "", lengths == nil ? "" : "lengths"], ["y"], name: "layer", attributes)
    change(&model)
    return model
  }

  @Test(arguments: [("RNN", 1), ("GRU", 3), ("LSTM", 4)]) func stepsAreWrittenOut(opType: String, gates: Int) throws {
    let graph = try Self.layer(opType, gates: gates).read().graph
    #expect(graph.type(of: graph.outputs[0]).shape == [5, 1, 1, 3])
    // Of the inputs one for all steps; of the state one for each step but the first, whose state is 0.
    let layers = graph.nodesInOrder().filter { $0.op is Gemm }
    #expect(layers.count { $0.name == "layer/forward/inputs" } == 1)
    #expect(layers.count >= 5 && layers.allSatisfy { node in node.inputs[1].flatMap(graph.constant) != nil })
  }

  @Test(arguments: [
    (["activations": Attribute.strings(["Softsign"])], "attribute activations is Softsign, expected 1 of Relu"),
    (["activations": .strings(["Tanh", "Tanh"])], "attribute activations is Tanh, Tanh, expected 1 of Relu"),
    (["direction": .string("upwards")], "attribute direction is \"upwards\", expected forward"),
    (["clip": .float(3)], "attribute clip is not supported"),
    (["hidden_size": .int(4)], "W with shape [1, 3, 2] and R with shape [1, 3, 3] do not fit X [5, 1, 2]"),
    (["direction": .string("bidirectional")], "do not fit X"),
  ])
  func layersThatAreRefused(attributes: [String: Attribute], part: String) throws {
    #expect(try Self.layer("RNN", gates: 1, attributes).refusal()?.contains(part) == true)
  }

  @Test func gatesAreNotCoupled() throws {
    #expect(try Self.layer("LSTM", gates: 4, ["input_forget": .int(0)]).refusal() == nil)
    #expect(
      try Self.layer("LSTM", gates: 4, ["input_forget": .int(1)]).refusal()?.contains(
        "attribute input_forget is 1: gates that are coupled are not supported") == true)
  }

  @Test func sequencesAreOfOneLength() throws {
    #expect(try Self.layer("RNN", gates: 1, lengths: [5]).refusal() == nil)
    #expect(
      try Self.layer("RNN", gates: 1, lengths: [3]).refusal()?.contains(
        "sequence_lens are 3, expected 5 for all sequences") == true)
  }

  // MARK: Others

  private static func single(
    _ opType: String, _ shape: [TestModel.Dimension], _ constants: [Tensor] = [], opset: Int = 17,
    attributes: [String: Attribute] = [:]
  ) -> TestModel {
    var model = TestModel()
    model.opsets = [("", opset)]
    model.irVersion = 10
    model.input("x", shape)
    model.output("y")
    for (index, constant) in constants.enumerated() { model.initializer("c\(index)", constant) }
    model.node(opType, ["x"] + constants.indices.map { "c\($0)" }, ["y"], name: "node", attributes)
    return model
  }

  /// A few bytes must not ask for the whole memory.
  @Test(arguments: [
    (single("DFT", [1, 70000, 1]), "a DFT of length 70000 is not supported"),
    (single("DFT", [1, 8, 3]), "expected a last dimension of 1 or 2"),
    (single("DFT", [1, 8, 2], attributes: ["onesided": .int(1)]), "is one-sided, but not of real numbers"),
    (single("DFT", [1, 20000, 1]), "is too large"),
    (
      single("STFT", [1, 8, 1], [Tensor(scalar: Int64(0)), ones([4])]),
      "frames of 4 do not fit signal with shape [1, 8, 1]"
    ),
    (single("Det", [2, 5, 5]), "expected square matrices up to 4 x 4"),
    (single("Unique", [3]), "input 0 (x) is computed at run time"),
    (
      single("NonMaxSuppression", [1, 3, 4], [ones([1, 1, 3])]),
      "input 0 (boxes) is computed at run time"
    ),
    (
      single("RoiAlign", [1, 1, 4, 4], [ones([1, 4]), Tensor([Int64(2)])]),
      "rois and batch_indices do not fit x with shape [1, 1, 4, 4]"
    ),
    (
      single(
        "RoiAlign", [1, 1, 4, 4], [ones([1, 4]), Tensor([Int64(0)])], attributes: ["output_height": .int(1 << 40)]),
      "regions of 1099511627776 x 1 parts"
    ),
    (
      single(
        "Col2Im", [1, 4, 4], [Tensor([Int64(3), 3]), Tensor([Int64(2), 2])], opset: 18,
        attributes: ["strides": .ints([0, 1])]),
      "do not fit [3, 3]"
    ),
    (
      single("Col2Im", [1, 4, 5], [Tensor([Int64(3), 3]), Tensor([Int64(2), 2])], opset: 18),
      "x has shape [1, 4, 5], blocks [2, 2] of an image [3, 3] are at [2, 2] positions"
    ),
    (
      single("AffineGrid", [1, 2, 3], [Tensor([Int64(1), 1, 4, 1 << 40])], opset: 20),
      "theta with shape [1, 2, 3] does not fit the size"
    ),
    (
      single(
        "GridSample", [1, 1, 2, 2, 2], [ones([1, 1, 1, 1, 3])], opset: 20, attributes: ["mode": .string("cubic")]),
      "mode cubic with padding_mode zeros over volumes is not supported"
    ),
    (
      single("ReverseSequence", [3, 2], [Tensor([Int64(4), 1])]),
      "sequence_lens do not fit axes 0 and 1 of x with shape [3, 2]"
    ),
    (
      single(
        "MaxUnpool", [1, 1, 1, 1], [Tensor([Int64(4)], shape: [1, 1, 1, 1])],
        attributes: ["kernel_shape": .ints([2, 2])]),
      "index 4 is outside a dimension of 4"
    ),
    (
      single("TensorScatter", [1, 4, 2], [ones([1, 2, 2]), Tensor([Int64(3)])], opset: 24),
      "updates with shape [1, 2, 2] do not fit past_cache with shape [1, 4, 2]"
    ),
    (
      single("Pad", [2, 2], [Tensor([Int64(3), 0, 0, 0])], attributes: ["mode": .string("wrap")]),
      "wrapped pads [3, 0, 0, 0] do not fit dimension 0 of [2, 2]"
    ),
    (
      single("DeformConv", [1, 1, 3, 3], [ones([1, 1, 2, 2]), ones([1, 8, 3, 3])], opset: 19),
      "offset with shape [1, 8, 3, 3] does not fit x [1, 1, 3, 3]"
    ),
    (
      single("MaxPool", [1, 1, 4, 4, 4], attributes: ["kernel_shape": .ints([2, 2])]), "are not those of a 3-D window"
    ),
  ])
  func refused(model: TestModel, part: String) throws {
    let refusal = try model.refusal()
    #expect(refusal?.contains(part) == true, "\(refusal ?? "is read")")
  }

  /// Linear or circular, the updates are where the indices say.
  @Test(arguments: [("linear", [0, 1, 10, 11, 12, 13, 6, 7]), ("circular", [12, 13, 2, 3, 4, 5, 10, 11])])
  func cachesAreUpdated(mode: String, numbers: [Double]) throws {
    let start = Int64(mode == "linear" ? 1 : 3)
    let model = Self.single(
      "TensorScatter", [1, 4, 2],
      [Tensor((10..<14).map(Float.init), shape: [1, 2, 2]), Tensor([start])], opset: 24,
      attributes: ["mode": .string(mode)])
    let cache = Tensor((0..<8).map(Float.init), shape: [1, 4, 2])
    let outputs = try GraphEvaluation.outputs(of: model.read().graph, inputs: [cache])
    #expect(outputs[0].doubles() == numbers)
  }

  /// What pools of PyTorch leave: larger images get zeros at their ends.
  @Test func unpooledImagesMayBeLarger() throws {
    let indices = Tensor([Int64(5), 7, 13, 15], shape: [1, 1, 2, 2])
    let model = Self.single(
      "MaxUnpool", [1, 1, 2, 2], [indices, Tensor([Int64(1), 1, 5, 5])],
      attributes: ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])])
    let outputs = try GraphEvaluation.outputs(of: model.read().graph, inputs: [Self.ones([1, 1, 2, 2])])
    let places = outputs[0].doubles().enumerated().filter { $0.element == 1 }.map(\.offset)
    #expect(outputs[0].shape == [1, 1, 5, 5] && places == [6, 8, 16, 18])
  }

  // MARK: Integers

  /// Only where a Cast shows its numbers is a quantized value spelled out; else it stays int8.
  @Test func numbersOfQuantizedValuesMayBeSeen() throws {
    var model = TestModel()
    model.input("x", [1, 3])
    model.output("y")
    model.initializer("scale", Tensor(scalar: Float(0.5)))
    model.initializer("zero", Tensor(scalar: UInt8(3)))
    model.node("QuantizeLinear", ["x", "scale", "zero"], ["q"])
    var shown = model
    model.node("DequantizeLinear", ["q", "scale", "zero"], ["y"])
    shown.node("Cast", ["q"], ["y"], ["to": .int(1)])
    let x = Tensor([Float(1), -4, 500], shape: [1, 3])
    #expect(try GraphEvaluation.outputs(of: shown.read().graph, inputs: [x])[0].doubles() == [5, 0, 255])
    #expect(try shown.read().graph.nodesInOrder().allSatisfy { !($0.op is QuantizeLinear) })
    #expect(try model.read().graph.nodesInOrder().map { $0.op.name } == ["QuantizeLinear", "DequantizeLinear"])
  }
}
