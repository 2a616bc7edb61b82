import DataSets
package import IR
import Operators
package import Runtime
package import Tensors

/// The part of a float model before its first BatchNormalization, made ready to be run alone.
package struct NormalizationProbe: Sendable {
  /// The name of the BatchNormalization.
  package let node: String
  let stored: StoredMoments
  private let plan: Plan

  /// Runs that are kept at a time: what comes before the first normalisation is the largest tensor of a network.
  private static let chunk = 4

  /// Nil where the image input reaches no BatchNormalization through layers that only weigh, move or add its elements,
  /// as in a graph that has them folded into its layers.
  ///
  /// - Parameter graph: as it was read, nothing folded
  package init?(_ graph: Graph, on math: MathLibrary = .kernels) throws(Refusal) {
    guard let (node, x) = NormalizationProbe.find(in: graph), let op = node.op as? BatchNormalization,
      let mean = graph.constant(node.inputs[3])?.floats(), let variance = graph.constant(node.inputs[4])?.floats(),
      !mean.isEmpty, let part = try? NormalizationProbe.part(of: graph, before: x)
    else { return nil }
    let epsilon = Double(op.epsilon)
    self.node = node.name
    stored = StoredMoments(
      mean: mean.map(Double.init), variance: variance.map { max(0, Double($0)) + epsilon }, epsilon: epsilon)
    plan = try Preparation.plan(Preparation.executable(of: part), on: math, fusesRows: true)
  }

  /// How samples fit; nil where none can be read.
  package func fit(
    _ source: any SampleSource, samples: [Int], threads: Int, progress: (@Sendable () -> Void)? = nil
  ) -> NormalizationFit? {
    let found = moments(source, samples: samples, threads: threads, progress: progress).compactMap(\.self)
    guard !found.isEmpty else { return nil }
    let divergence = stored.divergence(of: found, weights: Array(repeating: 1, count: found.count))
    return NormalizationFit(node: node, divergence: divergence, samples: found.count)
  }

  /// The sums of each sample; nil for those that cannot be read.
  func moments(
    _ source: any SampleSource, samples: [Int], threads: Int, progress: (@Sendable () -> Void)? = nil
  ) -> [ChannelMoments?] {
    stride(from: 0, to: samples.count, by: NormalizationProbe.chunk).flatMap { start in
      let chosen = Array(samples[start..<min(samples.count, start + NormalizationProbe.chunk)])
      let outputs = Inference.run(plan, on: source, samples: chosen, threads: threads, progress: progress)
      return outputs.map { $0.map { ChannelMoments($0, channels: stored.mean.count) } }
    }
  }

  /// The first BatchNormalization the first image input reaches, and what it normalises.
  private static func find(in graph: Graph) -> (node: Node, x: ValueID)? {
    guard let image = graph.inputs.first(where: { graph.type(of: $0).rank == 4 }) else { return nil }
    var reached: Set<ValueID> = [image]
    // Computed from constants alone.
    var fixed: Set<ValueID> = []
    for node in graph.nodesInOrder() {
      let inputs = node.inputs.compactMap(\.self).filter { graph.constant($0) == nil }
      let own = inputs.filter { reached.contains($0) }
      guard inputs.allSatisfy({ reached.contains($0) || fixed.contains($0) }) else { continue }
      guard !own.isEmpty else {
        fixed.formUnion(node.outputs)
        continue
      }
      if node.op is BatchNormalization, let x = node.inputs.first ?? nil { return (node, x) }
      if node.op is any PreparationKeeping { reached.formUnion(node.outputs) }
    }
    return nil
  }

  /// A graph of all that a value is computed from.
  private static func part(of graph: Graph, before end: ValueID) throws(Refusal) -> Graph {
    var needed: Set<ValueID> = [end]
    let order = graph.nodesInOrder()
    for node in order.reversed() where node.outputs.contains(where: needed.contains) {
      needed.formUnion(node.inputs.compactMap(\.self))
    }
    var part = Graph(name: graph.name)
    part.hasFreeBatch = graph.hasFreeBatch
    var copies: [ValueID: ValueID] = [:]
    // The data come as the first input.
    for input in graph.inputs where needed.contains(input) {
      copies[input] = part.addInput(graph[input].name, graph.type(of: input))
    }
    func copy(_ value: ValueID, into part: inout Graph, _ copies: inout [ValueID: ValueID]) -> ValueID? {
      if let known = copies[value] { return known }
      guard let constant = graph.constant(value) else { return nil }
      let added = part.addConstant(graph[value].name, constant)
      copies[value] = added
      return added
    }
    for node in order where node.outputs.contains(where: needed.contains) {
      var inputs: [ValueID?] = []
      for input in node.inputs {
        let source = input.flatMap { copy($0, into: &part, &copies) }
        guard (source == nil) == (input == nil) else {
          throw Refusal("\(node.name) is computed from what the image input does not reach")
        }
        inputs.append(source)
      }
      let outputs = try part.add(
        node.op, name: node.name, inputs: inputs, outputNames: node.outputs.map { graph[$0].name })
      for (old, new) in zip(node.outputs, outputs) { copies[old] = new }
    }
    guard let output = copies[end] else { throw Refusal("has nothing before its first normalisation") }
    part.addOutput(output)
    return part
  }
}
