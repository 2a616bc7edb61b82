import CKernels
import Math

/// Weights in the order that the C routines read them.
enum WeightPacking {
  /// Output channels that are computed together.
  private static let block = 8
  /// The same of a depthwise convolution.
  private static let depthwiseBlock = 16
  /// Products that are added up together.
  private static let step = 4

  /// The output channel at each place of the blocks, group by group; nil where a last block is filled up.
  static func order(outputs: Int, groups: Int) -> [Int?] {
    let count = outputs / groups
    return (0..<groups).flatMap { group in
      (0..<roundedUp(count, block)).map { $0 < count ? group * count + $0 : nil }
    }
  }

  /// The same of a depthwise convolution.
  static func depthwiseOrder(_ channels: Int) -> [Int?] {
    (0..<roundedUp(channels, depthwiseBlock)).map { $0 < channels ? $0 : nil }
  }

  /// Blocks of output channels; in each, steps of 4 along k, which runs over rows of the kernel, each of them (kx, c)
  /// filled up to whole steps.
  ///
  /// - Parameter weights: [out_c][in_c / groups][kernel_h][kernel_w]
  static func blocks(_ weights: [Int8], _ order: [Int?], _ shape: ConvolutionShape) -> [Int8] {
    let (rows, columns) = (Int(shape.kernel_h), Int(shape.kernel_w))
    let depth = Int(shape.in_c / shape.groups)
    let length = roundedUp(columns * depth, step)
    let inner = rows * length
    var packed = [Int8](repeating: 0, count: order.count * inner)
    for (place, output) in order.enumerated() {
      guard let output else { continue }
      let target = place / block * block * inner + place % block * step
      for channel in 0..<depth {
        for row in 0..<rows {
          for column in 0..<columns {
            let k = row * length + column * depth + channel
            let source = ((output * depth + channel) * rows + row) * columns + column
            packed[target + k / step * block * step + k % step] = weights[source]
          }
        }
      }
    }
    return packed
  }

  /// Float weights: blocks of output channels; in each [kernel_h][kernel_w][in_c / groups][8].
  static func panels(_ weights: [Float], _ order: [Int?], depth: Int, area: Int) -> [Float] {
    var packed = [Float](repeating: 0, count: order.count * depth * area)
    for (place, output) in order.enumerated() {
      guard let output else { continue }
      let target = place / block * block * depth * area + place % block
      for tap in 0..<area {
        for channel in 0..<depth {
          packed[target + (tap * depth + channel) * block] = weights[(output * depth + channel) * area + tap]
        }
      }
    }
    return packed
  }

  /// Of int8 or float weights: [kernel_h][kernel_w][channels, filled up].
  static func depthwise<Element: Numeric>(_ weights: [Element], _ order: [Int?], area: Int) -> [Element] {
    (0..<area).flatMap { tap in order.map { $0.map { weights[$0 * area + tap] } ?? 0 } }
  }

  /// Steps of one window.
  static func steps(_ shape: ConvolutionShape) -> Int {
    Int(shape.kernel_h) * roundedUp(Int(shape.kernel_w) * Int(shape.in_c / shape.groups), step) / step
  }

  /// Whether every window is one pixel of the image, which is then read where it lies.
  static func isDirect(_ shape: ConvolutionShape) -> Bool {
    shape.kernel_h == 1 && shape.kernel_w == 1 && shape.pad_top == 0 && shape.pad_left == 0
      && (shape.out_h - 1) * shape.stride_h < shape.in_h && (shape.out_w - 1) * shape.stride_w < shape.in_w
  }

  private static func roundedUp(_ number: Int, _ multiple: Int) -> Int {
    (number + multiple - 1) / multiple * multiple
  }
}
