import IR
import Math
import Operators
import Passes
import Platform
import Tensors
import Testing

/// What passes take for graphs of many nodes.
@Suite struct ManyNodesTests {
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
