import IR
import Tensors

/// A SparseTensorProto: the numbers of a tensor that are not zero, and where they stand.
struct SparseTensorRecord {
  private var values: TensorRecord
  private let indices: TensorRecord
  private let dimensions: [Int]

  var name: String {
    get { values.name }
    set { values.name = newValue }
  }

  private enum Field {
    static let values = 1, indices = 2, dims = 3
  }

  /// Reads the header; `ranges` are the pieces of one message, which protobuf allows to be split.
  init(_ file: MappedFile, ranges: [Range<Int>]) throws(Refusal) {
    var pieces: [Int: [Range<Int>]] = [:]
    var dimensions: [Int] = []
    for range in ranges {
      var reader = WireReader(file, range: range)
      while let field = try reader.next() {
        switch field.number {
        case Field.values, Field.indices: if let range = field.range { pieces[field.number, default: []].append(range) }
        case Field.dims:
          try field.forEachInteger(in: file) { if dimensions.count <= Limits.rank { dimensions.append($0) } }
        default: break
        }
      }
    }
    self.dimensions = dimensions
    values = try TensorRecord(file, ranges: pieces[Field.values] ?? [])
    indices = try TensorRecord(file, ranges: pieces[Field.indices] ?? [])
  }

  /// The type of the tensor with its zeros.
  func type() throws(Refusal) -> TensorType {
    guard Limits.count(dimensions) != nil else { throw Refusal("its shape \(dimensions) is beyond the limits") }
    return TensorType(try values.element(), dimensions)
  }

  /// The tensor with its zeros. Who calls this has checked that there is memory for it.
  ///
  /// Positions are numbers into all elements ([count]) or coordinates ([count, rank]), in ascending order.
  func tensor(_ file: MappedFile, external companions: ExternalData?) throws(Refusal) -> Tensor {
    let type = try type()
    let values = try values.tensor(file, external: companions)
    let indices = try indices.tensor(file, external: companions)
    guard values.shape.count == 1, indices.element == .int64, let numbers = indices.integers() else {
      throw Refusal("its values are \(values.type) and its indices \(indices.type), expected lists, int64 the latter")
    }
    let places: [Int]
    switch indices.shape {
    case [values.count]: places = numbers
    case [values.count, type.rank]:
      places = try (0..<values.count).map { (row) throws(Refusal) in
        var place = 0
        for (axis, extent) in type.shape.enumerated() {
          let index = numbers[row * type.rank + axis]
          guard (0..<extent).contains(index) else { throw Refusal("its index \(index) lies outside \(type.shape)") }
          place = place * extent + index
        }
        return place
      }
    default: throw Refusal("its indices have shape \(indices.shape), it has \(values.count) values")
    }
    var last = -1
    for place in places {
      guard place > last, place < type.count else {
        throw Refusal("its indices are not in ascending order within \(type.shape)")
      }
      last = place
    }
    let size = type.element.size
    return values.withBytes { source in
      Tensor(type) { bytes in
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        for (index, place) in places.enumerated() {
          UnsafeMutableRawBufferPointer(rebasing: bytes[place * size..<(place + 1) * size])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[index * size..<(index + 1) * size]))
        }
      }
    }
  }
}
