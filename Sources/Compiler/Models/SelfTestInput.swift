package import Tensors

/// The input of a bundle's self-test: a pattern that every machine can make and that compresses to almost nothing.
package enum SelfTestInput {
  /// Element i is (((i mod 61) * 37) mod 256 - 128) / 64: within +-2, where normalised images lie; of integers 0 or 1.
  package static func tensor(_ type: TensorType) -> Tensor {
    switch type.element {
    case .float32: Tensor((0..<type.count).map(value), shape: type.shape)
    case .float64: Tensor((0..<type.count).map { Double(value($0)) }, shape: type.shape)
    default:
      // A one in the lowest byte is a one of every integer type here.
      Tensor(type) { bytes in
        for index in 0..<type.count where index % 3 == 1 { bytes[index * type.element.size] = 1 }
      }
    }
  }

  private static func value(_ index: Int) -> Float { Float((index % 61) * 37 % 256 - 128) / 64 }
}
