import IR
package import Tensors

/// NumPy broadcasting of shapes.
package enum Broadcasting {
  /// The shape two shapes broadcast to.
  package static func shape(_ a: [Int], _ b: [Int]) throws(Refusal) -> [Int] {
    let rank = max(a.count, b.count)
    var result: [Int] = []
    for index in 0..<rank {
      let left = index < rank - a.count ? 1 : a[index - (rank - a.count)]
      let right = index < rank - b.count ? 1 : b[index - (rank - b.count)]
      guard left == right || left == 1 || right == 1 else {
        throw Refusal("shapes \(a) and \(b) do not broadcast")
      }
      result.append(left == 1 ? right : left)
    }
    return try checkedShape(result)
  }

  /// Element strides that walk a tensor along a broadcast shape: 0 where it repeats.
  package static func strides(of shape: [Int], layout: Layout, along target: [Int]) -> [Int] {
    let own = layout.strides(of: shape)
    let offset = target.count - shape.count
    return target.indices.map { index in
      guard index >= offset, shape[index - offset] != 1 else { return 0 }
      return own[index - offset]
    }
  }
}
