import IR
import Tensors
import TestSupport

/// How a random graph is made: steps that each add a few nodes, by names of steps before instead of values, so that a
/// recipe with a step left out or a smaller input still makes a graph.
struct Recipe {
  struct Step {
    let name: Int
    let kind: StepKind
    /// Names of steps; 0 is the graph's input. Which output of theirs is read follows from the step's own seed.
    var operands: [Int]
    let seed: UInt64
  }

  /// [C, H, W]
  var input: [Int]
  var steps: [Step]
  /// Names of steps whose last value is an output.
  var outputs: [Int]
  /// What stands for a step that was left out.
  private(set) var standIns: [Int: Int] = [:]

  /// The recipe of a seed: convolutions first, since int8 begins at layers with weights, then anything.
  init(seed: UInt64) {
    var random = RandomNumbers(seed: seed)
    input = [random.int(1...6), random.int(1...9), random.int(1...9)]
    steps = []
    let count = random.int(3...14)
    for name in 1...count {
      let kind = name == 1 || random.oneIn(4) ? .convolution : random.pick(StepKind.allCases)
      // Mostly the latest value, so that chains form; sometimes any, so that values are shared.
      let operands = (0..<3).map { _ in random.oneIn(3) ? random.int(0...name - 1) : name - 1 }
      steps.append(Step(name: name, kind: kind, operands: operands, seed: random.next()))
    }
    outputs = [count]
    for name in 1..<count where random.oneIn(8) { outputs.append(name) }
  }

  /// The recipe without a step; who read its value reads what it read.
  func without(_ name: Int) -> Recipe {
    var result = self
    guard let index = steps.firstIndex(where: { $0.name == name }) else { return self }
    result.standIns[name] = steps[index].operands[0]
    result.steps.remove(at: index)
    return result
  }

  /// The graph. A step that does not fit its operands adds nothing, and its first operand stands for it.
  func graph() -> Graph {
    var graph = Graph(name: "random")
    var values: [Int: [ValueID]] = [0: [graph.addInput("x", TensorType(.float32, [1] + input))]]
    func known(_ name: Int) -> [ValueID] {
      var name = name
      while values[name] == nil, let standIn = standIns[name] { name = standIn }
      return values[name] ?? values[0] ?? []
    }
    for step in steps {
      var random = RandomNumbers(seed: step.seed)
      let operands = step.operands.map { random.pick(known($0)) }
      var builder = StepBuilder(graph, random: random, name: "n\(step.name)")
      if let made = builder.values(of: step.kind, operands), isWelcome(made, in: builder.graph) {
        graph = builder.graph
        values[step.name] = made
      } else {
        values[step.name] = [operands[0]]
      }
    }
    // An output is a value of its own: no input, no constant, no two of one.
    for name in outputs {
      guard let value = known(name).last, graph[value].producer != nil, !graph.isOutput(value) else { continue }
      graph.addOutput(value)
    }
    if graph.outputs.isEmpty, let last = graph.nodesInOrder().last?.outputs.first { graph.addOutput(last) }
    graph.removeDeadNodes()
    graph.removeUnusedConstants()
    return graph
  }

  private func isWelcome(_ values: [ValueID], in graph: Graph) -> Bool {
    !values.isEmpty
      && values.allSatisfy { value in
        let type = graph.type(of: value)
        return type.element == .float32 && (1...6000).contains(type.count) && (1...6).contains(type.rank)
      }
  }
}
