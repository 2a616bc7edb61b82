import IR
import Math
import Operators
import Reports
import Tensors
import TestSupport
import Testing

@testable import ONNX

/// What models become in the IR.
@Suite struct ImportTests {
  // MARK: Free batch

  @Test func reshapesFollowTheBatch() throws {
    var model = TestModel()
    model.input("x", ["N", 4, 3])
    model.output("flat")
    model.output("pairs")
    model.initializer("zero", Tensor(scalar: Int64(0)))
    model.initializer("one", Tensor([Int64(0)]))
    model.initializer("twelve", Tensor([Int64(12)]))
    model.initializer("two_six", Tensor([Int64(2), 6]))
    // The exporters' x.view(x.size(0), ...).
    model.node("Shape", ["x"], ["shape"])
    model.node("Gather", ["shape", "zero"], ["batch"])
    model.node("Unsqueeze", ["batch", "one"], ["batches"])
    model.node("Concat", ["batches", "twelve"], ["target"], ["axis": .int(0)])
    model.node("Reshape", ["x", "target"], ["flat"])
    model.node("Concat", ["batches", "two_six"], ["pair_target"], ["axis": .int(0)])
    model.node("Reshape", ["x", "pair_target"], ["pairs"])
    let graph = try model.read().graph
    #expect(graph.hasFreeBatch)
    #expect(
      graph.description == """
        x: float32[1,4,3]
        flat = Reshape(x) shape=[0, 12] -> float32[1,12]
        pairs = Reshape(x) shape=[0, 2, 6] -> float32[1,2,6]
        return flat, pairs
        """)
  }

  /// A batch that is not the first dimension of the target takes what remains.
  @Test func reshapesIntoRows() throws {
    var model = TestModel()
    model.input("x", ["N", 4, 3])
    model.output("y")
    model.node("Shape", ["x"], ["shape"])
    model.initializer("axis", Tensor(scalar: Int64(0)))
    model.initializer("rows", Tensor([Int64(4)]))
    model.initializer("three", Tensor([Int64(3)]))
    model.node("Gather", ["shape", "axis"], ["batch"])
    model.node("Mul", ["batch", "rows"], ["total"])
    model.node("Concat", ["total", "three"], ["target"], ["axis": .int(0)])
    model.node("Reshape", ["x", "target"], ["matrix"])
    model.node("Concat", ["shape"], ["back"], ["axis": .int(0)])
    model.node("Relu", ["matrix"], ["positive"])
    model.node("Reshape", ["positive", "back"], ["y"])
    let graph = try model.read().graph
    #expect(graph.hasFreeBatch)
    let shapes = graph.nodesInOrder().compactMap { ($0.op as? Reshape)?.shape }
    #expect(shapes == [[-1, 3], [-1, 4, 3]])
  }

  @Test func aNamedBatchBoundElsewhereIsFixed() throws {
    var model = TestModel()
    model.input("x", ["N", 6])
    model.output("y")
    model.initializer("shape", Tensor([Int64(1), 2, 3]))
    model.node("Reshape", ["x", "shape"], ["y"])
    #expect(try !model.read().graph.hasFreeBatch)
  }

  @Test func outputsMustFollowTheBatch() throws {
    var model = TestModel()
    model.input("x", ["N", 6])
    model.output("y")
    model.node("ReduceSum", ["x"], ["y"])
    #expect(try !model.read().graph.hasFreeBatch)
  }

  // MARK: Constants

  @Test func weightsStayInTheFile() throws {
    let graph = try ONNXReader.read(path: Fixtures.model("conv_3x3_pad1")).graph
    let conv = try #require(graph.nodesInOrder().first)
    for input in conv.inputs.dropFirst() { #expect(graph.constant(input)?.buffer.isOwned == false) }
  }

  @Test func shapeArithmeticLeavesNothing() throws {
    let graph = try ONNXReader.read(path: Fixtures.model("composite_view_cast_slice")).graph
    #expect(graph.nodesInOrder().allSatisfy { $0.op.name == "Reshape" })
    #expect(graph.valueIDs.allSatisfy { graph.constant($0) == nil })
  }

  @Test(arguments: [
    (UInt16(0x3C00), Float(1)), (0xC000, -2), (0x0001, 0x1p-24), (0x03FF, 0x1.FF8p-15), (0x7BFF, 65504), (0x8000, -0.0),
    (0x7C00, .infinity), (0x3555, 0x1.554p-2),
  ])
  func halfPrecision(bits: UInt16, value: Float) {
    #expect(FloatConversion.half(bits).bitPattern == value.bitPattern)
  }

  @Test func narrowAndWideFloatsBecomeFloat32() throws {
    var model = TestModel()
    model.input("x", ["N", 2], type: 10)
    model.output("y")
    func add(_ name: String, _ type: Int, _ bytes: [UInt8]) {
      model.graph.message(5) { tensor in
        tensor.integer(1, 2)
        tensor.integer(2, type)
        tensor.string(8, name)
        tensor.bytes(9, bytes)
      }
    }
    add("half", 10, [0x00, 0x3C, 0x00, 0xC0])
    add("brain", 16, [0x80, 0x3F, 0x00, 0xC0])
    add("double", 11, [Double(0.5), 0.1].flatMap { withUnsafeBytes(of: $0) { Array($0) } })
    model.node("Add", ["x", "half"], ["a"])
    model.node("Add", ["a", "brain"], ["b"])
    model.node("Add", ["b", "double"], ["y"])
    let graph = try model.read().graph
    #expect(graph.type(of: graph.inputs[0]) == TensorType(.float32, [1, 2]))
    let constants = graph.nodesInOrder().map { graph.constant($0.inputs[1])?.floats() ?? [] }
    #expect(constants == [[1, -2], [1, -2], [0.5, 0.1]])
  }

  @Test func typedDataIsReadPackedAndUnpacked() throws {
    var model = TestModel()
    model.input("x", [2])
    model.output("y")
    model.graph.message(5) { tensor in
      tensor.integer(1, 2)
      tensor.integer(2, 1)
      tensor.string(8, "unpacked")
      tensor.float(4, 1.5)
      tensor.float(4, -2)
    }
    model.graph.message(5) { tensor in
      tensor.integer(1, 1)
      tensor.integer(2, 7)
      tensor.string(8, "packed")
      tensor.bytes(7, [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01])
    }
    model.node("Add", ["x", "unpacked"], ["sum"])
    model.node("ReduceMax", ["sum"], ["m"], ["keepdims": .int(0)])
    model.node("Unsqueeze", ["sum", "packed"], ["y"])
    let graph = try model.read().graph
    #expect(graph.constant(graph.nodesInOrder()[0].inputs[1])?.floats() == [1.5, -2])
    #expect(graph.type(of: graph.outputs[0]).shape == [1, 2])
  }

  /// Fields may come in any order, and messages in pieces.
  @Test func splitGraphs() throws {
    var first = TestModel()
    first.node("Relu", ["x"], ["y"], name: "r")
    var second = TestModel()
    second.input("x", [1, 2])
    second.output("y")
    var bytes = WireWriter()
    bytes.message(7, first.graph)
    bytes.message(8) { $0.integer(2, 17) }
    bytes.message(7, second.graph)
    bytes.integer(1, 8)
    let folder = try TemporaryFolder()
    let path = try folder.write(bytes.withPieces { pieces in pieces.flatMap { Array($0) } })
    #expect(try ONNXReader.read(path: path).graph.nodeCount == 1)
  }

  @Test func namesAndOrigins() throws {
    var model = TestModel()
    model.input("x", [1, 4])
    model.output("logits")
    model.node("Relu", ["x"], ["a"], name: "features.0")
    model.node("Sigmoid", ["a"], ["b"])
    model.node("Dropout", ["b"], ["c"])
    model.node("Identity", ["c"], ["logits"])
    let graph = try model.read().graph
    #expect(graph.nodesInOrder().map(\.name) == ["features.0", "Sigmoid_1"])
    #expect(graph.nodesInOrder().map(\.origins) == [["features.0"], ["Sigmoid_1"]])
    #expect(graph.outputs.map { graph[$0].name } == ["logits"])
  }

  // MARK: Quantized models

  @Test func unsignedActivationsBecomeSigned() throws {
    let graph = try ONNXReader.read(path: Fixtures.model("qdq_convolution")).graph
    let quantizations = graph.nodesInOrder().filter { $0.op.name == "QuantizeLinear" }.map {
      graph.type(of: $0.outputs[0])
    }
    #expect(!quantizations.isEmpty)
    #expect(quantizations.allSatisfy { $0.element == .int8 && $0.quantization != nil })
    let conv = try #require(graph.nodesInOrder().first { $0.op.name == "Conv" })
    #expect(graph.constant(conv.inputs[1])?.element == .float32)
  }

  // MARK: Parameters

  @Test func parametersAreCountedAsInTraining() throws {
    var model = TestModel()
    model.input("x", [1, 2, 4, 4])
    model.output("y")
    model.initializer("w", Tensor([Float](repeating: 1, count: 18), shape: [3, 2, 1, 3]))
    model.initializer("ones", Tensor([Float](repeating: 1, count: 3)))
    model.initializer("dense", Tensor([Float](repeating: 1, count: 12), shape: [3, 4]))
    model.initializer("bias", Tensor([Float](repeating: 1, count: 4)))
    model.initializer("minus", Tensor([Float](repeating: 1, count: 4)))
    // Equal parameters are exported once, with an Identity for each of the others.
    model.node("Identity", ["ones"], ["shift"])
    model.node("Identity", ["ones"], ["mean"])
    model.node("Identity", ["ones"], ["variance"])
    model.node("Conv", ["x", "w"], ["c"], ["pads": .ints([0, 1, 0, 1])])
    model.node("BatchNormalization", ["c", "ones", "shift", "mean", "variance"], ["n"])
    model.node("Conv", ["x", "w"], ["again"], ["pads": .ints([0, 1, 0, 1])])
    model.node("Add", ["n", "again"], ["s"])
    model.node("GlobalAveragePool", ["s"], ["p"])
    model.node("Flatten", ["p"], ["f"])
    model.node("MatMul", ["f", "dense"], ["d"])
    model.node("Add", ["d", "bias"], ["e"])
    model.node("Sub", ["e", "minus"], ["y"])
    let statistics = ModelStatistics(try model.read().graph)
    // Weights 18 once, scale and shift 3 each, dense 12, bias 4; what is subtracted is not learned.
    #expect(statistics.parameters == 18 + 6 + 12 + 4)
    #expect(statistics.runningStatistics == 6)
  }
}
