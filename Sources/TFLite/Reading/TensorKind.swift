import Tensors

/// The schema's TensorType, as far as tensors of these types can be used.
enum TensorKind: Int {
  case float32 = 0, float16, int32, uint8, int64
  case bool = 6, int16
  case int8 = 9, float64
  case int4 = 17

  /// The type a number in a file stands for.
  static func named(_ number: Int) throws(Refusal) -> TensorKind {
    if let kind = TensorKind(rawValue: number) { return kind }
    let names = [
      5: "string", 8: "complex64", 11: "complex128", 12: "uint64", 13: "resource", 14: "variant", 15: "uint32",
      16: "uint16", 18: "bfloat16", 19: "int2", 20: "uint4",
    ]
    throw Refusal(
      "element type \(names[number] ?? "\(number)") is not supported, expected float32, float16, float64, int8, uint8, "
        + "int16, int32, int64 or bool")
  }

  /// The type of elements as they are in a graph where they are not quantized: all floats are float32.
  var element: ElementType? {
    switch self {
    case .float32, .float16, .float64: .float32
    case .int8: .int8
    case .uint8: .uint8
    case .int32: .int32
    case .int64: .int64
    case .bool: .bool
    case .int16, .int4: nil
    }
  }

  /// Bits of one element.
  var bits: Int {
    switch self {
    case .int4: 4
    case .uint8, .int8, .bool: 8
    case .float16, .int16: 16
    case .float32, .int32: 32
    case .int64, .float64: 64
    }
  }

  /// Bytes of so many elements.
  func bytes(_ count: Int) -> Int { (count * bits + 7) / 8 }
}
