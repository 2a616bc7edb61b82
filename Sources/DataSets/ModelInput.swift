package import Tensors

/// How a model takes images: where its dimensions are in its input.
package struct ModelInput: Sendable, Hashable {
  package enum Order: String, Sendable, CaseIterable { case nchw, nhwc }

  package let type: TensorType
  package let order: Order
  package let height: Int
  package let width: Int
  package let channels: Int

  /// Reads the order off the input's shape; `nil` for `order` decides by which side has 1 or 3 channels.
  package init(_ type: TensorType, order: Order? = nil) throws(Refusal) {
    let shape = type.shape
    guard shape.count == 4, type.element == .float32 else {
      throw Refusal(
        .unfit, reason: "its input is \(type), images need float32[N,C,H,W] or float32[N,H,W,C]: use .npy tensors")
    }
    guard shape[0] == 1 else {
      throw Refusal(
        .unfit,
        reason:
          "its batch size is fixed at \(shape[0]), images are given one by one: export it with a batch of 1 or a free "
          + "one, or use .npy tensors of \(shape[0])"
      )
    }
    let isChannelCount: (Int) -> Bool = { $0 == 1 || $0 == 3 }
    let chosen: Order
    switch (order, isChannelCount(shape[1]), isChannelCount(shape[3])) {
    case (let order?, _, _): chosen = order
    case (nil, true, false): chosen = .nchw
    case (nil, false, true): chosen = .nhwc
    default:
      throw Refusal(
        .unfit, reason: "its input \(shape) may be [N, C, H, W] or [N, H, W, C]: say which with --layout nchw or nhwc")
    }
    self.type = type
    self.order = chosen
    height = chosen == .nchw ? shape[2] : shape[1]
    width = chosen == .nchw ? shape[3] : shape[2]
    channels = chosen == .nchw ? shape[1] : shape[3]
  }
}
