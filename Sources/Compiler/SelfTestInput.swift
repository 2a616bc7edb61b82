package import Tensors

/// The input of a bundle's self-test: a pattern that every machine can make and that compresses to almost nothing.
package enum SelfTestInput {
  /// Element i is (((i mod 61) * 37) mod 256 - 128) / 64: within +-2, where normalised images lie.
  package static func tensor(_ type: TensorType) -> Tensor {
    Tensor((0..<type.count).map { Float((($0 % 61) * 37) % 256 - 128) / 64 }, shape: type.shape)
  }
}
