/// An operator with two inputs that can be the same in either order.
package protocol Commutative: Operator {
  /// Whether it is, with these attributes.
  var isCommutative: Bool { get }
}
