/// How the integers of a quantized tensor stand for real numbers: real = scale * (q - zeroPoint).
package struct Quantization: Sendable, Hashable {
  package var scale: Float
  package var zeroPoint: Int

  package init(scale: Float, zeroPoint: Int) {
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  /// The real number a quantized value stands for.
  package func real(_ q: Int) -> Double { Double(scale) * Double(q - zeroPoint) }

  /// The int8 value nearest to a real number, ties to even, saturated.
  package func quantize(_ x: Double) -> Int {
    let q = (x / Double(scale)).rounded(.toNearestOrEven) + Double(zeroPoint)
    return q.isNaN ? zeroPoint : Int(max(-128, min(127, q)))
  }
}

/// Element type, logical shape (images are NCHW) and, for int8 activations, the quantization.
package struct TensorType: Sendable, Hashable, CustomStringConvertible {
  package var element: ElementType
  package var shape: [Int]
  package var quantization: Quantization?

  package init(_ element: ElementType, _ shape: [Int], quantization: Quantization? = nil) {
    self.element = element
    self.shape = shape
    self.quantization = quantization
  }

  /// Elements in the tensor. Shapes are checked against `Limits` when they enter a graph, so this does not overflow.
  package var count: Int { shape.reduce(1, *) }
  package var byteCount: Int { count * element.size }
  package var rank: Int { shape.count }

  /// As in `float32[1,3,224,224]`.
  package var description: String {
    let dimensions = shape.map { "\($0)" }.joined(separator: ",")
    guard let quantization else { return "\(element)[\(dimensions)]" }
    return "\(element)[\(dimensions)] s=\(quantization.scale) z=\(quantization.zeroPoint)"
  }
}

/// What a tensor may be at most, so that sizes never overflow and hostile files cannot ask for the whole memory.
package enum Limits {
  package static let elements = (1 << 31) - 1
  package static let rank = 8

  /// The number of elements of a shape, or nil when a dimension is negative or the product is too large.
  package static func count(_ shape: [Int]) -> Int? {
    guard shape.count <= rank else { return nil }
    var total = 1
    // Zeros count last, so that the answer does not depend on the order of the dimensions.
    for dimension in shape where dimension != 0 {
      guard dimension > 0 else { return nil }
      let (product, overflow) = total.multipliedReportingOverflow(by: dimension)
      guard !overflow, product <= elements else { return nil }
      total = product
    }
    return shape.contains(0) ? 0 : total
  }
}

/// How a 4-D tensor lies in memory. All other ranks are row-major.
package enum Layout: Sendable, Hashable {
  /// The last logical dimension is contiguous (NCHW as it is written).
  case rowMajor
  /// The channel dimension (1) is contiguous: NHWC.
  case channelsLast

  /// Element strides of the logical dimensions of `shape`.
  package func strides(of shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    var next = 1
    for dimension in physicalOrder(rank: shape.count).reversed() {
      strides[dimension] = next
      next *= shape[dimension]
    }
    return strides
  }

  /// The logical dimensions from outermost to innermost.
  package func physicalOrder(rank: Int) -> [Int] {
    self == .channelsLast && rank == 4 ? [0, 2, 3, 1] : Array(0..<rank)
  }

  /// Whether a shape lies the same in both layouts, so that changing it moves nothing.
  package static func areEquivalent(for shape: [Int]) -> Bool {
    shape.count != 4 || shape[1] == 1 || (shape[2] == 1 && shape[3] == 1)
  }
}
