import IR
import Platform
import Tensors
import Testing

@testable import ONNX

/// Models that cannot be used, and what the user is told.
@Suite struct RefusalTests {
  /// y = x + w for a weight of three numbers.
  static func addition(_ weights: [Float] = [1, 2, 3]) -> TestModel {
    var model = TestModel()
    model.input("x", [1, 3])
    model.output("y")
    model.initializer("w", Tensor(weights))
    model.node("Add", ["x", "w"], ["y"], name: "sum")
    return model
  }

  // MARK: Not a model

  static let foreign: [(String, [UInt8])] = [
    ("is empty", []),
    ("is not an ONNX model; expected a protobuf ModelProto", Array("hello, this is no model\n".utf8)),
    ("is not an ONNX model; expected a protobuf ModelProto", [0xFF, 0xFF, 0xFF]),
    (
      "is a Git LFS pointer, not the model; fetch the model with git lfs pull",
      Array("version https://git-lfs.github.com/spec/v1\noid sha256:0\n".utf8)
    ),
    (
      "is a zip archive (a PyTorch or Keras checkpoint?), not an ONNX model; export the model to ONNX",
      Array("PK\u{3}\u{4}rest".utf8)
    ),
    (
      "is an HDF5 file (a Keras checkpoint?), not an ONNX model; convert it with tf2onnx",
      [0x89] + Array("HDF\r\n".utf8)
    ),
    (
      "is a TensorFlow Lite model, not an ONNX model; convert the source model to ONNX",
      [0x1C, 0, 0, 0] + Array("TFL3".utf8)
    ),
    // An IR version and nothing else.
    ("holds no graph; the file is truncated or is not an ONNX model", [0x08, 0x08]),
  ]

  @Test(arguments: foreign) func isNotAModel(message: String, bytes: [UInt8]) throws {
    #expect(try refusal(of: bytes) == message)
  }

  @Test func isMissing() {
    let error = #expect(throws: Refusal.self) { try ONNXReader.read(path: "nowhere/model.onnx") }
    #expect(error?.description == "nowhere/model.onnx: cannot be read: No such file or directory")
  }

  @Test func isTruncated() throws {
    let bytes = Self.addition().bytes
    let message = try refusal(of: Array(bytes.dropLast(40)))
    #expect(message?.contains("bytes long, only") ?? false)
    #expect(message?.hasSuffix("; the file is truncated or damaged: copy or download it again") ?? false)
  }

  // MARK: Versions

  @Test func versions() throws {
    var model = Self.addition()
    model.irVersion = 2
    #expect(
      try model.refusal() == "has IR version 2, expected 3 to 13; export it again, or set ir_version with the onnx "
        + "package where the model uses nothing newer")
    model.irVersion = 8
    for opset in [6, 26] {
      model.opsets = [("", opset)]
      #expect(
        try model.refusal() == "uses operator set \(opset), expected 7 to 25; convert it with "
          + "onnx.version_converter or export with opset_version 17")
    }
    model.opsets = []
    #expect(try model.refusal() == "names no operator set; the file is truncated or is not an ONNX model")
    model.opsets = [("ai.onnx", 13)]
    #expect(try model.read().opset == 13)
    model.opsets = [("", 25)]
    model.irVersion = 13
    #expect(try model.read().opset == 25)
  }

  // MARK: Operators

  @Test func allUnknownOperatorsAreListed() throws {
    var model = Self.addition()
    model.opsets.append(("com.vendor", 2))
    model.output("c")
    model.node("MaxRoiPool", ["x"], ["a"], name: "first")
    model.node("Fancy", ["a"], ["b"], domain: "com.vendor")
    model.node("MaxRoiPool", ["b"], ["c"], name: "second\nline")
    // Nothing depends on this one.
    model.node("Unused", ["x"], ["z"])
    #expect(
      try model.refusal() == "operators that are not supported (opset 17): MaxRoiPool (first, second?line); "
        + "com.vendor.Fancy opset 2 (Fancy_2); docs/supported.md has what can be exported instead")
  }

  @Test func errorsNameNodeOperatorAndOpset() throws {
    var model = Self.addition()
    model.output("z")
    model.node("Concat", ["x", "x"], ["z"], name: "join", ["axis": .int(5)])
    #expect(
      try model.refusal() == "node join (Concat, opset 17): axis 5 is outside a shape of 2 dimensions; "
        + "docs/supported.md has what is read of Concat")

    model = Self.addition()
    model.output("z")
    model.node("Relu", ["x"], ["z"], ["slope": .float(1)])
    #expect(
      try model.refusal() == "node Relu_1 (Relu, opset 17): attribute slope is not supported; docs/supported.md has "
        + "what is read of Relu")

    model = Self.addition()
    model.output("z")
    model.node("Relu", ["nothing"], ["z"], name: "r")
    #expect(
      try model.refusal()
        == "node r (Relu, opset 17): input nothing is not produced by any node; docs/supported.md has "
        + "what is read of Relu")

    model = Self.addition()
    model.output("nothing")
    #expect(
      try model.refusal() == "output nothing is not produced by any node; docs/supported.md has what is read of ONNX")
  }

  // MARK: Attributes out of range

  /// A node that reads x [1, 4, 6, 6] and constants, and why it is refused.
  struct Misfit: Sendable {
    let op: String
    var constants: [Tensor] = []
    var attributes: [String: Attribute] = [:]
    var opset = 17
    let reason: String
  }

  private static let weights = Tensor([Float](repeating: 1, count: 16), shape: [4, 4, 1, 1])

  static let misfits = [
    Misfit(
      op: "Clip", attributes: ["min": .float(.nan)], opset: 9,
      reason: "function clip with parameters [nan, inf] is not known"),
    Misfit(
      op: "LeakyRelu", attributes: ["alpha": .float(.nan)],
      reason: "function leaky_relu with parameters [nan] is not known"),
    Misfit(op: "Conv", constants: [weights], attributes: ["group": .int(0)], reason: "group is 0, expected at least 1"),
    Misfit(
      op: "Conv", constants: [weights], attributes: ["pads": .ints([0, 0, -1, 0])],
      reason: "kernel_shape [1, 1], strides [1, 1], dilations [1, 1], pads [0, 0, -1, 0] are not those of a 2-D "
        + "window"),
    Misfit(
      op: "MaxPool", attributes: ["kernel_shape": .ints([3]), "pads": .ints([1, 1])],
      reason: "kernel_shape [3], strides [1, 1], dilations [1, 1], pads [1, 1] are not those of a 2-D window"),
    // The pads that keep the size are computed.
    Misfit(
      op: "AveragePool",
      attributes: [
        "auto_pad": .string("SAME_UPPER"), "kernel_shape": .ints([1, 32768]), "dilations": .ints([1, 32768]),
      ], opset: 19,
      reason:
        "kernel_shape [1, 32768], strides [1, 1], dilations [1, 32768] or pads [0, 536854528, 0, 536854528] is out "
        + "of range"),
    Misfit(
      op: "ConvTranspose", constants: [weights], attributes: ["group": .int(0)],
      reason: "group is 0, expected 1...32768"),
    Misfit(
      op: "ConvTranspose", constants: [weights], attributes: ["output_padding": .ints([0, 1 << 40])],
      reason: "output_padding [0, 1099511627776] is not that of a 2-D window"),
    // What is missing to the shape asked for is added at the end.
    Misfit(
      op: "ConvTranspose", constants: [weights], attributes: ["output_shape": .ints([32768, 32768])],
      reason: "output shape [1, 4, 32768, 32768] is beyond the limits"),
    Misfit(
      op: "Pad", constants: [Tensor([0, 0, 0, 0, 0, 0, 0, Int64.max])],
      reason: "pads [0, 0, 0, 0, 0, 0, 0, 9223372036854775807] are out of range"),
    Misfit(
      op: "Pad", constants: [Tensor([Int64](repeating: 0, count: 8))], attributes: ["mode": .string("mirror")],
      reason: "attribute mode is \"mirror\", expected one of constant, reflect, edge"),
    Misfit(
      op: "Slice", constants: [[0], [2], [1], [0]].map { Tensor($0 as [Int64]) }, reason: "steps [0] contain 0"),
    Misfit(
      op: "Slice", constants: [[0], [2, 3]].map { Tensor($0 as [Int64]) },
      reason: "starts [0], ends [2, 3], axes [0] and steps [1] differ in length"),
    Misfit(
      op: "Tile", constants: [Tensor([1, 1, -1, 1] as [Int64])], reason: "repeats [1, 1, -1, 1] are out of range"),
    Misfit(
      op: "Resize", constants: [Tensor([Float]()), Tensor([1, 1, 1e-20, 1])],
      reason: "scales [1e-20, 1.0]: expected two positive numbers"),
    Misfit(
      op: "Resize", constants: [Tensor([Float]()), Tensor([1, 1, 2, 2])], attributes: ["mode": .string("quintic")],
      reason: "attribute mode is \"quintic\", expected nearest, linear or cubic"),
    Misfit(
      op: "DepthToSpace", attributes: ["blocksize": .int(0)], reason: "attribute blocksize is 0, expected 1...32768"),
    Misfit(op: "LRN", attributes: ["size": .int(0)], reason: "attribute size is 0, expected 1...32768"),
    Misfit(
      op: "BatchNormalization", constants: [Tensor](repeating: Tensor([Float](repeating: 1, count: 4)), count: 4),
      attributes: ["epsilon": .float(.infinity)], reason: "attribute epsilon is inf, expected a finite number"),
  ]

  @Test(arguments: misfits) func attributesAreInRange(misfit: Misfit) throws {
    var model = TestModel()
    model.opsets = [("", misfit.opset)]
    model.input("x", [1, 4, 6, 6])
    model.output("y")
    for (index, tensor) in misfit.constants.enumerated() { model.initializer("c\(index)", tensor) }
    model.node(misfit.op, ["x"] + misfit.constants.indices.map { "c\($0)" }, ["y"], name: "n", misfit.attributes)
    #expect(
      try model.refusal() == "node n (\(misfit.op), opset \(misfit.opset)): \(misfit.reason); docs/supported.md has "
        + "what is read of \(misfit.op)")
  }

  // MARK: Weights

  @Test(arguments: [Float.nan, .infinity, -.infinity]) func weightsAreFinite(bad: Float) throws {
    let model = Self.addition([1, bad, 3])
    #expect(
      try model.refusal()
        == "node sum (Add, opset 17): initializer w: holds \(bad.isNaN ? "NaN" : "\(bad)") at element "
        + "1; the training diverged or the export is damaged: export a sound checkpoint")
    #expect(throws: Never.self) { try model.read(ONNXReadingOptions(checksWeights: false)) }
  }

  @Test func aSingleInfinityIsABound() throws {
    var model = TestModel()
    model.input("x", [1, 3])
    model.output("y")
    model.initializer("max", Tensor(scalar: Float.infinity))
    model.node("Clip", ["x", "", "max"], ["y"])
    #expect(try model.refusal() == nil)
  }

  @Test func dataFitsTheShape() throws {
    var model = TestModel()
    model.input("x", [1, 3])
    model.output("y")
    model.graph.message(5) { tensor in
      tensor.integer(1, 3)
      tensor.integer(2, 1)
      tensor.string(8, "w")
      tensor.bytes(9, [0, 0, 0, 0])
    }
    model.node("Add", ["x", "w"], ["y"], name: "sum")
    #expect(
      try model.refusal() == "node sum (Add, opset 17): initializer w: it has 4 bytes of data, its shape [3] needs 12; "
        + "docs/supported.md has what is read of Add")
  }

  @Test func elementTypes() throws {
    var model = TestModel()
    model.input("x", [1, 3], type: 8)
    model.output("x")
    #expect(try model.refusal()?.hasPrefix("input x: element type string is not supported, expected float32") ?? false)
  }

  // MARK: Free dimensions

  static func convolution(_ shape: [TestModel.Dimension]?) -> TestModel {
    var model = TestModel()
    model.input("image", shape)
    model.output("y")
    model.node("GlobalAveragePool", ["image"], ["y"])
    return model
  }

  @Test func freeSizeNeedsAnOption() throws {
    #expect(
      try Self.convolution(["N", 3, "H", "W"]).refusal() == "input image has free height and width; pass --size")
    #expect(try Self.convolution([1, 3, 8, 0]).refusal() == "input image has free width; pass --size")
    #expect(
      try Self.convolution(["N", "C", "H", "W"]).refusal()
        == "input image has free dimensions [1, 2, 3], only the batch "
        + "and an image's height and width may be free; export the model with fixed shapes")
    #expect(
      try Self.convolution(["N", 3, "W"]).refusal() == "input image has free dimensions [2], only the batch "
        + "and an image's height and width may be free; export the model with fixed shapes")
    #expect(try Self.convolution(nil).refusal() == "input image has no shape; export the model with input shapes")

    let sized = ONNXReadingOptions(size: (height: 5, width: 7))
    func shape(_ dimensions: [TestModel.Dimension]) throws -> [Int] {
      let graph = try Self.convolution(dimensions).read(sized).graph
      return graph.type(of: graph.inputs[0]).shape
    }
    #expect(try shape(["N", 3, "H", "W"]) == [1, 3, 5, 7])
    #expect(try shape(["N", "H", "W", 3]) == [1, 5, 7, 3])
    #expect(try shape(["N", 224, "W", 3]) == [1, 224, 7, 3])
    #expect(try shape(["N", 3, "H", 9]) == [1, 3, 5, 9])
  }

  // MARK: External data

  @Test func externalData() throws {
    let folder = try TemporaryFolder()
    let numbers: [UInt8] = [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40]
    try folder.write([9, 9, 9, 9] + numbers, as: "weights.bin")
    func read(_ entries: [(String, String)]) throws -> Graph {
      var model = TestModel()
      model.input("x", [1, 3])
      model.output("y")
      model.externalInitializer("w", [3], entries)
      model.node("Add", ["x", "w"], ["y"], name: "sum")
      return try ONNXReader.read(path: folder.write(model.bytes)).graph
    }
    let graph = try read([("location", "weights.bin"), ("offset", "4"), ("length", "12")])
    #expect(graph.constant(graph.nodesInOrder()[0].inputs[1])?.floats() == [1, 2, 3])
    let inner = try read([("location", "./weights.bin"), ("offset", "4")])
    #expect(inner.nodeCount == 1)

    func reason(_ entries: [(String, String)]) -> String? {
      let error = #expect(throws: Refusal.self) { try read(entries) }
      return error?.reason
    }
    #expect(reason([]) == "initializer w: its external data names no file")
    #expect(
      reason([("location", "other.bin")]) == "initializer w: its external data file \"other.bin\" is missing")
    #expect(
      reason([("location", "weights.bin"), ("offset", "8"), ("length", "12")])
        == "initializer w: its external data at 8 of 12 bytes runs past the end of weights.bin (16)")
    #expect(
      reason([("location", "weights.bin"), ("length", "8")])
        == "initializer w: its external data is 8 bytes long, its shape needs 12")
    #expect(
      reason([("location", "weights.bin"), ("offset", "-4")])
        == "initializer w: its external data has offset \"-4\", expected a number")
    for path in ["../weights.bin", "/etc/passwd", "a/../../weights.bin"] {
      #expect(
        reason([("location", path)])
          == "initializer w: its external data is in \"\(path)\", expected a relative path inside the model's folder")
    }
    symlink("/etc/passwd", "\(folder.path)/link.bin")
    #expect(
      reason([("location", "link.bin")])
        == "initializer w: its external data file \"link.bin\" leads outside the model's folder")
  }
}
