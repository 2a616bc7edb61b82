import IR
import Tensors

/// A tensor of the file: its type, and which buffer holds its elements.
struct TensorRecord {
  let name: String
  /// The dimensions as the file has them, of which a free one is 1.
  let shape: [Int]
  /// Where a dimension is -1, it is free; nil in files of converters that do not say so.
  let signature: [Int]?
  let buffer: Int
  private let type: Int
  private let quantization: FlatTable?
  private let isSparse: Bool
  /// Whether it keeps its value from one run to the next.
  let isVariable: Bool

  private enum Field {
    static let shape = 0, type = 1, buffer = 2, name = 3, quantization = 4, isVariable = 5, sparsity = 6
    static let signature = 7
  }

  init(_ table: FlatTable, _ index: Int) throws(Refusal) {
    name = try table.string(Field.name) ?? "tensor_\(index)"
    shape = try TensorRecord.dimensions(table, Field.shape) ?? []
    signature = try TensorRecord.dimensions(table, Field.signature)
    buffer = Int(try table.number(UInt32.self, Field.buffer) ?? 0)
    type = Int(try table.number(Int8.self, Field.type) ?? 0)
    quantization = try table.table(Field.quantization)
    isVariable = try table.number(UInt8.self, Field.isVariable) ?? 0 != 0
    isSparse = try table.table(Field.sparsity) != nil
  }

  /// More dimensions than any tensor has are not kept, so that what is there is refused where it is used.
  private static func dimensions(_ table: FlatTable, _ field: Int) throws(Refusal) -> [Int]? {
    guard let vector = try table.vector(field, width: 4) else { return nil }
    var result: [Int] = []
    for index in 0..<min(vector.count, Limits.rank + 1) { result.append(Int(try vector.number(Int32.self, index))) }
    return result
  }

  /// The name up to where a converter lists what it has fused into the tensor's operator.
  var shortName: String { String(name.prefix { $0 != ";" }) }

  func kind() throws(Refusal) -> TensorKind {
    guard !isSparse else {
      throw Refusal("it is stored sparse, which is not supported", remedy: "convert the model without pruning formats")
    }
    return try TensorKind.named(type)
  }

  /// Whether the integers stand for real numbers.
  func isScaled() throws(Refusal) -> Bool { try quantization.map(Scaling.isThere) ?? false }

  /// How the integers stand for real numbers; nil where they stand for themselves.
  func scaling() throws(Refusal) -> Scaling? {
    guard let quantization else { return nil }
    return try Scaling(quantization, shape)
  }
}

/// Scales and zero points of a quantized tensor: real = scale * (q - zeroPoint).
struct Scaling {
  /// One, or one for each index along `axis`.
  let scales: [Float]
  let zeroPoints: [Int]
  let axis: Int

  private enum Field { static let scale = 2, zeroPoint = 3, detailsType = 4, axis = 6 }

  fileprivate static func isThere(_ table: FlatTable) throws(Refusal) -> Bool {
    try table.vector(Field.scale, width: 4)?.count ?? 0 > 0
  }

  /// Nil where the table has no scales: converters also note there which values a tensor had.
  init?(_ table: FlatTable, _ shape: [Int]) throws(Refusal) {
    guard try Scaling.isThere(table), let scale = try table.vector(Field.scale, width: 4) else { return nil }
    guard try table.number(UInt8.self, Field.detailsType) ?? 0 == 0 else {
      throw Refusal("it has a quantization of another kind than scale and zero point, which is not supported")
    }
    axis = Int(try table.number(Int32.self, Field.axis) ?? 0)
    let zeroPoint = try table.vector(Field.zeroPoint, width: 8)
    let extent = shape.indices.contains(axis) ? shape[axis] : 1
    guard scale.count == 1 || scale.count == extent, [0, 1, scale.count].contains(zeroPoint?.count ?? 0) else {
      throw Refusal(
        "it has \(scale.count) scales and \(zeroPoint?.count ?? 0) zero points, which its shape \(shape) does not fit")
    }
    scales = try scale.numbers(UInt32.self).map { Float(bitPattern: $0) }
    let zeros = (try zeroPoint?.numbers(Int64.self) ?? []).map { Int($0) }
    zeroPoints = zeros.count == scales.count ? zeros : [Int](repeating: zeros.first ?? 0, count: scales.count)
    guard scales.allSatisfy({ $0 >= 0 && $0.isFinite }), zeroPoints.allSatisfy((-1 << 15...1 << 15).contains) else {
      throw Refusal("its scales or zero points are out of range")
    }
  }

  /// The quantization of a value that is computed, as int8: those of uint8 are moved down by 128.
  func activation(_ kind: TensorKind) throws(Refusal) -> Quantization {
    guard kind == .int8 || kind == .uint8 else {
      throw Refusal(
        "activations quantized to \(kind) are not supported, expected int8 or uint8",
        remedy: "convert the model with int8 activations, or without quantization")
    }
    guard scales.count == 1, scales[0] > 0 else {
      throw Refusal("an activation has \(scales.count) scales, expected a positive one")
    }
    return Quantization(scale: scales[0], zeroPoint: zeroPoints[0] - (kind == .uint8 ? 128 : 0))
  }
}
