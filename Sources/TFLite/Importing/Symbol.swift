import IR
import Tensors

/// A constant or a value of the graph, on the way into it.
///
/// A constant enters the graph only when a node that stays there uses it, so shape arithmetic leaves nothing behind.
final class Symbol {
  let name: String
  let type: TensorType
  let constant: Tensor?
  /// The value in the graph; nil as long as a constant is not needed there.
  private var id: ValueID?

  init(_ name: String, _ type: TensorType, id: ValueID) {
    self.name = name
    self.type = type
    self.id = id
    constant = nil
  }

  init(_ name: String, constant: Tensor) {
    self.name = name
    type = constant.type
    self.constant = constant
  }

  var shape: [Int] { type.shape }

  func value(in graph: inout Graph) -> ValueID? {
    if id == nil, let constant { id = graph.addConstant(name, constant) }
    return id
  }
}
