/// A protobuf message as a tree of fields, whatever its schema: bytes that read as a message are one.
struct WireMessage {
  struct Field {
    var number: Int
    var content: Content
  }

  enum Content {
    case varint(UInt64)
    case fixed32(UInt32)
    case fixed64(UInt64)
    case bytes([UInt8])
    case message(WireMessage)
  }

  var fields: [Field] = []

  private static let deepest = 8

  /// Nil where the bytes are not a whole message.
  init?(_ bytes: [UInt8]) { self.init(bytes[...], depth: 0) }

  private init?(_ bytes: ArraySlice<UInt8>, depth: Int) {
    var rest = bytes
    while !rest.isEmpty {
      guard let tag = WireMessage.varint(&rest), tag >> 3 > 0, tag >> 3 < 1 << 16 else { return nil }
      let content: Content
      switch tag & 7 {
      case 0:
        guard let value = WireMessage.varint(&rest) else { return nil }
        content = .varint(value)
      case 1:
        guard rest.count >= 8 else { return nil }
        content = .fixed64(rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) })
        rest = rest.dropFirst(8)
      case 2:
        guard let length = WireMessage.varint(&rest), length <= UInt64(rest.count) else { return nil }
        let part = rest.prefix(Int(length))
        rest = rest.dropFirst(Int(length))
        // A single letter or digit reads as a tag, too; names should stay names.
        if part.count > 1, depth < WireMessage.deepest, let message = WireMessage(part, depth: depth + 1) {
          content = .message(message)
        } else {
          content = .bytes(Array(part))
        }
      case 5:
        guard rest.count >= 4 else { return nil }
        content = .fixed32(rest.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) })
        rest = rest.dropFirst(4)
      default: return nil
      }
      fields.append(Field(number: Int(tag >> 3), content: content))
    }
  }

  private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = bytes.popFirst() else { return nil }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  /// The encoded message: all lengths are those of what they stand before.
  var bytes: [UInt8] {
    var result: [UInt8] = []
    for field in fields {
      switch field.content {
      case .varint(let value):
        WireMessage.append(UInt64(field.number << 3), to: &result)
        WireMessage.append(value, to: &result)
      case .fixed64(let value):
        WireMessage.append(UInt64(field.number << 3 | 1), to: &result)
        for index in 0..<8 { result.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
      case .fixed32(let value):
        WireMessage.append(UInt64(field.number << 3 | 5), to: &result)
        for index in 0..<4 { result.append(UInt8(truncatingIfNeeded: value >> UInt32(8 * index))) }
      case .bytes(let bytes): WireMessage.append(bytes, number: field.number, to: &result)
      case .message(let message): WireMessage.append(message.bytes, number: field.number, to: &result)
      }
    }
    return result
  }

  private static func append(_ bytes: [UInt8], number: Int, to result: inout [UInt8]) {
    append(UInt64(number << 3 | 2), to: &result)
    append(UInt64(bytes.count), to: &result)
    result += bytes
  }

  private static func append(_ value: UInt64, to result: inout [UInt8]) {
    var rest = value
    while rest >= 0x80 {
      result.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    result.append(UInt8(rest))
  }

  // MARK: Mutation

  /// All fields of the tree.
  private var all: [Field] {
    fields.flatMap { field -> [Field] in
      if case .message(let message) = field.content { return [field] + message.all }
      return [field]
    }
  }

  private var size: Int {
    fields.reduce(0) { sum, field in
      if case .message(let message) = field.content { return sum + 1 + message.size }
      return sum + 1
    }
  }

  /// Changes one field somewhere in the tree, mostly into what another place of the tree has.
  mutating func mutate(_ dice: inout Dice) {
    let pool = all
    var place = dice.roll(size)
    _ = edit(&place) { fields, index in WireMessage.change(&fields, index, pool, &dice) }
  }

  /// Calls `change` with the list that holds the field at a place, counted from the front, and its index there.
  private mutating func edit(_ place: inout Int, _ change: (inout [Field], Int) -> Void) -> Bool {
    for index in fields.indices {
      if place == 0 {
        change(&fields, index)
        return true
      }
      place -= 1
      if case .message(var message) = fields[index].content {
        if message.edit(&place, change) {
          fields[index].content = .message(message)
          return true
        }
      }
    }
    return false
  }

  private static func change(_ fields: inout [Field], _ index: Int, _ pool: [Field], _ dice: inout Dice) {
    switch dice.roll(12) {
    case 0: fields.remove(at: index)
    case 1: fields.insert(fields[index], at: dice.roll(fields.count + 1))
    case 2: fields.swapAt(index, dice.roll(fields.count))
    case 3: if let other = dice.pick(pool) { fields[index].content = other.content }
    case 4: if let other = dice.pick(pool) { fields.insert(other, at: index) }
    case 5: fields[index].number = dice.oneIn(2) ? dice.roll(24) + 1 : dice.pick(pool)?.number ?? 1
    case 6:
      // The same field of another place: another name, shape, attribute or node.
      if let other = dice.pick(pool.filter { $0.number == fields[index].number }) { fields[index] = other }
    default: fields[index].content = changed(fields[index].content, &dice)
    }
  }

  private static func changed(_ content: Content, _ dice: inout Dice) -> Content {
    switch content {
    case .varint(let value):
      return .varint(dice.oneIn(3) ? value &+ UInt64(dice.roll(3)) &- 1 : UInt64(bitPattern: Int64(dice.integer())))
    case .fixed64(let value): return .fixed64(dice.oneIn(2) ? value ^ 1 << UInt64(dice.roll(64)) : 0)
    case .fixed32(let value):
      let extremes: [Float] = [0, 1, -1, .infinity, -.infinity, .nan, .greatestFiniteMagnitude, .leastNonzeroMagnitude]
      return .fixed32(dice.oneIn(2) ? value ^ 1 << UInt32(dice.roll(32)) : dice.pick(extremes)?.bitPattern ?? 0)
    case .bytes(let bytes):
      return .bytes(
        dice.oneIn(3) ? dice.pick(ONNXWords.all).map { Array($0.utf8) } ?? [] : dice.mutated(bytes, limit: 4096))
    case .message(let message):
      return dice.oneIn(3) ? .bytes(dice.mutated(message.bytes, limit: 4096)) : content
    }
  }
}

/// Names that mean something in a model.
private enum ONNXWords {
  static let all = [
    "Add", "And", "ArgMax", "AveragePool", "BatchNormalization", "Cast", "Clip", "Concat", "Constant",
    "ConstantOfShape", "Conv", "ConvTranspose", "DepthToSpace", "DequantizeLinear", "Div", "Dropout", "Elu", "Equal",
    "Erf", "Expand", "Flatten", "Gather", "Gemm", "GlobalAveragePool", "Greater", "GRU", "HardSigmoid", "HardSwish",
    "Identity", "If", "InstanceNormalization", "LRN", "LayerNormalization", "LeakyRelu", "Less", "LogSoftmax",
    "MatMul", "Max", "MaxPool", "Min", "Mod", "Mul", "Neg", "Not", "PRelu", "Pad", "Pow", "QuantizeLinear", "Range",
    "Reciprocal", "ReduceMax", "ReduceMean", "ReduceSum", "Relu", "Reshape", "Resize", "Round", "Shape", "Sigmoid",
    "Slice", "Softmax", "SpaceToDepth", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh", "Tile", "Transpose",
    "Unsqueeze", "Upsample", "Where", "axis", "axes", "perm", "pads", "strides", "kernel_shape", "dilations", "group",
    "auto_pad", "ceil_mode", "count_include_pad", "value", "to", "mode", "keepdims", "split", "num_outputs", "alpha",
    "beta", "transA", "transB", "epsilon", "blocksize", "steps", "starts", "ends", "linear", "cubic", "nearest",
    "SAME_UPPER", "SAME_LOWER", "VALID", "output_shape", "output_padding", "location", "offset", "length", "",
  ]
}
