package import Tensors

extension Refusal {
  package init(_ node: Node, _ reason: String) {
    self.init(place: Place(node), reason: reason)
  }

  /// The refusal of a node that was not known where it was refused.
  package func at(_ node: Node) -> Refusal { at(Place(node)) }
}

extension Refusal.Place {
  package init(_ node: Node) {
    self.init(node: node.name, op: node.op.name)
  }
}
