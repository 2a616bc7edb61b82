package import IR
package import Tensors

/// Visits every element of a broadcast result with the matching positions in both operands, in physical order.
package struct BroadcastWalk: Sendable {
  private let extents: [Int]
  private let left: [Int]
  private let right: [Int]

  package init(_ site: Site, _ a: Operand, _ b: Operand, _ output: TensorType) {
    let order = site.layout.physicalOrder(rank: output.rank)
    func strides(_ operand: Operand) -> [Int] {
      let layout = operand.constant == nil && operand.type.rank == 4 ? site.layout : .rowMajor
      let strides = Broadcasting.strides(of: operand.shape, layout: layout, along: output.shape)
      return order.map { strides[$0] }
    }
    extents = order.map { output.shape[$0] }
    left = strides(a)
    right = strides(b)
  }

  package func run(_ body: (_ position: Int, _ left: Int, _ right: Int) -> Void) {
    let total = extents.reduce(1, *)
    var index = [Int](repeating: 0, count: extents.count)
    var i = 0
    var j = 0
    for position in 0..<total {
      body(position, i, j)
      var axis = extents.count - 1
      while axis >= 0 {
        index[axis] += 1
        i += left[axis]
        j += right[axis]
        if index[axis] < extents[axis] { break }
        i -= left[axis] * extents[axis]
        j -= right[axis] * extents[axis]
        index[axis] = 0
        axis -= 1
      }
    }
  }
}
