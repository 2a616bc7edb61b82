import IR
import Operators
import Tensors

/// The constants of a file as tensors of a graph, made once however often the file is imported.
///
/// Quantized ones and float16 become float32. Elements stay where they lie in the mapped file wherever they are of a
/// type of ours and in the order they are wanted in.
final class ConstantStore {
  private struct Key: Hashable {
    let index: Int
    let order: AxisOrder
  }

  private let model: ModelFile
  private let checksWeights: Bool
  private var made: [Key: Tensor] = [:]
  private var madeBytes = 0

  init(_ model: ModelFile, checksWeights: Bool) {
    self.model = model
    self.checksWeights = checksWeights
  }

  /// A tensor's elements in an order; nil for one that is computed.
  func tensor(_ index: Int, _ order: AxisOrder) throws(Refusal) -> Tensor? {
    let key = Key(index: index, order: order)
    if let tensor = made[key] { return tensor }
    let record = model.tensors[index]
    do throws(Refusal) {
      guard let bytes = try model.bytes(of: record) else { return nil }
      let known = made[Key(index: index, order: .stored)]
      var tensor: Tensor
      if let known { tensor = known } else { tensor = try stored(record, bytes) }
      if order == .channelsFirst { tensor = try channelsFirst(tensor) }
      made[key] = tensor
      return tensor
    } catch {
      throw error.about("tensor \(printable(record.name))")
    }
  }

  /// Constants that are made, not read, are limited by what the file holds: many tensors may name one buffer.
  func spend(_ type: TensorType) throws(Refusal) {
    madeBytes += type.byteCount
    guard madeBytes <= Limits.foldedBytes(from: model.file.count) else {
      throw Refusal(
        "constant \(type) is too large: \(madeBytes) bytes of constants would be computed from \(model.file.count)")
    }
  }

  private func stored(_ record: TensorRecord, _ bytes: Range<Int>) throws(Refusal) -> Tensor {
    let kind = try record.kind()
    guard let count = Limits.count(record.shape) else {
      throw Refusal("its shape \(record.shape) is beyond the limits")
    }
    guard bytes.count == kind.bytes(count) else {
      throw Refusal("it has \(bytes.count) bytes of data, its shape \(record.shape) needs \(kind.bytes(count))")
    }
    if kind.element != .float32, try record.isScaled() {
      let type = TensorType(.float32, record.shape)
      // Before the scales are read, of which there are as many at most.
      try spend(type)
      guard let scaling = try record.scaling() else { throw Refusal("its scales are missing") }
      return model.file.withBytes { scaling.reals(of: UnsafeRawBufferPointer(rebasing: $0[bytes]), kind, as: type) }
    }
    guard let element = kind.element else { throw Refusal("it holds \(kind) without a scale, which is not supported") }
    let type = TensorType(element, record.shape)
    if kind.bits == 8 * element.size {
      guard let buffer = Buffer(model.file, offset: bytes.lowerBound, count: bytes.count),
        let tensor = Tensor(type, buffer)
      else { throw Refusal("its data lies outside the file") }
      if checksWeights { try tensor.checkFinite() }
      return tensor
    }
    try spend(type)
    let tensor = model.file.withBytes { file in
      let source = UnsafeRawBufferPointer(rebasing: file[bytes])
      return Tensor(type) { target in
        let floats = target.assumingMemoryBound(to: Float.self)
        for index in floats.indices {
          floats[index] =
            kind == .float16
            ? FloatConversion.half(source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
            : Float(source.loadUnaligned(fromByteOffset: 8 * index, as: Double.self))
        }
      }
    }
    if checksWeights { try tensor.checkFinite() }
    return tensor
  }

  /// Also for tensors that broadcast to rank 4.
  func channelsFirst(_ tensor: Tensor) throws(Refusal) -> Tensor {
    guard tensor.count > 1 || tensor.type.rank == 4 else { return tensor }
    let shape = [Int](repeating: 1, count: max(0, 4 - tensor.type.rank)) + tensor.shape
    guard shape.count == 4, let images = tensor.reshaped(shape) else {
      throw Refusal("has shape \(tensor.shape), expected at most 4 dimensions")
    }
    let target = AxisOrder.channelsFirst.arrange(shape)
    // One channel, or one position: nothing moves.
    if shape[3] == 1 || shape[1] * shape[2] == 1, let view = images.reshaped(target) { return view }
    try spend(TensorType(tensor.element, target))
    return try evaluateConstants(Transpose(perm: AxisOrder.channelsFirst.permutation), inputs: [images])[0]
  }
}

extension Scaling {
  /// scale * (q - zeroPoint) of every element, in float32, which is exact but for the product's rounding; with the grid
  /// they lie on.
  fileprivate func reals(of source: UnsafeRawBufferPointer, _ kind: TensorKind, as type: TensorType) -> Tensor {
    // Elements that share a scale lie in runs.
    let inner = scales.count == 1 ? max(1, type.count) : type.shape[(axis + 1)...].reduce(1, *)
    let isWide = kind == .int32 && zeroPoints.allSatisfy { $0 == 0 }
    let multiples: [Int32]? =
      isWide ? (0..<type.count).map { source.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) } : nil
    let grid = Grid(steps: scales, axis: scales.count == 1 ? 0 : axis, multiples: multiples)
    let tensor = Tensor(type) { target in
      let reals = target.assumingMemoryBound(to: Float.self)
      for start in stride(from: 0, to: reals.count, by: max(1, inner)) {
        let index = start / max(1, inner) % scales.count
        let (scale, zeroPoint) = (scales[index], Float(zeroPoints[index]))
        for position in start..<min(reals.count, start + inner) {
          reals[position] = (kind.number(position, in: source) - zeroPoint) * scale
        }
      }
    }
    return tensor.on(grid)
  }
}

extension TensorKind {
  /// An integer element as a float.
  fileprivate func number(_ index: Int, in source: UnsafeRawBufferPointer) -> Float {
    switch self {
    case .int4:
      // Two in a byte, the first in the lower half.
      let byte = source[index / 2]
      return Float(Int8(bitPattern: index.isMultiple(of: 2) ? byte << 4 : byte & 0xF0) >> 4)
    case .int8: return Float(Int8(bitPattern: source[index]))
    case .uint8, .bool: return Float(source[index])
    case .int16: return Float(source.loadUnaligned(fromByteOffset: 2 * index, as: Int16.self))
    case .int32: return Float(source.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self))
    case .int64: return Float(source.loadUnaligned(fromByteOffset: 8 * index, as: Int64.self))
    case .float16, .float32, .float64: preconditionFailure("\(self) is no type of integers")
    }
  }
}
