import IR
import Math
import Operators
import Passes
import Tensors
import Testing

@Suite struct PipelineTests {
  @Test func aPassThatBreaksTheGraphIsNamed() throws {
    var model = Model()
    let x = model.input([1, 2])
    model.graph.addOutput(try model.add("y", Unary(.tanh), x))
    let before = model.graph.description
    let breaking = Pass("break-types", "") { (graph: inout Graph, log: inout PassLog) in
      graph.setType(graph.outputs[0], TensorType(.float32, [3]))
    }
    let error = #expect(throws: Refusal.self) {
      try Pipeline.run([PassGroup("test", [.eliminateDeadNodes, breaking])], on: &model.graph)
    }
    #expect(
      error?.description
        == "pass break-types: node y (Unary): output y is recorded as float32[3], inferred as float32[1,2]")
    #expect(model.graph.description == before)
  }

  @Test func groupsRepeatUntilNothingChanges() throws {
    var model = Model()
    let x = model.input([1, 2])
    model.graph.addOutput(try model.add("y", Unary(.tanh), x))
    /// Adds a node on the output up to a limit.
    func growing(upTo limit: Int) -> Pass {
      Pass("grow", "") { (graph: inout Graph, log: inout PassLog) throws(Refusal) in
        guard graph.nodeCount < limit, let last = graph.nodesInOrder().last else { return }
        do throws(Refusal) {
          let output = graph.outputs[0]
          let added = try graph.add(Unary(.abs), name: "n\(graph.nodeCount)", inputs: [output])
          graph.replaceUses(of: output, with: added[0])
          if let node = graph.producer(of: added[0]) { try graph.update(node.id, op: node.op, inputs: [output]) }
        } catch {
          throw Refusal(last, "\(error)")
        }
        log.applied(last, "one more")
      }
    }
    for (repeats, limit, expected) in [(false, 9, 2), (true, 5, 5), (true, 1000, 1 + Pipeline.roundLimit)] {
      var graph = model.graph
      try Pipeline.run([PassGroup("test", repeats: repeats, [growing(upTo: limit)])], on: &graph)
      #expect(graph.nodeCount == expected)
    }
  }

  @Test func laterWordsReplaceEarlierOnes() throws {
    var model = Model()
    let x = model.input([1, 2])
    model.graph.addOutput(try model.add("y", Unary(.tanh), x))
    let node = model.graph.nodesInOrder()[0]
    var log = PassLog()
    log.enter(.foldBias)
    log.refused(node, "not yet")
    log.refused(node, "still not")
    log.applied(node, "done")
    log.refused(node, "nothing left")
    log.enter(.fuseClamps)
    log.noEffect(node, "no clamp")
    var all = PassLog()
    all.append(log)
    for log in [log, all] {
      #expect(log.lines == ["applied y: done", "no effect y: no clamp"])
      #expect(log.appliedCount == 1)
      #expect(
        log.description == """
          fold-bias: 1 applied
          fuse-clamps: 1 no effect
            no effect y: no clamp
          """)
    }
  }

  @Test func namesOfPassesAreTheirOwn() {
    let passes = (PassList.simplify + PassList.fuseClamps + PassList.fuseFunctions).flatMap(\.passes)
    let summaries = Dictionary(passes.map { ($0.name, $0.summary) }) { first, _ in first }
    #expect(summaries.count == Set(summaries.values).count)
    #expect(passes.allSatisfy { !$0.name.contains(" ") && !$0.summary.isEmpty })
  }

  /// The order of the passes matters: a block with everything comes down to its layers.
  @Test func aBlockComesDownToItsLayers() throws {
    var model = Model()
    model.graph.hasFreeBatch = true
    let x = model.input([1, 8, 8, 3])
    var y = try model.add("nchw", Transpose(perm: [0, 3, 1, 2]), x)
    y = try model.conv("stem", y, outputs: 4, bias: false)
    y = try model.add("nhwc", Transpose(perm: [0, 2, 3, 1]), y)
    y = try model.add("stem_bias", Binary(.add), y, model.constant("stem_b", [4]))
    y = try model.add("three", Binary(.add), y, model.scalar(3))
    y = try model.add("relu6", Unary(.relu6), y)
    y = try model.add("gate", Binary(.div), y, model.scalar(6))
    y = try model.add("pad", Pad(pads: [0, 0, 0, 0, 0, 1, 1, 0]), y)
    y = try model.add("back", Transpose(perm: [0, 3, 1, 2]), y)
    y = try model.conv("depthwise", y, outputs: 4, kernel: 3, group: 4, bias: false)
    y = try model.batchNormalization("bn", y)
    y = try model.add("relu", Unary(.relu), y)
    y = try model.add("mean", Reduce(.mean, axes: [2, 3], keepsDimensions: false), y)
    y = try model.add("product", MatMul(), y, model.constant("w", [4, 5]))
    y = try model.add("logits", Binary(.add), y, model.constant("b", [5]))
    model.graph.addOutput(y)
    let (graph, _, difference) = try model.rewritten(
      PassList.simplify + PassList.fuseClamps + PassList.fuseFunctions)
    #expect(
      graph.description == """
        x: float32[1,8,8,3]
        nchw = Transpose(x) perm=[0, 3, 1, 2] -> float32[1,3,8,8]
        stem = Conv(nchw, stem_w: float32[4,3,1,1], stem_bias_2: float32[4]) activation="hard_sigmoid" \
        activation_parameters=[0.16666667, 0.5] kernel_shape=[1, 1] -> float32[1,4,8,8]
        depthwise = Conv(stem, depthwise_weights: float32[4,1,3,3], depthwise_bias: float32[4]) activation="clip" \
        activation_parameters=[0.0, inf] group=4 kernel_shape=[3, 3] pads=[0, 0, 1, 1] -> float32[1,4,7,7]
        mean_out0 = GlobalAveragePool(depthwise) -> float32[1,4,1,1]
        mean = Reshape(mean_out0) shape=[0, 4] -> float32[1,4]
        logits = Gemm(mean, product_weights: float32[5,4], product_bias: float32[5]) -> float32[1,5]
        return logits
        """)
    #expect(difference < 1e-5)
  }
}
