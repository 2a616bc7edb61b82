package import IR
import Math
package import Operators
package import Tensors
import Threads

/// The int8 graph and what was decided on the way.
package struct QuantizedModel: Sendable {
  package let graph: Graph
  package let decisions: [LayerDecision]
  /// The int8 layer that a layer with weights has become, by the nodes of the float graph.
  package let layers: [NodeID: NodeID]
}

/// Turns a float graph and the ranges of its values into an int8 graph.
///
/// Convolutions and matrix products with constant weights become int8 wherever their numbers allow it. Other operators
/// with an int8 form join where their input already is int8 and someone wants int8 from them. Operators that only move
/// elements follow their input. What is left stays float, with conversions at the borders. The last layer before the
/// outputs gives float32 logits.
package struct Quantizer {
  /// How to quantize.
  package struct Options: Sendable {
    package var estimator = RangeEstimator.mse
    package var correctsBias = true
    /// Nodes that stay float because the user wants them to.
    package var keptFloat: Set<NodeID> = []
    /// Nodes that stay float because the answers would be too far from the float network's.
    package var keptForAnswers: Set<NodeID> = []

    package init() {}
  }

  /// The values that were observed, in groups that share one quantization.
  private let groups: [QuantizationGroup]
  let source: Graph
  private let observations: [ValueID: Observation]
  private let options: Options
  let order: [Node]
  let domains: Domains

  package init(_ graph: Graph, observations: [ValueID: Observation], options: Options) {
    source = graph
    self.observations = observations
    self.options = options
    order = graph.nodesInOrder()
    domains = Domains(graph, order: order, keeping: options.keptFloat.union(options.keptForAnswers))
    groups = QuantizationGroup.all(graph, order: order, domains: domains, observed: observations.keys)
  }

  /// The values of a graph that calibration must observe before it can be quantized.
  package static func valuesToObserve(_ graph: Graph) -> Set<ValueID> {
    var values = Set(graph.inputs)
    for node in graph.nodesInOrder() where Int8Form.exists(for: node, in: graph) || Int8Form.passesThrough(node) {
      values.formUnion(node.outputs)
      for case let input? in node.inputs where graph[input].constant == nil { values.insert(input) }
    }
    return values.filter { graph.type(of: $0).element == .float32 }
  }

  /// A layer of the float graph with the weights that are quantized.
  package struct Layer: Sendable {
    package let name: String
    package let output: ValueID
    package let weights: LayerWeights
  }

  /// Nil where a node is none, or its weights are not constant.
  package func layer(_ id: NodeID) -> Layer? {
    guard let node = source[id], let layer = node.op as? any Int8ConvertibleLayer,
      let weights = layer.weights(source.operands(of: node))
    else { return nil }
    return Layer(name: node.name, output: node.outputs[0], weights: weights)
  }

  /// The quantization of every value that was observed. Values that share one take the union of their ranges.
  package func quantizations(by estimator: RangeEstimator, threads: Int = 1) -> [ValueID: Quantization] {
    let ranges = self.ranges(by: estimator, threads: threads)
    var result: [ValueID: Quantization] = [:]
    for (group, range) in zip(groups, ranges) {
      let quantization =
        group.isSymmetric
        ? Quantization(magnitude: max(-range.low, range.high)) : Quantization(low: range.low, high: range.high)
      for value in group.members { result[value] = quantization }
    }
    return result
  }

  /// The values that int8 rounds, in order: those it makes, and those it is given where they are float. What only moves
  /// elements, or joins what has the scale of the whole, rounds nothing again.
  package func roundedValues(_ quantizations: [ValueID: Quantization]) -> [ValueID] {
    var result: [ValueID] = []
    var seen: Set<ValueID> = []
    for node in order where domains.isInt8(node) {
      let inputs = node.inputs.compactMap { $0 }.filter { source[$0].constant == nil }
      for input in inputs where !domains.isInt8(input) && seen.insert(input).inserted { result.append(input) }
      let keepsScale =
        Int8Form.passesThrough(node)
        || Int8Form.takesInputsAtOutputScale(node)
          && inputs.allSatisfy { quantizations[$0] == quantizations[node.outputs[0]] }
      for output in node.outputs where domains.isInt8(output) && !keepsScale && seen.insert(output).inserted {
        result.append(output)
      }
    }
    return result
  }

  /// A range for each group.
  private func ranges(by estimator: RangeEstimator, threads: Int) -> [(low: Double, high: Double)] {
    let workers = Workers(threads: min(threads, max(1, groups.count)))
    return workers.map(below: groups.count) { index in
      let group = groups[index]
      let estimator = group.holdsInput ? estimator.ofInputs : estimator
      let seen = group.members.compactMap { observations[$0]?.histograms }
        .map { estimator.range(of: $0, through: group.function) }
      guard let first = seen.first else { return (0, 0) }
      return seen.reduce(first) { (min($0.low, $1.low), max($0.high, $1.high)) }
    }
  }

  /// The int8 graph, with the ranges that the estimator of the options gives.
  package func run() throws(Refusal) -> QuantizedModel {
    try run(quantizations(by: options.estimator))
  }

  /// The int8 graph with the given quantizations of values, and roundings of the weights of some layers.
  package func run(
    _ quantizations: [ValueID: Quantization], rounding: [NodeID: WeightRounding] = [:], threads: Int = 1
  ) throws(Refusal) -> QuantizedModel {
    var rewriter = Int8Rewriter(
      source, domains: domains, quantizations: quantizations, observations: observations, rounding: rounding,
      options: options, threads: threads)
    try rewriter.run(order)
    return QuantizedModel(graph: rewriter.graph, decisions: rewriter.decisions, layers: rewriter.layers)
  }
}
