import IR
import Math
import Operators
import Tensors

/// A float graph with steps added that compute gradients at its layers and values, backwards from an output.
///
/// Every node behind them must have a vector-Jacobian product (`Differentiable`); what lies before one that has none is
/// unknown.
struct GradientGraph {
  var graph: Graph
  /// The outputs of the layers with weights.
  let layers: [ValueID]
  /// The gradient at a layer, before its activation, by its output; none where the answer does not depend on it.
  private(set) var ofLayers: [ValueID: ValueID] = [:]
  /// The gradient at a value; none as for layers.
  private(set) var ofValues: [ValueID: ValueID] = [:]
  /// Why that of a layer or a value is not known.
  private(set) var unknown: [ValueID: Refusal] = [:]

  /// The values whose gradients are computed: those asked for, and what lies behind one of them or a layer.
  private let wanted: Set<ValueID>
  private var known: [ValueID: ValueID] = [:]
  /// Why the gradient at a value is not known.
  private(set) var blocked: [ValueID: Refusal] = [:]

  /// - Parameters:
  ///   - source: of float32, its layers with clamps as activations
  ///   - values: where gradients are wanted beside layers
  ///   - output: which of its outputs has the answer
  ///   - answer: what that says; the graph gets a last input for the numbers that changes of it are made of
  ///   - batch: samples that a run takes
  init(_ source: Graph, at values: Set<ValueID>, output: Int, _ answer: AnswerKind, batch: Int) throws(Refusal) {
    guard source.outputs.indices.contains(output) else {
      throw Refusal("there is no output \(output): the graph has \(source.outputs.count)")
    }
    let result = source.outputs[output]
    let type = source.type(of: result)
    guard type.element == .float32, batch > 0, type.count > 0, type.count.isMultiple(of: batch) else {
      throw Refusal("output \(source[result].name) is \(type), expected float32 numbers for \(batch) samples")
    }
    var graph = source
    let noise = graph.addInput("change of the answer", TensorType(.float32, [batch, type.count / batch]))
    let change = try answer.addChange(of: result, noise: noise, to: &graph)
    let order = graph.nodesInOrder()
    layers = order.filter { Int8Form.isWeighted($0, in: graph) }.map { $0.outputs[0] }
    var wanted = values.union(layers)
    for node in order where node.inputs.contains(where: { $0.map(wanted.contains) == true }) {
      wanted.formUnion(node.outputs.filter { graph.type(of: $0).element == .float32 })
    }
    self.wanted = wanted
    self.graph = graph
    known[result] = change
    for node in order.reversed() where node.outputs.contains(where: wanted.contains) { pass(node) }
    for value in values {
      if let reason = blocked[value] { unknown[value] = reason } else { ofValues[value] = known[value] }
    }
    removeOthers()
  }

  /// From the gradients at a node's outputs to those at its inputs.
  private mutating func pass(_ node: Node) {
    let layer = Int8Form.isWeighted(node, in: graph) ? node.outputs[0] : nil
    var isLayerKnown = false
    do throws(Refusal) {
      if let reason = node.outputs.compactMap({ blocked[$0] }).first { throw reason }
      var gradients = node.outputs.map { known[$0] }
      if let gradient = gradients[0] { gradients[0] = try beforeActivation(of: node, gradient) }
      if let layer { ofLayers[layer] = gradients[0] }
      isLayerKnown = true
      let isWanted = node.inputs.contains { $0.map(wanted.contains) == true }
      if isWanted, gradients.contains(where: { $0 != nil }) { try passInputs(of: node, gradients) }
    } catch {
      if let layer, !isLayerKnown { unknown[layer] = error }
      for case let input? in node.inputs where wanted.contains(input) { blocked[input] = error }
    }
  }

  /// The gradient with respect to what goes into the activation a node carries.
  private mutating func beforeActivation(of node: Node, _ gradient: ValueID) throws(Refusal) -> ValueID {
    guard let activation = (node.op as? any ActivationCarrying)?.activation else { return gradient }
    guard let bounds = activation.clampBounds else {
      throw Refusal("its activation \(activation.stored.name) is part of it, so that it has no gradient").at(node)
    }
    var product = VectorJacobianProduct(graph, node, outputGradients: [gradient], wanted: [])
    // What was given away is changed in place.
    graph = Graph(name: graph.name)
    defer { graph = product.graph }
    // The output tells where it lay between the bounds.
    guard let inside = try product.inside(node.outputs[0], lower: bounds.lower, upper: bounds.upper) else {
      return gradient
    }
    return try product.times(gradient, inside)
  }

  private mutating func passInputs(of node: Node, _ gradients: [ValueID?]) throws(Refusal) {
    guard let op = node.op as? any Differentiable else {
      throw Refusal("\(node.op.name) has no gradient").at(node)
    }
    var product = VectorJacobianProduct(graph, node, outputGradients: gradients, wanted: wanted)
    graph = Graph(name: graph.name)
    defer { graph = product.graph }
    do throws(Refusal) {
      for (input, gradient) in zip(node.inputs, try op.gradients(&product)) {
        guard let input, let gradient, wanted.contains(input) else { continue }
        known[input] = try known[input].map { (other) throws(Refusal) in try product.plus(other, gradient) } ?? gradient
      }
    } catch {
      throw error.at(node)
    }
  }

  /// Removes steps that lead neither to a gradient nor to an output.
  private mutating func removeOthers() {
    let kept = Set(ofLayers.values).union(ofValues.values)
    for node in graph.nodesInOrder().reversed()
    where !node.outputs.contains(where: { graph.isUsed($0) || kept.contains($0) }) {
      graph.erase(node.id)
    }
  }
}
