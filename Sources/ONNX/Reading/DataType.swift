import Tensors

/// ONNX's TensorProto.DataType, as far as tensors of these types can be used.
enum DataType: Int, CaseIterable {
  case float = 1, uint8, int8, uint16, int16, int32, int64
  case bool = 9, float16, double, uint32, uint64
  case bfloat16 = 16

  /// The element type tensors have here: all floats become float32.
  var element: ElementType {
    switch self {
    case .float, .float16, .double, .bfloat16: .float32
    case .uint8: .uint8
    case .int8: .int8
    case .uint16: .uint16
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .uint32: .uint32
    case .uint64: .uint64
    case .bool: .bool
    }
  }

  /// Bytes of one element in raw data.
  var size: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float, .int32, .uint32: 4
    case .int64, .uint64, .double: 8
    }
  }

  /// The type a number in a file stands for.
  static func named(_ number: Int) throws(Refusal) -> DataType {
    if let type = DataType(rawValue: number) { return type }
    let names = [
      0: "undefined", 8: "string", 14: "complex64", 15: "complex128", 17: "float8e4m3fn", 18: "float8e4m3fnuz",
      19: "float8e5m2", 20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1",
    ]
    throw Refusal(
      "element type \(names[number] ?? "\(number)") is not supported, expected float32, float16, bfloat16, double, "
        + "integers of 8 to 64 bits or bool")
  }

  /// The number a file stores for an element type.
  static func stored(_ element: ElementType) -> DataType {
    switch element {
    case .float32: .float
    case .float64: .double
    case .int8: .int8
    case .uint8: .uint8
    case .int16: .int16
    case .uint16: .uint16
    case .int32: .int32
    case .uint32: .uint32
    case .int64: .int64
    case .uint64: .uint64
    case .bool: .bool
    }
  }
}
