package import IR
package import Tensors

extension Site {
  /// How an input lies in memory: constants and tensors that are not 4-D are row-major.
  package func layout(ofInput index: Int) -> Layout {
    guard let operand = inputs.optional(index) else { return .rowMajor }
    return operand.constant == nil && operand.type.rank == 4 ? layout : .rowMajor
  }

  package func layout(ofOutput index: Int) -> Layout { outputs[index].rank == 4 ? outputLayout : .rowMajor }

  /// Element strides of an output's logical dimensions.
  package func strides(ofOutput index: Int) -> [Int] {
    layout(ofOutput: index).strides(of: outputs[index].shape)
  }

  /// Element strides of an input's logical dimensions.
  package func strides(ofInput index: Int) -> [Int] {
    guard let operand = inputs.optional(index) else { return [] }
    return layout(ofInput: index).strides(of: operand.shape)
  }

  /// The rows of the one image that flows in and out in the same shape, where it is int8 and lies channels-last.
  package var channelsLastRows: RowKernel.Extent? {
    guard outputs.count == 1, outputs[0].rank == 4, outputs[0].shape[0] == 1, outputs[0].element == .int8,
      layout(ofInput: 0) == .channelsLast, layout(ofOutput: 0) == .channelsLast
    else { return nil }
    let shape = outputs[0].shape
    return RowKernel.Extent(rows: shape[2], bytes: shape[3] * shape[1])
  }
}

extension TensorType {
  /// The same kind of elements, quantization included, in another shape.
  package func with(shape: [Int]) -> TensorType {
    TensorType(element, shape, quantization: quantization)
  }
}

/// A shape seen around one dimension in memory order: `outer` blocks of `extent` slices of `inner` elements each.
package struct AxisSplit: Sendable, Equatable {
  package let outer: Int
  package let extent: Int
  package let inner: Int

  package init(_ shape: [Int], axis: Int, layout: Layout = .rowMajor) {
    var outer = 1
    var inner = 1
    var isBefore = true
    for dimension in layout.physicalOrder(rank: shape.count) {
      if dimension == axis {
        isBefore = false
      } else if isBefore {
        outer *= shape[dimension]
      } else {
        inner *= shape[dimension]
      }
    }
    self.outer = outer
    self.inner = inner
    extent = shape[axis]
  }
}

extension Site {
  /// The kernel of outputs without elements.
  package func emptyKernel() throws(Refusal) -> Kernel {
    // A kernel that writes nothing leaves what was there before as the result.
    if let output = outputs.first(where: { $0.count > 0 }) { throw Refusal("cannot compute \(output)") }
    return Kernel(implementation: "empty") { _ in }
  }
}
