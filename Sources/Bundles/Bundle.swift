package import CanonicalJSON
package import IR
package import Tensors

/// What a `.derm` file holds: a graph with its constants, and the records that travel with it.
package struct Bundle: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    /// A float model as it was imported.
    case checkpoint
    /// The result of a compilation.
    case compiled
  }

  package var kind: Kind
  package var graph: Graph
  /// How images become input tensors.
  package var preprocessing: JSON?
  /// Class names in the order of the outputs.
  package var labels: [String]?
  /// Which output decides, and what its numbers mean.
  package var answer: JSON?
  package var calibration: JSON?
  package var evaluation: JSON?
  package var explanation: JSON?
  package var selfTest: SelfTest?
  package var provenance: JSON?

  package init(kind: Kind, graph: Graph) {
    self.kind = kind
    self.graph = graph
  }
}

/// Inputs of a graph and the outputs it must compute from them, bit for bit.
package struct SelfTest: Sendable {
  /// One tensor for each graph input.
  package var inputs: [Tensor]
  /// One tensor for each graph output.
  package var outputs: [Tensor]

  package init(inputs: [Tensor], outputs: [Tensor]) {
    self.inputs = inputs
    self.outputs = outputs
  }

  /// Why the tensors do not fit the graph; nil when they do. With a free batch all may have the same number of samples.
  func mismatch(with graph: Graph) -> String? {
    if let problem = mismatch(inputs, graph.inputs, "input", graph) { return problem }
    if let problem = mismatch(outputs, graph.outputs, "output", graph) { return problem }
    let samples = Set((inputs + outputs).compactMap(\.shape.first))
    return graph.hasFreeBatch && samples.count > 1 ? "tensors have different batch sizes" : nil
  }

  private func mismatch(_ tensors: [Tensor], _ values: [ValueID], _ role: String, _ graph: Graph) -> String? {
    guard tensors.count == values.count else {
      return "has \(tensors.count) \(role) tensors, the graph has \(values.count) \(role)s"
    }
    for (tensor, value) in zip(tensors, values) {
      var expected = graph.type(of: value)
      if graph.hasFreeBatch, let samples = tensor.shape.first, samples >= 1, !expected.shape.isEmpty {
        expected.shape[0] = samples
      }
      guard tensor.type == expected else {
        return "\(role) \(graph[value].name) is \(tensor.type), the graph's is \(expected)"
      }
    }
    return nil
  }
}
