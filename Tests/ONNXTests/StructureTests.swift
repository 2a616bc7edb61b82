import IR
import Tensors
import Testing

@testable import ONNX

/// What stands around operators in a model: the order of nodes, functions, control flow, sequences, sparse tensors.
@Suite struct StructureTests {
  // MARK: Order

  @Test func nodesAreSorted() throws {
    var model = TestModel()
    model.input("x", [1, 3])
    model.output("y")
    model.node("Neg", ["b"], ["y"], name: "last")
    model.node("Relu", ["x"], ["a"], name: "first")
    model.node("Exp", ["a"], ["b"])
    let graph = try model.read().graph
    #expect(graph.nodesInOrder().map(\.name) == ["first", "Exp_2", "last"])
  }

  @Test func circlesAreNamed() throws {
    var model = TestModel()
    model.input("x", [1, 3])
    model.output("c")
    model.node("Add", ["x", "c"], ["a"], name: "one")
    model.node("Relu", ["a"], ["b"], name: "two")
    model.node("Neg", ["b"], ["c"], name: "three")
    #expect(
      try model.refusal() == "nodes in a circle, each of which reads what the one after it computes: one, three, two; "
        + "the model is damaged: export it again")
  }

  @Test func outputsThatNothingReadsMayBeWhatTheyAre() throws {
    var model = TestModel()
    model.input("x", [1, 2, 4, 4])
    model.output("y")
    model.initializer("one", Tensor([Float(1), 1]))
    model.node("MaxPool", ["x"], ["p", "indices"], ["kernel_shape": .ints([2, 2])])
    model.node("BatchNormalization", ["p", "one", "one", "one", "one"], ["n", "m", "v", "s", "t"])
    model.node("Dropout", ["n"], ["y", "mask"])
    #expect(try model.read().graph.nodesInOrder().map { $0.op.name } == ["MaxPool", "BatchNormalization"])
    model.output("indices")
    #expect(try model.read().graph.nodesInOrder().contains { $0.op.name == "ArgMax" })
  }

  @Test func aMaskOfDropoutKeepsAll() throws {
    var model = TestModel()
    model.input("x", [2, 3])
    model.output("y")
    model.output("mask")
    model.node("Dropout", ["x"], ["y", "mask"])
    let graph = try model.read().graph
    #expect(graph.outputs.map { graph[$0].name } == ["y", "mask"])
    #expect(graph.constant(graph.outputs[1])?.type == TensorType(.bool, [2, 3]))
    #expect(graph.constant(graph.outputs[1])?.doubles() == [Double](repeating: 1, count: 6))
  }

  /// What a node hands through unchanged has the name of the model's output, and so has an input that is one.
  @Test func outputsKeepTheirNames() throws {
    var model = TestModel()
    model.input("x", [1, 3], type: 10)
    model.output("same")
    model.output("half")
    model.node("Identity", ["x"], ["same"])
    model.node("Relu", ["x"], ["r"])
    model.node("Cast", ["r"], ["half"], ["to": .int(10)])
    let graph = try model.read().graph
    #expect(graph.outputs.map { graph[$0].name } == ["same", "half"])
    #expect(throws: Never.self) { try Verifier.check(graph) }
  }

  // MARK: Functions

  /// scaled(x, factor?) = x * alpha (+ factor), which calls another function.
  private static func scaling() -> TestModel {
    var inner = TestModel()
    inner.node("Constant", [], ["c"], references: ["value_float": "alpha"])
    inner.node("Mul", ["x", "c"], ["y"], name: "product")
    var outer = TestModel()
    outer.node("Scale", ["x"], ["c"], name: "scale", domain: "local", references: ["alpha": "factor"])
    outer.node("Clip", ["c", "bound"], ["y"], name: "clip")
    var model = TestModel()
    model.function("Scale", inputs: ["x"], outputs: ["y"], attributes: ["alpha"], inner)
    model.function(
      "ScaleAndClip", inputs: ["x", "bound"], outputs: ["y"], attributes: [], defaults: ["factor": .float(3)], outer)
    model.opsets.append(("local", 1))
    model.input("x", [1, 2])
    return model
  }

  @Test func functionsAreInlined() throws {
    var model = Self.scaling()
    model.output("z")
    // The caller's "c" is not the function's.
    model.node("Relu", ["x"], ["c"])
    model.node("ScaleAndClip", ["c"], ["b"], name: "a", domain: "local", ["factor": .float(2)])
    model.node("ScaleAndClip", ["b", "low"], ["z"], name: "b", domain: "local")
    model.initializer("low", Tensor(scalar: Float(-1)))
    let graph = try model.read().graph
    let nodes = graph.nodesInOrder()
    #expect(nodes.map(\.name) == ["Relu_0", "a/scale/product", "a/clip", "b/scale/product", "b/clip"])
    #expect(graph.constant(nodes[1].inputs[1])?.floats() == [2])
    #expect(graph.constant(nodes[3].inputs[1])?.floats() == [3])
    #expect(!nodes[2].op.isEqual(to: nodes[4].op))
    #expect(graph[graph.outputs[0]].name == "z")
  }

  @Test func functionsFollowTheirOwnOpset() throws {
    var body = TestModel()
    // Axes are an attribute before opset 13.
    body.node("Squeeze", ["x"], ["y"], ["axes": .ints([0])])
    var model = TestModel()
    model.function("Drop", inputs: ["x"], outputs: ["y"], opset: 11, body)
    model.input("x", [1, 2])
    model.output("y")
    model.node("Drop", ["x"], ["y"], domain: "local")
    #expect(try model.read().graph.nodesInOrder().count == 1)

    model = TestModel()
    model.function("Drop", inputs: ["x"], outputs: ["y"], opset: 99, body)
    model.input("x", [1, 2])
    model.output("y")
    model.node("Drop", ["x"], ["y"], name: "d", domain: "local")
    #expect(
      try model.refusal() == "node d (Drop): uses operator set 99, expected 7 to 25; convert it with "
        + "onnx.version_converter or export with opset_version 17")
  }

  @Test func functionsThatCallThemselvesEnd() throws {
    var body = TestModel()
    body.node("Again", ["x"], ["y"], name: "n", domain: "local")
    var model = TestModel()
    model.function("Again", inputs: ["x"], outputs: ["y"], body)
    model.input("x", [1, 2])
    model.output("y")
    model.node("Again", ["x"], ["y"], domain: "local")
    #expect(try model.refusal()?.contains("functions call functions more than 16 deep") ?? false)

    // Each calls the one before it ten times: 10^16 nodes.
    model = TestModel()
    for level in 0..<16 {
      var body = TestModel()
      for call in 0..<10 {
        body.node(
          level == 0 ? "Relu" : "F\(level - 1)", [call == 0 ? "x" : "v\(call)"], [call == 9 ? "y" : "v\(call + 1)"],
          domain: level == 0 ? "" : "local")
      }
      model.function("F\(level)", inputs: ["x"], outputs: ["y"], body)
    }
    model.input("x", [1, 2])
    model.output("y")
    model.node("F15", ["x"], ["y"], domain: "local")
    #expect(try model.refusal()?.contains("has more than 65536 nodes") ?? false)
  }

  // MARK: Control flow

  private static func branches() -> [String: TestModel] {
    var then = TestModel()
    then.node("Relu", ["x"], ["r"], name: "positive")
    then.output("r")
    var other = TestModel()
    // Not read where the branch is not taken.
    other.node("MaxRoiPool", ["x"], ["r"])
    other.output("r")
    return ["then_branch": then, "else_branch": other]
  }

  @Test func theBranchThatAConstantTakes() throws {
    var model = TestModel()
    model.input("x", [1, 2])
    model.output("y")
    model.initializer("two", Tensor(scalar: Int64(2)))
    model.node("Size", ["x"], ["count"])
    model.node("Equal", ["count", "two"], ["c"])
    model.node("If", ["c"], ["y"], name: "choice", graphs: Self.branches())
    let graph = try model.read().graph
    #expect(graph.nodesInOrder().map(\.name) == ["choice/then_branch/positive"])
    #expect(graph[graph.outputs[0]].name == "y")
  }

  @Test func branchesThatCannotBeRead() throws {
    var model = TestModel()
    model.input("x", [1, 2])
    model.input("c", [], type: 9)
    model.output("y")
    model.node("If", ["c"], ["y"], name: "choice", graphs: Self.branches())
    #expect(
      try model.refusal() == "node choice (If, opset 17): input 0 (cond) is computed at run time, expected a constant; "
        + "export with fixed shapes, or simplify the model")

    model = TestModel()
    model.input("x", [1, 2])
    model.initializer("c", Tensor([false]))
    model.output("y")
    model.node("If", ["c"], ["y"], name: "choice", graphs: Self.branches())
    #expect(
      try model.refusal() == "node choice (If, opset 17): operators that are not supported (opset 17): MaxRoiPool "
        + "(MaxRoiPool_0); docs/supported.md has what can be exported instead")
  }

  /// total = total + x, three times; the totals are stacked.
  private static func loop(trips: Int64) -> TestModel {
    var body = TestModel()
    body.input("i", [], type: 7)
    body.input("goes", [], type: 9)
    body.input("total", [2])
    body.node("Add", ["total", "x"], ["next"], name: "sum")
    body.node("Identity", ["goes"], ["on"])
    body.node("Identity", ["next"], ["seen"])
    body.output("on")
    body.output("next")
    body.output("seen")
    var model = TestModel()
    model.input("x", [2])
    model.output("total")
    model.output("all")
    model.initializer("trips", Tensor(scalar: trips))
    model.node("Loop", ["trips", "", "x"], ["total", "all"], name: "loop", graphs: ["body": body])
    return model
  }

  @Test func loopsAreUnrolled() throws {
    let graph = try Self.loop(trips: 3).read().graph
    let names = graph.nodesInOrder().map(\.name)
    #expect(names.filter { $0.hasSuffix("/sum") } == ["loop/0/sum", "loop/1/sum", "loop/2/sum"])
    #expect(graph.outputs.map { graph.type(of: $0).shape } == [[2], [3, 2]])
    #expect(graph.outputs.map { graph[$0].name } == ["total", "all"])
    #expect(
      try Self.loop(trips: 1 << 40).refusal()
        == "node loop (Loop, opset 17): control flow becomes more than 262144 nodes and values; export the model without loops"
    )
  }

  @Test func scansAreUnrolled() throws {
    var body = TestModel()
    body.input("total", [2])
    body.input("row", [2])
    body.node("Add", ["total", "row"], ["next"], name: "sum")
    body.node("Identity", ["next"], ["seen"])
    body.output("next")
    body.output("seen")
    var model = TestModel()
    model.input("x", [3, 2])
    model.output("total")
    model.output("all")
    model.initializer("zero", Tensor([Float(0), 0]))
    model.node(
      "Scan", ["zero", "x"], ["total", "all"], name: "scan",
      ["num_scan_inputs": .int(1), "scan_output_axes": .ints([1]), "scan_input_directions": .ints([1])],
      graphs: ["body": body])
    let graph = try model.read().graph
    #expect(graph.outputs.map { graph.type(of: $0).shape } == [[2], [2, 3]])
    let first = try #require(graph.nodesInOrder().first { $0.op.name == "Gather" })
    #expect(graph.constant(first.inputs[1])?.integers() == [2])
  }

  @Test func graphsAreNotTooDeep() throws {
    var inner = TestModel()
    inner.output("x")
    for _ in 0..<40 {
      var outer = TestModel()
      outer.node("If", ["c"], ["x"], graphs: ["then_branch": inner])
      outer.output("x")
      inner = outer
    }
    #expect(try inner.refusal()?.contains("has graphs within graphs more than 16 deep") ?? false)
  }

  // MARK: Sequences

  @Test func sequencesLeaveNothing() throws {
    var model = TestModel()
    model.input("x", [2, 4])
    model.output("y")
    model.initializer("size", Tensor(scalar: Int64(3)))
    model.initializer("last", Tensor(scalar: Int64(-1)))
    model.node("SplitToSequence", ["x", "size"], ["s"], ["axis": .int(1)])
    model.node("SequenceAt", ["s", "last"], ["one"])
    model.node("SequenceInsert", ["s", "one"], ["longer"])
    model.node("ConcatFromSequence", ["longer"], ["y"], ["axis": .int(1)])
    let graph = try model.read().graph
    #expect(graph.nodesInOrder().map { $0.op.name } == ["Slice", "Slice", "Concat"])
    #expect(graph.type(of: graph.outputs[0]).shape == [2, 5])

    model.output("s")
    #expect(
      try model.refusal() == "output s is a sequence of tensors, expected a tensor; export the model with tensors as "
        + "outputs")
    model.node("Relu", ["s"], ["r"], name: "r")
    model.output("r")
    #expect(
      try model.refusal() == "node r (Relu, opset 17): input s is a sequence of tensors, expected a tensor; "
        + "docs/supported.md has what is read of Relu")
  }

  // MARK: Sparse tensors

  @Test(arguments: [Tensor([Int64(1), 5]), Tensor([Int64(0), 1, 1, 2], shape: [2, 2])])
  func sparseInitializers(indices: Tensor) throws {
    var model = TestModel()
    model.input("x", [2, 3])
    model.output("y")
    model.sparseInitializer("w", [2, 3], values: [7, 8], indices: indices)
    model.node("Add", ["x", "w"], ["y"])
    let graph = try model.read().graph
    #expect(graph.constant(graph.nodesInOrder()[0].inputs[1])?.floats() == [0, 7, 0, 0, 0, 8])
  }

  @Test(arguments: [
    ([2, 3], Tensor([Int64(5), 1]), "its indices are not in ascending order within [2, 3]"),
    ([2, 3], Tensor([Int64(1), 6]), "its indices are not in ascending order within [2, 3]"),
    ([2, 3], Tensor([Int64(-1), 0]), "its indices are not in ascending order within [2, 3]"),
    ([2, 3], Tensor([Int64(0), 3, 1, 1], shape: [2, 2]), "its index 3 lies outside [2, 3]"),
    ([2, 3], Tensor([Int64(1)]), "its indices have shape [1], it has 2 values"),
    ([1 << 15, 1 << 14], Tensor([Int64(1), 2]), "sparse tensors become 2147483648 bytes, at most 1073741824"),
  ])
  func sparseTensorsThatAreNone(shape: [Int], indices: Tensor, reason: String) throws {
    var model = TestModel()
    model.input("x", [2, 3])
    model.output("y")
    model.sparseInitializer("w", shape, values: [7, 8], indices: indices)
    model.node("Add", ["x", "w"], ["y"], name: "a")
    #expect(
      try model.refusal()
        == "node a (Add, opset 17): initializer w: \(reason); docs/supported.md has what is read of Add")
  }

  // MARK: Several errors

  @Test func allNodesThatCannotBeReadAreNamed() throws {
    var model = TestModel()
    model.input("x", [1, 1, 4, 4])
    for output in ["y", "b", "z"] { model.output(output) }
    model.initializer("scales", Tensor([Float(1), 1, 2, 2]))
    model.node("Resize", ["x", "", "scales"], ["y"], name: "a", ["mode": .string("other")])
    model.node("Relu", ["x"], ["b"], name: "r", ["slope": .float(1), "gain": .float(1)])
    model.node("Concat", ["x", "x"], ["z"], name: "c", ["axis": .int(9)])
    let message = try #require(try model.refusal())
    #expect(message.hasPrefix("3 nodes cannot be read: node a (Resize): "))
    #expect(message.contains("attribute mode is \"other\", expected nearest, linear or cubic; "))
    #expect(message.contains("; node r (Relu): attribute gain, slope is not supported; "))
    #expect(
      message.hasSuffix(
        "node c (Concat): axis 9 is outside a shape of 4 dimensions; docs/supported.md has what is read of ONNX"))
  }

  /// However much is wrong, a message is a line that can be read.
  @Test func messagesAreShort() throws {
    var model = TestModel()
    model.input("x", [1, 3])
    for index in 0..<2000 {
      model.output("y\(index)")
      model.node("Relu", ["x"], ["y\(index)"], name: "layer.\(index).with.a.long.name", ["slope": .float(1)])
    }
    let refused = try #require(try model.refusal())
    #expect(refused.utf8.count < 1024)
    #expect(refused.hasPrefix("2000 nodes cannot be read: "))
    #expect(refused.contains("; ... and 19"))
    let all = try #require(throws: Refusal.self) { try model.read() }.details
    #expect(all.count == 1000 && all[999].hasPrefix("node layer.999.with.a.long.name (Relu): attribute slope is not"))

    for index in 0..<2000 { model.node("Unheard\(index % 100)", ["y0"], ["y\(index)"], name: "n\(index)") }
    model = TestModel()
    model.input("x", [1, 3])
    for index in 0..<2000 {
      model.output("y\(index)")
      model.node("Unheard\(index % 100)", ["x"], ["y\(index)"], name: "layer.\(index).with.a.long.name")
    }
    let unknown = try #require(try model.refusal())
    #expect(unknown.utf8.count < 1024)
    #expect(unknown.contains("Unheard0 (layer.0.with.a.long.name, ... and 19 more); "))
    #expect(unknown.contains("... and 95 more; docs/supported.md has what can be exported instead"))
    let operators = try #require(throws: Refusal.self) { try model.read() }.details
    #expect(operators.count == 100 && operators[99] == "Unheard99 (layer.99.with.a.long.name, ... and 19 more)")
  }
}
