import Glibc
import IR
import Math
import Operators
import Passes
import Tensors
import Testing

/// Edits of a graph, and what a failed attempt leaves.
@Suite struct GraphEditingTests {
  /// y = x + x, z = concat(y, x, y), two outputs.
  private func shared() throws -> (graph: Graph, x: ValueID, y: ValueID, z: ValueID) {
    var graph = Graph(name: "shared")
    let x = graph.addInput("x", TensorType(.float32, [1, 2]))
    let y = try graph.add(Binary(.add), name: "y", inputs: [x, x], outputNames: ["y"])[0]
    let z = try graph.add(Concat(axis: 1), name: "z", inputs: [y, x, y], outputNames: ["z"])[0]
    graph.addOutput(z)
    graph.addOutput(y)
    return (graph, x, y, z)
  }

  @Test func usesFollowEveryEdit() throws {
    var (graph, x, y, z) = try shared()
    #expect(graph[x].uses.count == 3)
    #expect(graph[y].uses.count == 2)
    #expect(graph[y].users.count == 1)
    #expect(graph.isOutput(y) && graph.isOutput(z) && graph.isInput(x) && !graph.isInput(y))
    let c = graph.addConstant("c", Tensor([Float(1), 2], shape: [1, 2]))
    graph.replaceUses(of: y, with: c)
    try Verifier.check(graph)
    #expect(graph[c].uses.count == 2 && graph[y].uses.isEmpty)
    #expect(graph.outputs == [z, c])
    // The output keeps its name.
    #expect(graph[c].name == "y")
    graph.erase(try #require(graph[y].producer))
    #expect(graph[x].uses.count == 1)
    #expect(graph.nodeCount == 1)
    try graph.update(try #require(graph[z].producer), op: Concat(axis: 1), inputs: [c, c, c])
    try Verifier.check(graph)
    #expect(graph[x].uses.isEmpty && !graph.isUsed(x) && graph[c].uses.count == 3)
  }

  @Test func takenBackAttemptsLeaveNothing() throws {
    var (graph, x, y, z) = try shared()
    let before = graph.description
    for fails in [false, true] {
      do {
        try graph.attempt { graph in
          let one = try graph.add(Unary(.tanh), name: "y", inputs: [x], outputNames: ["y"])[0]
          graph.replaceUses(of: y, with: one)
          graph.erase(try #require(graph[y].producer))
          graph.addOutput(graph.addConstant("c", Tensor([Float(1)])))
          graph.setType(z, TensorType(.float32, [9]))
          if fails { throw OperatorError("no") }
          return false
        }
      } catch is OperatorError {}
      try Verifier.check(graph)
      #expect(graph.description == before)
      #expect(graph.valueIDs.count == 3 && graph.nodeCount == 2)
    }
    // A name that was given back is given again.
    let again = graph.addConstant("y", Tensor([Float(1)]))
    #expect(graph[again].name == "y_2")
    try graph.attempt { graph in
      graph.erase(try #require(graph[z].producer))
      return true
    }
    #expect(graph.nodeCount == 1)
  }

  @Test func namesAreTheFirstThatAreFree() {
    var names = UniqueNames(["a", "a_3"])
    #expect((0..<4).map { _ in names.unique("a") } == ["a_2", "a_4", "a_5", "a_6"])
    #expect(names.unique("a_2") == "a_2_2")
    #expect(names.unique("b") == "b")
  }

  // MARK: Many nodes

  private static let shapes = [
    "transposes", "clamps", "one operand", "equal branches", "equal names", "many outputs",
  ]

  private func graph(_ shape: String, nodes count: Int) throws -> Graph {
    var model = Model()
    let x = model.input([1, 2, 3, 4])
    var last = x
    var branches: [ValueID] = []
    for index in 0..<count {
      switch shape {
      case "transposes": last = try model.add("t", Transpose(perm: [0, 2, 3, 1]), last)
      case "clamps": last = try model.add("c", Unary(.relu), last)
      case "one operand": last = try model.add("a", Binary(index % 2 == 0 ? .min : .max), last, x)
      case "equal branches": branches.append(try model.add("s", Unary(.sigmoid), x))
      case "equal names": last = try model.add("m", Binary(.mul), last, model.scalar(index % 2 == 0 ? 2 : 0.5))
      default: branches.append(try model.add("o", Unary(.leakyRelu(alpha: Float(index) / 65536)), x))
      }
    }
    switch shape {
    case "equal branches": model.graph.addOutput(try model.graph.add(Concat(axis: 1), name: "y", inputs: branches)[0])
    case "many outputs": for branch in branches { model.graph.addOutput(branch) }
    default: model.graph.addOutput(last)
    }
    return model.graph
  }

  /// Nanoseconds this thread has computed.
  private func clock() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  /// Four times as many nodes take about four times as long, where work for each that grows with their number would
  /// take sixteen times.
  @Test(arguments: shapes) func timeGrowsWithTheNodes(shape: String) throws {
    func time(_ count: Int) throws -> Int {
      var graph = try graph(shape, nodes: count)
      let start = clock()
      try Pipeline.run(PassList.simplify + PassList.fuseClamps + PassList.fuseFunctions, on: &graph)
      let left = ["transposes": 1, "clamps": 1, "one operand": count, "equal branches": 2, "equal names": 1]
      #expect(graph.nodeCount == left[shape] ?? count)
      return clock() - start
    }
    var growth: [Double] = []
    // A machine that is busy elsewhere may disturb one measurement, but not each.
    while growth.count < 3, growth.last ?? .infinity >= 9 {
      growth.append(Double(try time(8000)) / Double(try time(2000)))
    }
    #expect(growth.contains { $0 < 9 }, "\(growth)")
  }
}
