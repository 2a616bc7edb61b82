#if !RUNTIME_ONLY
extension Tensor {
  /// The elements with some indices along a dimension, in the order given.
  package func selecting(_ indices: [Int], along axis: Int) -> Tensor {
    precondition(
      shape.indices.contains(axis) && indices.allSatisfy { $0 >= 0 && $0 < shape[axis] },
      "elements are selected that a tensor of shape \(shape) does not have")
    var selected = shape
    selected[axis] = indices.count
    let inner = shape[(axis + 1)...].reduce(element.size, *)
    return Tensor(TensorType(element, selected, quantization: type.quantization)) { target in
      withBytes { source in
        var offset = 0
        for outer in 0..<shape[..<axis].reduce(1, *) {
          for index in indices {
            let start = (outer * shape[axis] + index) * inner
            UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + inner])
              .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<start + inner]))
            offset += inner
          }
        }
      }
    }
  }
}
#endif
