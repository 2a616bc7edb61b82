import IR
import Operators
import Tensors

/// Choices between a tensor and a number by where an element is.
enum Masks: ONNXFamily {
  static let limits = "the depth of OneHot and k of Trilu are constants"
  static let readers: [String: NodeReader] = [
    "EyeLike": eyeLike, "Hardmax": hardmax, "OneHot": oneHot, "Trilu": triangle,
  ]

  /// The upper or lower triangle of matrices, zeros elsewhere.
  private static func triangle(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let isUpper = try node.bool("upper", default: true)
    guard x.shape.count >= 2 else { throw Refusal("x has shape \(x.shape), expected matrices") }
    let offset = max(-Limits.elements, min(Limits.elements, try node.ints(input: 1, "k")?.first ?? 0))
    let (rows, columns) = (x.shape[x.shape.count - 2], x.shape[x.shape.count - 1])
    try node.reserve(.bool, [rows, columns])
    let mask = (0..<rows).flatMap { row in
      (0..<columns).map { isUpper ? $0 >= row + offset : $0 <= row + offset }
    }
    let kept = node.constant("kept", Tensor(mask, shape: [rows, columns]))
    return try node.add(Where(), [kept, x, try node.scalar("zero", 0, like: x)])
  }

  /// Ones on a diagonal; shapes are known, so this is a constant.
  private static func eyeLike(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    guard x.shape.count == 2 else { throw Refusal("x has shape \(x.shape), expected a matrix") }
    let element = node.has("dtype") ? try DataType.named(try node.int("dtype")).element : x.element
    let offset = max(-Limits.elements, min(Limits.elements, try node.int("k", default: 0)))
    try node.reserve(.float32, x.shape)
    let ones = (0..<x.shape[0]).flatMap { row in
      (0..<x.shape[1]).map { $0 == row + offset ? Float(1) : 0 }
    }
    let eye = node.constant("ones", Tensor(ones, shape: x.shape))
    return try element == .float32 ? node.result(eye) : node.add(Cast(to: element), [eye])
  }

  /// `values` are what stands elsewhere and what stands where an index says.
  private static func oneHot(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let indices = try node.input(0, "indices")
    let values = try node.input(2, "values")
    guard let depth = try node.constant(1, "depth")?.doubles().first, (0...Double(Limits.elements)).contains(depth)
    else {
      throw Refusal("input 1 (depth) is not the size of a dimension")
    }
    guard values.shape == [2] else { throw Refusal("values have shape \(values.shape), expected [2]") }
    let rank = indices.shape.count + 1
    let axis = try node.axis(try node.int("axis", default: -1), rank: rank)
    var shape = indices.shape
    shape.insert(1, at: axis)
    let inside = try node.fromFront(indices, extent: Int(depth), "index")
    let range = try node.range("range", Int(depth), along: axis, rank: rank)
    let isHot = try node.add(
      step: "is_hot", Compare(.equal), [try node.step("indices", reshaping: inside, to: shape), range])
    let off = try node.add(step: "off", Gather(axis: 0), [values, node.constant("first", Tensor(scalar: Int64(0)))])
    let on = try node.add(step: "on", Gather(axis: 0), [values, node.constant("second", Tensor(scalar: Int64(1)))])
    return try node.add(Where(), [isHot, on, off])
  }

  /// 1 for the first largest along an axis, 0 for the others. Before opset 13 all dimensions from `axis` on count as
  /// one.
  private static func hardmax(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let given = try node.int("axis", default: node.opset < 13 ? 1 : -1)
    var axis = given == x.shape.count ? given : try node.axis(given, rank: x.shape.count)
    var rows = x
    if node.opset < 13 {
      rows = try node.step(
        "matrix", reshaping: x, to: [x.shape[..<axis].reduce(1, *), x.shape[axis...].reduce(1, *)])
      axis = 1
    }
    guard axis < rows.shape.count else { throw Refusal("axis \(given) is outside x with shape \(x.shape)") }
    let largest = try node.add(step: "largest", ArgMax(axis: axis), [rows])
    let range = try node.range("range", rows.shape[axis], along: axis, rank: rows.shape.count)
    let isLargest = try node.add(step: "is_largest", Compare(.equal), [range, largest])
    let ones = try node.add(step: "ones", Cast(to: .float32), [isLargest])
    return try node.add(Reshape(shape: x.shape), [ones])
  }
}
