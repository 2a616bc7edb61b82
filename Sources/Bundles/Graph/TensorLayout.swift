import CanonicalJSON
import Tensors

/// Where a tensor lies: its elements, row-major and little-endian, `offset` bytes into a section.
struct StoredTensor: Sendable {
  let type: TensorType
  let section: Section
  let offset: Int
}

/// The places of tensors in the sections: each at the next multiple of 64, in the order they are added.
///
/// Writer and reader both compute them, so a section has exactly the bytes its tensors and their padding need.
struct TensorLayout {
  private(set) var sizes: [Section: Int] = [:]

  /// The place of one more tensor; nil when its section would grow beyond what can be addressed.
  mutating func place(_ type: TensorType, in section: Section) -> StoredTensor? {
    guard let offset = Container.aligned(sizes[section, default: 0]) else { return nil }
    let (end, overflow) = offset.addingReportingOverflow(type.byteCount)
    guard !overflow else { return nil }
    sizes[section] = end
    return StoredTensor(type: type, section: section, offset: offset)
  }
}

/// The tensors of a bundle on their way into its sections.
struct TensorCollector {
  private(set) var layout = TensorLayout()
  private var tensors: [Section: [(place: StoredTensor, tensor: Tensor)]] = [:]

  mutating func add(_ tensor: Tensor, to section: Section, path: String) throws(Refusal) -> StoredTensor {
    guard let place = layout.place(tensor.type, in: section) else {
      throw .malformed(file: path, "section \(section.name) would be too large")
    }
    tensors[section, default: []].append((place, tensor))
    return place
  }

  /// The contents of a section; nil when it has none.
  func contents(of section: Section) -> SectionContents? {
    guard let tensors = tensors[section], let size = layout.sizes[section] else { return nil }
    let bytes = Buffer(count: size) { bytes in
      for (place, tensor) in tensors {
        let end = place.offset + tensor.buffer.count
        let target = UnsafeMutableRawBufferPointer(rebasing: bytes[place.offset..<end])
        tensor.withBytes { target.copyMemory(from: $0) }
      }
    }
    return SectionContents(section, bytes, tensors: tensors.map(\.place))
  }
}

extension ElementType {
  /// Whether bundles hold values of the type: docs/format.md names those they do.
  var isStored: Bool {
    switch self {
    case .float32, .float64, .int8, .uint8, .int32, .int64, .bool: true
    case .int16, .uint16, .uint32, .uint64: false
    }
  }
}

extension TensorType {
  /// The members `element`, `shape` and, where there is one, `quantization`.
  var json: JSONObject {
    var object: JSONObject = ["element": .string(element.rawValue), "shape": .ints(shape)]
    if let quantization {
      object["quantization"] = ["scale": .float(quantization.scale), "zero_point": .int(quantization.zeroPoint)]
    }
    return object
  }

  init(_ node: JSONNode) throws(JSONError) {
    let name = try node["element"].string()
    guard let element = ElementType(rawValue: name), element.isStored else {
      throw try node["element"].error("\(shortened(name)) is not an element type")
    }
    let shape = try node["shape"].ints(in: 0...Limits.elements)
    guard Limits.count(shape) != nil else { throw try node["shape"].error("the shape is beyond the limits") }
    self.init(element, shape)
    guard let node = try node.optional("quantization") else { return }
    try node.allowOnly("scale", "zero_point")
    let scale = try node["scale"].float()
    guard scale > 0 else { throw try node["scale"].error("a scale must be positive") }
    quantization = Quantization(scale: scale, zeroPoint: try node["zero_point"].int(in: -128...255))
  }
}

extension StoredTensor {
  /// The members `section` and `offset`.
  var placeJSON: JSONObject { ["section": .string(section.name), "offset": .int(offset)] }

  /// Reads a place, which must be the one that follows from the tensors before.
  init(
    _ node: JSONNode, type: TensorType, sections: [Section], layout: inout TensorLayout
  ) throws(JSONError) {
    let name = try node["section"].string()
    guard let section = sections.first(where: { $0.name == name }) else {
      throw try node["section"].error("expected \(sections.map(\.name).joined(separator: " or "))")
    }
    guard let place = layout.place(type, in: section) else { throw node.error("the tensor is too large") }
    guard try node["offset"].int() == place.offset else {
      throw try node["offset"].error("expected \(place.offset), the next multiple of 64")
    }
    self = place
  }
}
