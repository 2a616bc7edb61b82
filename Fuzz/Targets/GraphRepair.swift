import CanonicalJSON
import IR
import Operators
import Tensors

/// Makes a changed graph section agree with itself and with the sections of tensors, so that readers go on to what
/// lies behind those checks: the types of all values follow from their nodes, offsets follow from the types, and the
/// sections have the bytes the tensors need.
package enum GraphRepair {
  private static let largestSection = 1 << 16

  /// - Parameter infersTypes: whether the types of nodes' outputs are made right, too
  package static func repair(_ parts: inout BundleParts, infersTypes: Bool) {
    guard case .object(var graph)? = parts.graph,
      case .array(var values)? = graph["values"], case .array(var nodes)? = graph["nodes"]
    else { return }
    var sizes: [String: Int] = [:]
    for value in values.indices { place(&values[value], in: "constant", &sizes) }
    for node in nodes.indices {
      guard case .object(var object) = nodes[node], case .object(var attributes)? = object["attributes"] else {
        continue
      }
      for name in attributes.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
        if var attribute = attributes[name], case .object? = attribute["tensor"] {
          place(&attribute, in: nil, &sizes)
          attributes[name] = attribute
        }
      }
      object["attributes"] = .object(attributes)
      nodes[node] = .object(object)
    }
    resize(&parts, sizes)
    if infersTypes { infer(nodes, &values, parts) }
    graph["values"] = .array(values)
    graph["nodes"] = .array(nodes)
    parts.graph = .object(graph)
  }

  // MARK: Places

  /// Gives a constant (whose place is a member of its own) or a tensor attribute (whose place stands beside its type)
  /// the next place in its section.
  private static func place(_ json: inout JSON, in member: String?, _ sizes: inout [String: Int]) {
    guard case .object(var object) = json, let type = type(of: member == nil ? json["tensor"] ?? .null : json) else {
      return
    }
    if let member, object[member] == nil { return }
    let section = sectionName(type.element)
    let offset = (sizes[section, default: 0] + 63) / 64 * 64
    guard offset + type.byteCount <= largestSection else { return }
    sizes[section] = offset + type.byteCount
    if let member {
      object[member] = ["section": .string(section), "offset": .int(offset)]
    } else if case .object(var tensor)? = object["tensor"] {
      tensor["section"] = .string(section)
      tensor["offset"] = .int(offset)
      object["tensor"] = .object(tensor)
    }
    json = .object(object)
  }

  private static func resize(_ parts: inout BundleParts, _ sizes: [String: Int]) {
    for name in ["weights", "parameters", "integers"] {
      let index = parts.sections.firstIndex { $0.name == name }
      guard let size = sizes[name] else {
        if let index { parts.sections.remove(at: index) }
        continue
      }
      guard let index else {
        let last = parts.sections.last?.name == "self-test-tensors" ? parts.sections.count - 1 : parts.sections.count
        parts.sections.insert(
          BundleParts.Section(name: name, raw: [UInt8](repeating: 1, count: size)), at: last)
        continue
      }
      let missing = size - parts.sections[index].raw.count
      if missing > 0 { parts.sections[index].raw += [UInt8](repeating: 1, count: missing) }
      parts.sections[index].raw.removeLast(parts.sections[index].raw.count - size)
    }
  }

  private static func sectionName(_ element: ElementType) -> String {
    switch element {
    case .int8: "weights"
    case .float32, .float64: "parameters"
    default: "integers"
    }
  }

  // MARK: Types

  private static func infer(_ nodes: [JSON], _ values: inout [JSON], _ parts: BundleParts) {
    var operands: [Operand?] = values.map { value in
      guard let type = type(of: value) else { return nil }
      return Operand(type, constant: tensor(type, value["constant"], parts))
    }
    for node in nodes {
      guard case .string(let op)? = node["op"], let inputs = indices(node["inputs"], values.count),
        let outputs = indices(node["outputs"], values.count), case .object(let stored)? = node["attributes"]
      else { continue }
      var attributes: [String: Attribute] = [:]
      for (name, json) in stored { attributes[name] = attribute(json, parts) }
      guard let made = try? OperatorSet.make(op, attributes),
        let types = try? made.inferTypes(inputs.map { $0.flatMap { operands[$0] } })
      else { continue }
      for case (let index?, let type) in zip(outputs, types) {
        guard case .object(var object) = values[index] else { continue }
        object["element"] = .string(type.element.rawValue)
        object["shape"] = .ints(type.shape)
        object["quantization"] = type.quantization.map {
          ["scale": .double(Double($0.scale)), "zero_point": .int($0.zeroPoint)]
        }
        values[index] = .object(object)
        operands[index] = Operand(type)
      }
    }
  }

  /// Positions within so many values; nil for one that is left out. Nil where the list is not one of positions.
  private static func indices(_ json: JSON?, _ count: Int) -> [Int?]? {
    guard case .array(let list)? = json else { return nil }
    var result: [Int?] = []
    for element in list {
      switch element {
      case .null: result.append(nil)
      case .int(let index) where (0..<count).contains(index): result.append(index)
      default: return nil
      }
    }
    return result
  }

  private static func type(of json: JSON) -> TensorType? {
    guard case .string(let name)? = json["element"], let element = ElementType(rawValue: name),
      case .array(let list)? = json["shape"]
    else { return nil }
    let shape = list.compactMap { json -> Int? in if case .int(let side) = json { side } else { nil } }
    guard shape.count == list.count, let count = Limits.count(shape), count <= largestSection else { return nil }
    var type = TensorType(element, shape)
    if case .int(let zero)? = json["quantization"]?["zero_point"], (-128...255).contains(zero) {
      switch json["quantization"]?["scale"] {
      case .double(let scale)? where Float(scale) > 0 && Float(scale).isFinite:
        type.quantization = Quantization(scale: Float(scale), zeroPoint: zero)
      case .int(let scale)? where scale > 0:
        type.quantization = Quantization(scale: Float(scale), zeroPoint: zero)
      default: break
      }
    }
    return type
  }

  private static func tensor(_ type: TensorType, _ place: JSON?, _ parts: BundleParts) -> Tensor? {
    guard case .string(let name)? = place?["section"], case .int(let offset)? = place?["offset"],
      let section = parts.sections.first(where: { $0.name == name }), offset >= 0,
      offset <= section.raw.count - type.byteCount
    else { return nil }
    return Tensor(type) { $0.copyBytes(from: section.raw[offset..<offset + type.byteCount]) }
  }

  private static func attribute(_ json: JSON, _ parts: BundleParts) -> Attribute? {
    guard case .object(let object) = json, let (kind, value) = object.first(where: { _ in true }) else { return nil }
    switch (kind, value) {
    case ("int", .int(let value)): return .int(value)
    case ("float", _): return float(value).map { .float($0) }
    case ("string", .string(let text)): return .string(text)
    case ("ints", .array(let list)):
      return .ints(list.compactMap { json -> Int? in if case .int(let value) = json { value } else { nil } })
    case ("floats", .array(let list)): return .floats(list.compactMap(float))
    case ("strings", .array(let list)):
      return .strings(list.compactMap { json -> String? in if case .string(let text) = json { text } else { nil } })
    case ("tensor", _): return type(of: value).flatMap { tensor($0, value, parts) }.map { .tensor($0) }
    default: return nil
    }
  }

  private static func float(_ json: JSON) -> Float? {
    switch json {
    case .double(let value): Float(value)
    case .int(let value): Float(value)
    case .string("inf"): .infinity
    case .string("-inf"): -.infinity
    case .string("nan"): .nan
    default: nil
    }
  }
}

extension BundleParts {
  /// The graph, in a section of its own or among texts.
  fileprivate var graph: JSON? {
    get { json("graph") ?? json("texts")?["graph"] }
    set {
      if json("graph") != nil {
        put("graph", newValue)
      } else if case .object(var texts)? = json("texts") {
        texts["graph"] = newValue
        put("texts", .object(texts))
      }
    }
  }

  private func json(_ name: String) -> JSON? {
    sections.first { $0.name == name }.flatMap { try? JSON(parsing: $0.raw) }
  }

  private mutating func put(_ name: String, _ json: JSON?) {
    guard let json, let index = sections.firstIndex(where: { $0.name == name }) else { return }
    sections[index].raw = JSONMutator.bytes(json)
  }
}
