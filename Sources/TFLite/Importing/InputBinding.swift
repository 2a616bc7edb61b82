import Tensors

/// What free dimensions of the inputs stand for in one import.
struct InputBinding {
  let batch: Int
  /// Height and width of images, where the model leaves them free.
  let size: (height: Int, width: Int)?

  /// Whether an input's first dimension is free.
  static func hasFreeBatch(_ input: TensorRecord) -> Bool { input.signature?.first == -1 }

  func shape(of input: TensorRecord) throws(Refusal) -> [Int] {
    let name = printable(input.name)
    var shape = input.shape
    if let signature = input.signature, signature.count == shape.count {
      for (axis, extent) in signature.enumerated() where extent == -1 {
        if axis == 0 {
          shape[0] = batch
        } else {
          guard shape.count == 4, axis == 1 || axis == 2 else {
            throw Refusal(
              "input \(name) has the free dimension \(axis), only the batch, height and width may be free",
              remedy: "convert the model with fixed shapes")
          }
          guard let size else {
            throw Refusal("input \(name) has free \(axis == 1 ? "height" : "width"): pass --size")
          }
          shape[axis] = axis == 1 ? size.height : size.width
        }
      }
    }
    guard Limits.count(shape) ?? 0 > 0 else {
      throw Refusal("input \(name) has shape \(shape), which is beyond the limits")
    }
    return shape
  }
}
