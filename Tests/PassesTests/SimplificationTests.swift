import IR
import Math
import Operators
import Passes
import Tensors
import Testing

@Suite struct IdentityTests {
  @Test func operatorsThatChangeNothingGo() throws {
    var model = Model()
    let x = model.input([1, 4, 3, 3])
    var y = try model.add("identity", Unary(.identity), x)
    y = try model.add("reshape", Reshape(shape: [0, 4, 3, 3]), y)
    y = try model.add("transpose", Transpose(perm: [0, 1, 2, 3]), y)
    y = try model.add("slice", Slice(starts: [0], ends: [9], axes: [2]), y)
    y = try model.add("pad", Pad(pads: [Int](repeating: 0, count: 8)), y)
    y = try model.add("concat", Concat(axis: 1), y)
    y = try model.add("cast", Cast(to: .float32), y)
    y = try model.add("plus", Binary(.add), model.numbers("zeros", [0, 0, 0, 0], shape: [4, 1, 1]), y)
    y = try model.add("minus", Binary(.sub), y, model.scalar(0))
    y = try model.add("times", Binary(.mul), y, model.scalar(1))
    y = try model.add("by", Binary(.div), y, model.numbers("one", [1]))
    y = try model.add("pool", MaxPool(window: Window(kernel: [1, 1])), y)
    y = try model.add("split", Split(axis: 1, sizes: [4]), y)
    y = try model.add("shuffle", ChannelShuffle(groups: 1), y)
    y = try model.add("expand", Expand(shape: [1, 4, 3, 3]), y)
    y = try model.add("tile", Tile(repeats: [1, 1, 1, 1]), y)
    model.graph.addOutput(try model.add("tanh", Unary(.tanh), y))
    let (graph, log, difference) = try model.rewritten(.eliminateIdentities)
    #expect(
      graph.description == """
        x: float32[1,4,3,3]
        tanh = Unary(x) function="tanh" -> float32[1,4,3,3]
        return tanh
        """)
    #expect(log.description == "eliminate-identities: 16 applied")
    #expect(difference == 0)
  }

  @Test func operatorsThatChangeSomethingStay() throws {
    var model = Model()
    let x = model.input([1, 3, 3, 3])
    var y = try model.add("reverse", Slice(starts: [-1], ends: [-9], axes: [2], steps: [-1]), x)
    y = try model.add("transpose", Transpose(perm: [0, 2, 1, 3]), y)
    y = try model.add("one", Binary(.div), model.scalar(1), y)
    y = try model.add("negative", Binary(.sub), model.scalar(0), y)
    y = try model.add(
      "wide", Binary(.mul), y, model.numbers("ones", [Float](repeating: 1, count: 6), shape: [2, 1, 1, 3]))
    y = try model.add("norm", Reduce(.l2, axes: [0]), y)
    model.graph.addOutput(y)
    let (graph, log, _) = try model.rewritten(.eliminateIdentities)
    #expect(graph.description == model.graph.description)
    #expect(log.entries.isEmpty)
  }

  @Test func theActivationOfANeutralOperationRemains() throws {
    var model = Model()
    let x = model.input([2, 3])
    model.graph.addOutput(try model.add("y", Binary(.add, activation: .relu), x, model.scalar(0)))
    let (graph, log, difference) = try model.rewritten(.eliminateIdentities)
    #expect(
      graph.description == """
        x: float32[2,3]
        y = Unary(x) function="clip" parameters=[0.0, inf] -> float32[2,3]
        return y
        """)
    #expect(log.lines == ["applied y: only its activation remains"])
    #expect(difference == 0)
  }

  @Test func clampsMerge() throws {
    let cases: [(UnaryFunction, UnaryFunction, String)] = [
      (.relu, .relu6, "[0.0, 6.0]"), (.relu6, .relu, "[0.0, 6.0]"),
      (.clip(lower: -1, upper: 1), .clip(lower: 2, upper: 3), "[2.0, 2.0]"),
      (.clip(lower: 2, upper: -2), .relu6, "[2.0, 0.0]"),
    ]
    for (first, second, bounds) in cases {
      var model = Model()
      let y = try model.add("y", Unary(first), model.input([2, 8]))
      model.graph.addOutput(try model.add("z", Unary(second), y))
      let (graph, _, difference) = try model.rewritten(.eliminateIdentities, .eliminateDeadNodes)
      #expect(
        graph.description == """
          x: float32[2,8]
          z = Unary(x) function="clip" parameters=\(bounds) -> float32[2,8]
          return z
          """)
      #expect(difference == 0)
    }
  }

  @Test func clampsThatCannotBiteGo() throws {
    var model = Model()
    let y = try model.add("y", Unary(.sigmoid), model.input([2, 8]))
    model.graph.addOutput(try model.add("z", Unary(.relu6), y))
    let (graph, log, difference) = try model.rewritten(.eliminateIdentities)
    #expect(
      graph.description == """
        x: float32[2,8]
        z = Unary(x) function="sigmoid" -> float32[2,8]
        return z
        """)
    #expect(log.lines == ["applied z: changes nothing"])
    #expect(difference == 0)
  }

  @Test func reshapesMergeForEveryBatch() throws {
    let cases: [([Int], [Int], String)] = [
      ([0, -1], [0, 3, 8], "[0, 3, 8]"), ([-1, 12], [-1, 4, 3], "[-1, 4, 3]"),
      ([0, 8, 3], [0, 0, 3, 1], "[0, 8, 3, 1]"),
      ([0, 2, 12], [-1, 12], "[-1, 12]"),
    ]
    for (first, second, shape) in cases {
      var model = Model()
      model.graph.hasFreeBatch = true
      let y = try model.add("y", Reshape(shape: first), model.input([1, 4, 6]))
      model.graph.addOutput(try model.add("z", Reshape(shape: second), y))
      let (graph, _, difference) = try model.rewritten(.eliminateIdentities, .eliminateDeadNodes)
      #expect(graph.nodeCount == 1)
      #expect(graph.description.contains("z = Reshape(x) shape=\(shape) "))
      #expect(difference == 0)
    }
  }

  @Test func theNamesOfTheModelStay() throws {
    var model = Model()
    let x = model.input([2, 3])
    model.graph.addOutput(try model.add("copy", Unary(.identity), x))
    let relu = try model.add("relu", Unary(.relu), x)
    model.graph.addOutput(try model.add("same", Unary(.identity), relu))
    model.graph.addOutput(try model.add("again", Unary(.identity), relu))
    let (graph, log, difference) = try model.rewritten(.eliminateIdentities)
    #expect(graph.outputs.map { graph[$0].name } == ["copy", "same", "again"])
    #expect(
      log.lines == [
        "no effect copy: changes nothing, but names an output of the model", "applied same: changes nothing",
        "no effect again: changes nothing, but names an output of the model",
      ])
    #expect(difference == 0)
  }
}

@Suite struct ConstantTests {
  @Test func constantsAreComputedOnce() throws {
    var model = Model()
    let x = model.input([2, 3])
    let w = try model.add("w", Transpose(perm: [1, 0]), model.constant("raw", [4, 3]))
    let scaled = try model.add("scaled", Binary(.mul), w, model.scalar(0.5))
    model.graph.addOutput(try model.add("y", MatMul(), x, scaled))
    let (graph, log, difference) = try model.rewritten(.foldConstants, .eliminateDeadNodes)
    #expect(
      graph.description == """
        x: float32[2,3]
        y = MatMul(x, scaled: float32[3,4]) -> float32[2,4]
        return y
        """)
    #expect(log.lines == ["applied w: 48 bytes", "applied scaled: 48 bytes"])
    #expect(difference == 0)
    #expect(graph.valueIDs.filter { graph.constant($0) != nil }.map { graph[$0].name } == ["scaled"])
  }

  @Test func resultsFarLargerThanTheirConstantsStay() throws {
    var model = Model()
    let x = model.input([1, 1])
    let wide = try model.add("wide", Expand(shape: [1024, 1024]), model.scalar(2))
    model.graph.addOutput(try model.add("y", Binary(.mul), x, wide))
    let (graph, log, _) = try model.rewritten(.foldConstants)
    #expect(graph.nodeCount == 2)
    #expect(log.lines == ["refused wide: its 4194304 bytes of constants would be stored"])
  }

  /// Each step is no larger than its inputs; together they would be as large as one likes.
  @Test func constantsDoNotGrowStepByStep() throws {
    var model = Model()
    let x = model.input([1, 1])
    var last = model.constant("c", [64])
    for step in 1...22 { last = try model.add("twice\(step)", Concat(axis: 0), last, last) }
    let most = try model.add("most", Reduce(.max, axes: [0]), last)
    model.graph.addOutput(try model.add("y", Binary(.mul), x, most))
    var graph = model.graph
    let log = try Pipeline.run([PassGroup("test", [.foldConstants])], on: &graph)
    let bytes = graph.valueIDs.reduce(0) { $0 + (graph.constant($1)?.type.byteCount ?? 0) }
    #expect(bytes <= Limits.foldedBytes(from: 256) + 256)
    #expect(log.lines.last == "refused twice18: its 67108864 bytes of constants would be stored")
    #expect(graph.nodesInOrder().map(\.name) == (18...22).map { "twice\($0)" } + ["most", "y"])
  }

  @Test func allOutputsOfASplitAreComputed() throws {
    var model = Model()
    let x = model.input([1, 2])
    let parts = try model.graph.add(
      Split(axis: 0, sizes: [1, 2]), name: "split", inputs: [model.constant("c", [3, 2])])
    let sum = try model.add("sum", Binary(.add), x, parts[0])
    model.graph.addOutput(try model.add("y", Binary(.add), sum, parts[1]))
    let (graph, _, difference) = try model.rewritten(.foldConstants)
    #expect(graph.nodesInOrder().map(\.name) == ["sum", "y"])
    #expect(difference == 0)
  }

  @Test func shapesAreKnownUnlessTheBatchIsFree() throws {
    for isFree in [false, true] {
      var model = Model()
      model.graph.hasFreeBatch = isFree
      model.graph.addOutput(try model.add("shape", Shape(), model.input([1, 2, 3])))
      let (graph, _, _) = try model.rewritten(.foldConstants)
      #expect(graph.nodeCount == (isFree ? 1 : 0))
      if !isFree { #expect(graph.constant(graph.outputs[0])?.integers() == [1, 2, 3]) }
    }
  }

  @Test func equalThingsAreComputedOnce() throws {
    var model = Model()
    let x = model.input([1, 2, 2, 2])
    let a = try model.add("a", Unary(.sigmoid), x)
    let b = try model.add("b", Unary(.sigmoid), x)
    let c = try model.add("c", Binary(.mul), a, x)
    let d = try model.add("d", Binary(.mul), x, b)
    let e = try model.add("e", Binary(.sub), c, model.numbers("one", [1]))
    let f = try model.add("f", Binary(.sub), d, model.numbers("uno", [1]))
    let g = try model.add("g", Binary(.sub), x, d)
    for y in [e, f, g] { model.graph.addOutput(y) }
    let (graph, log, difference) = try model.rewritten(.eliminateCommonSubexpressions)
    #expect(
      graph.description == """
        x: float32[1,2,2,2]
        a = Unary(x) function="sigmoid" -> float32[1,2,2,2]
        c = Binary(a, x) function="mul" -> float32[1,2,2,2]
        e = Binary(c, one: float32[1]) function="sub" -> float32[1,2,2,2]
        f = Binary(c, one: float32[1]) function="sub" -> float32[1,2,2,2]
        g = Binary(x, c) function="sub" -> float32[1,2,2,2]
        return e, f, g
        """)
    #expect(
      log.lines == [
        "applied b: equals a", "applied d: equals c", "no effect f: equals e, but both name outputs of the model",
      ])
    #expect(difference == 0)
  }

  @Test func whatNoOutputNeedsGoes() throws {
    var model = Model()
    let x = model.input([1, 2])
    let dead = try model.add("dead", Unary(.exp), x)
    _ = try model.add("deader", Binary(.add), dead, model.constant("c", [2]))
    model.graph.addOutput(try model.add("y", Unary(.tanh), x))
    let (graph, log, difference) = try model.rewritten(.eliminateDeadNodes)
    #expect(graph.nodesInOrder().map(\.name) == ["y"])
    #expect(log.lines == ["applied deader: its result is not used", "applied dead: its result is not used"])
    #expect(graph.valueIDs.allSatisfy { graph.constant($0) == nil })
    #expect(difference == 0)
  }
}

@Suite struct TransposeTests {
  /// Transpose to NHWC, arithmetic there, transpose back: what TensorFlow graphs look like in ONNX.
  @Test func transposesMeetTheirInverse() throws {
    var model = Model()
    let x = model.input([1, 3, 4, 5])
    var y = try model.add("there", Transpose(perm: [0, 2, 3, 1]), x)
    y = try model.add("bias", Binary(.add), y, model.constant("b", [3]))
    y = try model.add("map", Binary(.mul), model.constant("m", [4, 1, 3]), y)
    y = try model.add("relu", Unary(.relu6), y)
    y = try model.add("pad", Pad(pads: [0, 1, 2, 0, 0, 3, 4, 0]), y)
    y = try model.add("slice", Slice(starts: [1], ends: [6], axes: [-2]), y)
    y = try model.add("back", Transpose(perm: [0, 3, 1, 2]), y)
    model.graph.addOutput(y)
    let (graph, log, difference) = try model.rewritten(.cancelTransposes)
    #expect(
      graph.description == """
        x: float32[1,3,4,5]
        bias_out0 = Binary(x, b_transposed: float32[1,3,1,1]) function="add" -> float32[1,3,4,5]
        map_out0 = Binary(m_transposed: float32[1,3,4,1], bias_out0) function="mul" -> float32[1,3,4,5]
        relu_out0 = Unary(map_out0) function="clip" parameters=[0.0, 6.0] -> float32[1,3,4,5]
        pad_out0 = Pad(relu_out0) pads=[0, 0, 1, 2, 0, 0, 3, 4] -> float32[1,3,8,11]
        back = Slice(pad_out0) axes=[3] ends=[6] starts=[1] -> float32[1,3,8,5]
        return back
        """)
    #expect(log.lines == ["applied there: 2 transposes fewer"])
    #expect(difference == 0)
  }

  @Test func branchesAndJoinsLetTransposesThrough() throws {
    var model = Model()
    let x = model.input([1, 4, 2, 3])
    let a = try model.add("a", Transpose(perm: [0, 2, 3, 1]), x)
    let b = try model.add("b", Transpose(perm: [0, 2, 3, 1]), try model.add("tanh", Unary(.tanh), x))
    let sum = try model.add("sum", Binary(.add), a, b)
    let parts = try model.graph.add(Split(axis: 3, sizes: [1, 3]), name: "split", inputs: [sum])
    let joined = try model.add("joined", Concat(axis: -1), parts[1], a, parts[0])
    let soft = try model.add("soft", Softmax(axis: 3), joined)
    let mean = try model.add("mean", Reduce(.mean, axes: [1, 2], keepsDimensions: false), soft)
    let max = try model.add("max", Reduce(.max, axes: [-1]), soft)
    model.graph.addOutput(mean)
    model.graph.addOutput(try model.add("back", Transpose(perm: [0, 3, 1, 2]), max))
    let (graph, _, difference) = try model.rewritten(.cancelTransposes, repeats: true)
    #expect(graph.nodesInOrder().allSatisfy { !($0.op is Transpose) })
    #expect(
      graph.description == """
        x: float32[1,4,2,3]
        tanh = Unary(x) function="tanh" -> float32[1,4,2,3]
        sum_out0 = Binary(x, tanh) function="add" -> float32[1,4,2,3]
        split_out0_2, split_out1_2 = Split(sum_out0) axis=1 sizes=[1, 3] -> float32[1,1,2,3], float32[1,3,2,3]
        joined_out0 = Concat(split_out1_2, x, split_out0_2) axis=1 -> float32[1,8,2,3]
        soft_out0 = Softmax(joined_out0) axis=1 -> float32[1,8,2,3]
        mean = Reduce(soft_out0) axes=[2, 3] function="mean" keepdims=0 -> float32[1,8]
        back = Reduce(soft_out0) axes=[1] function="max" -> float32[1,1,2,3]
        return mean, back
        """)
    #expect(difference < 1e-6)
  }

  /// Squeeze-excite in NHWC: the gate's only dimension is as well one of NCHW.
  @Test(arguments: [true, false]) func gatesLetTransposesThrough(isFree: Bool) throws {
    var model = Model()
    model.graph.hasFreeBatch = isFree
    let x = model.input([1, 3, 4, 5])
    let there = try model.add("there", Transpose(perm: [0, 2, 3, 1]), x)
    let pooled = try model.add("pooled", GlobalAveragePool(), x)
    let gate = try model.add("gate", Reshape(shape: isFree ? [0, 1, 1, 3] : [1, 1, 1, 3]), pooled)
    let y = try model.add("y", Binary(.mul), there, gate)
    model.graph.addOutput(try model.add("back", Transpose(perm: [0, 3, 1, 2]), y))
    let (graph, log, difference) = try model.rewritten(.cancelTransposes, .eliminateIdentities, repeats: true)
    // What is left of the gate's reshape changes no shape.
    let nodes = graph.nodesInOrder()
    #expect(nodes.allSatisfy { !($0.op is Transpose) })
    let product = try #require(nodes.first { $0.op is Binary })
    #expect(product.inputs.compactMap { $0.map { graph.type(of: $0).shape } } == [[1, 3, 4, 5], [1, 3, 1, 1]])
    #expect(log.lines.contains("applied there: 2 transposes fewer"))
    #expect(difference == 0)
  }

  @Test func transposesThatMeetNoInverseStay() throws {
    var model = Model()
    let x = model.input([1, 4, 4, 2])
    let y = try model.add("y", Transpose(perm: [0, 3, 1, 2]), x)
    let relu = try model.add("relu", Unary(.relu), y)
    model.graph.addOutput(try model.conv("conv", relu, outputs: 2))
    let (graph, log, _) = try model.rewritten(.cancelTransposes)
    #expect(graph.description == model.graph.description)
    #expect(log.lines == ["refused y: moving it meets no inverse"])
  }

  @Test func transposesCompose() throws {
    var model = Model()
    let y = try model.add("y", Transpose(perm: [1, 2, 0]), model.input([2, 3, 4]))
    model.graph.addOutput(try model.add("z", Transpose(perm: nil), y))
    let (graph, _, difference) = try model.rewritten(.cancelTransposes)
    #expect(
      graph.description == """
        x: float32[2,3,4]
        z = Transpose(x) perm=[0, 2, 1] -> float32[2,4,3]
        return z
        """)
    #expect(difference == 0)
  }

  @Test func dimensionsOfOneMoveByReshape() throws {
    for isFree in [false, true] {
      var model = Model()
      model.graph.hasFreeBatch = isFree
      let x = model.input([1, 5, 1, 1])
      let y = try model.add("y", Transpose(perm: [0, 2, 3, 1]), x)
      model.graph.addOutput(try model.add("z", Transpose(perm: [1, 0, 2, 3]), y))
      let (graph, log, difference) = try model.rewritten(.cancelTransposes)
      #expect(graph.nodesInOrder().first?.op is Reshape)
      #expect(graph.nodesInOrder().last?.op.name == "Reshape")
      #expect(log.entries.count == 2)
      #expect(difference == 0)
    }
  }

  @Test func shufflesAreFound() throws {
    var model = Model()
    model.graph.hasFreeBatch = true
    let x = model.input([1, 6, 2, 2])
    var y = try model.add("split", Reshape(shape: [0, 3, 2, 2, 2]), x)
    y = try model.add("swap", Transpose(perm: [0, 2, 1, 3, 4]), y)
    y = try model.add("merge", Reshape(shape: [0, 6, 2, 2]), y)
    model.graph.addOutput(y)
    let (graph, log, difference) = try model.rewritten(PassList.simplify)
    #expect(
      graph.description == """
        x: float32[1,6,2,2]
        merge = ChannelShuffle(x) groups=3 -> float32[1,6,2,2]
        return merge
        """)
    #expect(log.lines == ["applied merge: 3 groups of 2 channels"])
    #expect(difference == 0)
  }

  @Test func shufflesWhoseInsideIsUsedStay() throws {
    var model = Model()
    let x = model.input([1, 6, 2, 2])
    let split = try model.add("split", Reshape(shape: [0, 3, 2, 2, 2]), x)
    let swap = try model.add("swap", Transpose(perm: [0, 2, 1, 3, 4]), split)
    model.graph.addOutput(try model.add("merge", Reshape(shape: [0, 6, 2, 2]), swap))
    model.graph.addOutput(swap)
    let (graph, log, _) = try model.rewritten(.recogniseChannelShuffle)
    #expect(graph.nodeCount == 3)
    #expect(log.lines == ["refused merge: the values inside are used elsewhere"])
  }
}
