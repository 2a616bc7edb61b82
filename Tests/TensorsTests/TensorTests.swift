import Tensors
import Testing

/// Elements of every type as others see them.
@Suite struct TensorTests {
  private static let all: [Tensor] = [
    Tensor([Float(-1.5), 0, 2]), Tensor([-1.5, 0, 2]), Tensor([Int8(-128), 0, 127]), Tensor([UInt8(0), 128, 255]),
    Tensor([Int32.min, 0, .max]), Tensor([Int64.min, 0, 1 << 53]), Tensor([true, false, true]),
  ]

  @Test func numbers() {
    let expected: [[Double]] = [
      [-1.5, 0, 2], [-1.5, 0, 2], [-128, 0, 127], [0, 128, 255], [-0x1p31, 0, 0x1p31 - 1], [-0x1p63, 0, 0x1p53],
      [1, 0, 1],
    ]
    #expect(Self.all.map { $0.doubles() } == expected)
    // Integers are exact, and floats are not taken for integers, nor integers for floats.
    let integers: [[Int]?] = [
      nil, nil, [-128, 0, 127], [0, 128, 255], [Int(Int32.min), 0, Int(Int32.max)], [.min, 0, 1 << 53], [1, 0, 1],
    ]
    #expect(Self.all.map { $0.integers() } == integers)
    #expect(Self.all.map { $0.floats() } == [[-1.5, 0, 2], [-1.5, 0, 2], nil, nil, nil, nil, nil])
    #expect(Tensor([1e300, 0.1]).floats() == [.infinity, 0.1])
  }

  @Test func elementsAreOfTheirOwnType() {
    #expect(Self.all[2].elements(as: Int8.self) == [-128, 0, 127])
    #expect(Self.all.map { $0.element } == [.float32, .float64, .int8, .uint8, .int32, .int64, .bool])
    #expect(Self.all[0].shape == [3] && Tensor(scalar: Int64(5)).shape == [] && Tensor(scalar: Int64(5)).count == 1)
  }

  /// Any byte of a file may stand for a truth value; all but 0 are true.
  @Test func truthValuesFromAFile() throws {
    let bytes = Tensor([UInt8(0), 1, 2, 255])
    let tensor = try #require(Tensor(TensorType(.bool, [4]), bytes.buffer))
    #expect(tensor.doubles() == [0, 1, 1, 1] && tensor.integers() == [0, 1, 1, 1])
  }

  @Test func buffersThatDoNotFitAreRefused() {
    let buffer = Tensor([Float(1), 2, 3]).buffer
    #expect(Tensor(TensorType(.float32, [3]), buffer) != nil && Tensor(TensorType(.int8, [2, 6]), buffer) != nil)
    #expect(Tensor(TensorType(.float32, [2]), buffer) == nil && Tensor(TensorType(.float64, [3]), buffer) == nil)
    #expect(Tensor(TensorType(.float32, [-3]), buffer) == nil)
    #expect(Tensor(TensorType(.float32, [3, .max, .max]), buffer) == nil)
  }

  @Test func shapesOfAsManyElements() throws {
    let tensor = Tensor([Float(1), 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(tensor.reshaped([3, 2, 1])?.floats() == [1, 2, 3, 4, 5, 6])
    #expect(tensor.reshaped([6])?.shape == [6])
    #expect(tensor.reshaped([5]) == nil && tensor.reshaped([-2, -3]) == nil && tensor.reshaped([]) == nil)
    // A quantization stays with the integers.
    let quantization = Quantization(scale: 0.5, zeroPoint: 1)
    let integers = try #require(
      Tensor(TensorType(.int8, [2, 3], quantization: quantization), Tensor([Int8](0..<6)).buffer))
    #expect(integers.reshaped([6])?.type.quantization == quantization)
  }

  /// The same bits and type, wherever they lie: NaN equals itself, and -0 does not equal 0.
  @Test func identity() {
    #expect(Tensor([Float.nan, 1]).isIdentical(to: Tensor([Float.nan, 1])))
    #expect(!Tensor([Float(0)]).isIdentical(to: Tensor([Float(-0.0)])))
    #expect(!Tensor([Float(0)]).isIdentical(to: Tensor([Int32(0)])))
    #expect(!Tensor([Float(0)], shape: [1]).isIdentical(to: Tensor([Float(0)], shape: [])))
    #expect(!Tensor([Float(0), 1]).isIdentical(to: Tensor([Float(0), 2])))
  }

  @Test func partsOfBuffers() throws {
    let whole = Tensor([UInt8](0..<100)).buffer
    let part = try #require(Buffer(whole, offset: 33, count: 5))
    let tensor = try #require(Tensor(TensorType(.uint8, [5]), part))
    #expect(tensor.integers() == [33, 34, 35, 36, 37])
    // Its own copy is what kernels may read: aligned, with room behind it.
    #expect(!part.isOwned && tensor.owned().buffer.isOwned && tensor.owned().isIdentical(to: tensor))
    #expect(whole.isOwned && whole.owned() === whole && whole.file == nil && part.file == nil)
    // Misaligned floats are read as their bytes say.
    let bytes = Tensor([UInt8(9), 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]).buffer
    let floats = try #require(Buffer(bytes, offset: 1, count: 8).flatMap { Tensor(TensorType(.float32, [2]), $0) })
    #expect(floats.floats() == [1, -2])
    for (offset, count) in [(-1, 2), (99, 2), (0, 101), (2, -1), (.max, 1), (1, .max)] {
      #expect(Buffer(whole, offset: offset, count: count) == nil)
    }
    #expect(Buffer(whole, offset: 100, count: 0)?.count == 0)
  }

  @Test func bytesThatDoNotOccur() {
    let buffer = Tensor([Int8(-127), 0, 127]).buffer
    #expect(buffer.isFree(of: 0x80) && !buffer.isFree(of: 0x81) && !buffer.isFree(of: 0))
    #expect(Tensor([Int8]()).buffer.isFree(of: 0))
  }
}
