import Tensors

/// What free dimensions of the inputs stand for in one import.
struct InputBinding {
  let batch: Int
  /// Height and width of images, where the model leaves them free.
  let size: (height: Int, width: Int)?

  /// Whether an input's first dimension is free.
  static func hasFreeBatch(_ input: ValueRecord) -> Bool {
    guard case .free? = input.shape?.first else { return false }
    return true
  }

  func type(of input: ValueRecord) throws(Refusal) -> TensorType {
    let name = printable(input.name)
    guard let dimensions = input.shape else {
      throw Refusal("input \(name) has no shape", remedy: "export the model with input shapes")
    }
    let element: ElementType
    do throws(Refusal) { element = try DataType.named(input.dataType).element } catch {
      throw error.about("input \(name)")
    }
    // The symbol of the batch may come again in other places.
    var batchSymbol: String?
    if case .free(let symbol)? = dimensions.first, !symbol.isEmpty { batchSymbol = symbol }
    var shape: [Int] = []
    var free: [Int] = []
    for (index, dimension) in dimensions.enumerated() {
      switch dimension {
      case .fixed(let extent): shape.append(extent)
      case .free(let symbol):
        if index == 0 || symbol == batchSymbol {
          shape.append(batch)
        } else {
          shape.append(1)
          free.append(index)
        }
      }
    }
    if !free.isEmpty { try bindSize(&shape, free, name) }
    guard Limits.count(shape) != nil else {
      throw Refusal("input \(name) has shape \(shape), which is beyond the limits")
    }
    return TensorType(element, shape)
  }

  private func bindSize(_ shape: inout [Int], _ free: [Int], _ name: String) throws(Refusal) {
    // Height and width are the last two dimensions of NCHW, those in the middle of NHWC. A free dimension 2 alone may
    // be either; few last elements are channels.
    var spatial = shape.count == 4 ? [[2, 3], [1, 2]].first { free.allSatisfy($0.contains) } : nil
    if free == [2], shape.count == 4, shape[3] <= 4, shape[1] > 4 { spatial = [1, 2] }
    guard let spatial else {
      throw Refusal(
        "input \(name) has free dimensions \(free), only the batch and an image's height and width may be free",
        remedy: "export the model with fixed shapes")
    }
    guard let size else {
      let what = free.count == 2 ? "height and width" : free[0] == spatial[0] ? "height" : "width"
      throw Refusal("input \(name) has free \(what)", remedy: "pass --size")
    }
    guard size.height > 0, size.width > 0 else { throw Refusal("--size must be positive") }
    for (axis, extent) in zip(spatial, [size.height, size.width]) where free.contains(axis) { shape[axis] = extent }
  }
}
