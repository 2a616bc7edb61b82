import Tensors
import Testing

@Suite struct LimitsTests {
  @Test(arguments: [
    ([], 1), ([7], 7), ([2, 3, 4], 24), ([0], 0), ([5, 0, 3], 0), ([(1 << 31) - 1], (1 << 31) - 1),
    ([1, 1, 1, 1, 1, 1, 1, 1], 1),
  ])
  func shapesWithin(shape: [Int], count: Int) { #expect(Limits.count(shape) == count) }

  /// Too many dimensions, negative ones, too many elements: also where the product would overflow, or one is 0 besides.
  @Test(arguments: [
    [1, 1, 1, 1, 1, 1, 1, 1, 1], [-1], [4, -1], [0, -1], [-1, 0], [1 << 31], [1 << 16, 1 << 15], [.max, .max],
    [.max, 2, 0], [0, .max, 2], [3, .max], [.min],
  ])
  func shapesBeyond(shape: [Int]) { #expect(Limits.count(shape) == nil) }
}

@Suite struct LayoutTests {
  private static let shapes = [
    [], [5], [2, 3], [2, 3, 4], [2, 3, 4, 5], [1, 3, 1, 7], [2, 1, 4, 5], [1, 2, 3, 4, 5],
  ]

  /// Walking the dimensions from outermost to innermost meets the elements one after the other.
  @Test(arguments: shapes) func stridesWalkThroughMemory(shape: [Int]) {
    for layout in [Layout.rowMajor, .channelsLast] {
      let order = layout.physicalOrder(rank: shape.count)
      #expect(order.sorted() == Array(shape.indices))
      let strides = layout.strides(of: shape)
      var places = [0]
      for dimension in order {
        places = places.flatMap { place in (0..<shape[dimension]).map { place + $0 * strides[dimension] } }
      }
      #expect(places == Array(0..<shape.reduce(1, *)))
    }
  }

  @Test func channelsAreInnermostInImagesAlone() {
    #expect(Layout.channelsLast.strides(of: [2, 3, 4, 5]) == [60, 1, 15, 3])
    #expect(Layout.rowMajor.strides(of: [2, 3, 4, 5]) == [60, 20, 5, 1])
    #expect(Layout.channelsLast.strides(of: [2, 3, 4]) == [12, 4, 1])
  }

  /// A shape lies alike in both layouts where every element has the same place in both.
  @Test(arguments: shapes) func equivalence(shape: [Int]) {
    let (rows, channels) = (Layout.rowMajor.strides(of: shape), Layout.channelsLast.strides(of: shape))
    // The stride of a dimension of one is never taken.
    let isAlike = shape.indices.allSatisfy { shape[$0] == 1 || rows[$0] == channels[$0] }
    #expect(Layout.areEquivalent(for: shape) == isAlike)
  }
}

@Suite struct QuantizationTypeTests {
  /// To the nearest step, ties to the even one, and no further than int8 goes.
  @Test(
    arguments: [
      (0, 3), (0.25, 4), (0.12, 3), (0.125, 3), (0.375, 5), (0.13, 4), (-0.125, 3), (-0.375, 1), (31, 127), (31.3, 127),
      (1e30, 127), (.infinity, 127), (-32.75, -128), (-40, -128), (-.infinity, -128), (.nan, 3),
    ] as [(Double, Int)])
  func numbersAreRounded(x: Double, q: Int) {
    #expect(Quantization(scale: 0.25, zeroPoint: 3).quantize(x) == q)
  }

  @Test func everyStepIsItself() {
    for zeroPoint in [-128, -7, 0, 127] {
      let quantization = Quantization(scale: 0.1, zeroPoint: zeroPoint)
      for q in -128...127 { #expect(quantization.quantize(quantization.real(q)) == q) }
      #expect(quantization.real(zeroPoint) == 0)
    }
  }
}

@Suite struct TensorTypeTests {
  @Test func sizes() {
    let sizes: [ElementType: Int] = [
      .float32: 4, .float64: 8, .int8: 1, .uint8: 1, .int16: 2, .uint16: 2, .int32: 4, .uint32: 4, .int64: 8,
      .uint64: 8, .bool: 1,
    ]
    for element in ElementType.allCases {
      let type = TensorType(element, [2, 3])
      #expect(type.count == 6 && type.rank == 2)
      #expect(type.byteCount == 6 * (sizes[element] ?? 0))
      #expect(element.isFloat == (element == .float32 || element == .float64))
    }
    #expect(TensorType(.int8, []).count == 1)
  }

  @Test func largeIntegersAreNoInt() {
    #expect(Tensor([UInt64(7), .max >> 1]).integers() == [7, .max])
    #expect(Tensor([UInt64(7), .max]).integers() == nil)
    #expect(Tensor([UInt64(7), .max]).doubles() == [7, 0x1p64])
    #expect(Tensor([Int16(-7), .max]).integers() == [-7, 32767])
    #expect(Tensor([UInt16(7), .max]).doubles() == [7, 65535])
    #expect(Tensor([UInt32(7), .max]).integers() == [7, 4_294_967_295])
  }

  @Test func texts() {
    #expect("\(TensorType(.float32, [1, 3, 224, 224]))" == "float32[1,3,224,224]")
    #expect("\(TensorType(.bool, []))" == "bool[]")
    let quantization = Quantization(scale: 0.5, zeroPoint: -3)
    #expect("\(TensorType(.int8, [4], quantization: quantization))" == "int8[4] s=0.5 z=-3")
  }
}
