package import IR
import Math
import Operators
package import Tensors

/// The int8 graph and what was decided on the way.
package struct QuantizedModel: Sendable {
  package let graph: Graph
  package let decisions: [LayerDecision]
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

    package init() {}
  }

  private let source: Graph
  private let observations: [ValueID: Observation]
  private let options: Options
  private let order: [Node]

  package init(_ graph: Graph, observations: [ValueID: Observation], options: Options) {
    source = graph
    self.observations = observations
    self.options = options
    order = graph.nodesInOrder()
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

  package func run() throws(Refusal) -> QuantizedModel {
    let domains = Domains(source, order: order)
    let quantizations = chooseQuantizations(domains)
    var rewriter = Int8Rewriter(
      source, domains: domains, quantizations: quantizations, observations: observations, options: options)
    try rewriter.run(order)
    return QuantizedModel(graph: rewriter.graph, decisions: rewriter.decisions)
  }

  /// Whether an input of a node that allows it takes the output's scale from the start.
  ///
  /// That costs nothing where nothing else reads the input. In a chain of concatenations, as dense blocks are, what was
  /// joined before would otherwise be rounded again at each link.
  private func isWritten(_ input: ValueID, atOutputScaleOf node: Node) -> Bool {
    source.soleUser(of: input)?.id == node.id
      || source.producer(of: input).map(Int8Form.takesInputsAtOutputScale) ?? false
  }

  /// One quantization for every value that will be int8; values that must share one do.
  private func chooseQuantizations(_ domains: Domains) -> [ValueID: Quantization] {
    var groups = ValueGroups()
    var symmetric: [ValueID] = []
    for node in order {
      guard let output = node.outputs.first else { continue }
      if domains.isInt8(node), let product = node.op as? any Int8ConvertibleProduct,
        let input = node.inputs[product.symmetricInput]
      {
        symmetric.append(input)
      }
      if Int8Form.passesThrough(node), let input = node.inputs.first ?? nil {
        for output in node.outputs { groups.join(output, input) }
      } else if Int8Form.takesInputsAtOutputScale(node), domains.isInt8(output) {
        for case let input? in node.inputs where isWritten(input, atOutputScaleOf: node) { groups.join(input, output) }
      }
    }
    var ranges: [ValueID: (low: Double, high: Double)] = [:]
    for (value, observation) in observations.sorted(by: { $0.key < $1.key }) {
      let root = groups.root(of: value)
      let range = options.estimator.range(of: observation.histograms)
      let known = ranges[root]
      ranges[root] = (min(range.low, known?.low ?? range.low), max(range.high, known?.high ?? range.high))
    }
    let symmetricRoots = Set(symmetric.map { groups.root(of: $0) })
    var result: [ValueID: Quantization] = [:]
    for value in observations.keys {
      let root = groups.root(of: value)
      guard let range = ranges[root] else { continue }
      result[value] =
        symmetricRoots.contains(root)
        ? Quantization(magnitude: max(-range.low, range.high)) : Quantization(low: range.low, high: range.high)
    }
    return result
  }
}

/// Values that share one quantization: a union-find over value ids, rooted at the smallest.
private struct ValueGroups {
  private var parents: [ValueID: ValueID] = [:]

  /// The root, which those on the way then point to at once.
  mutating func root(of value: ValueID) -> ValueID {
    var root = value
    while let parent = parents[root] { root = parent }
    var current = value
    while let parent = parents[current], parent != root {
      parents[current] = root
      current = parent
    }
    return root
  }

  mutating func join(_ a: ValueID, _ b: ValueID) {
    let (first, second) = (root(of: a), root(of: b))
    if first != second { parents[max(first, second)] = min(first, second) }
  }
}
