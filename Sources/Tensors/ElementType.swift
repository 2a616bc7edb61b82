/// The type of a tensor's elements.
package enum ElementType: String, Sendable, Hashable, CaseIterable {
  case float32, float64, int8, uint8, int16, uint16, int32, uint32, int64, uint64, bool

  /// Bytes of one element.
  package var size: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  package var isFloat: Bool { self == .float32 || self == .float64 }
}

/// A Swift type that is the element of some tensors.
package protocol TensorElement: BitwiseCopyable, Sendable {
  static var elementType: ElementType { get }
}

extension Float: TensorElement {
  package static var elementType: ElementType { .float32 }
}
extension Double: TensorElement {
  package static var elementType: ElementType { .float64 }
}
extension Int8: TensorElement {
  package static var elementType: ElementType { .int8 }
}
extension UInt8: TensorElement {
  package static var elementType: ElementType { .uint8 }
}
extension Int16: TensorElement {
  package static var elementType: ElementType { .int16 }
}
extension UInt16: TensorElement {
  package static var elementType: ElementType { .uint16 }
}
extension Int32: TensorElement {
  package static var elementType: ElementType { .int32 }
}
extension UInt32: TensorElement {
  package static var elementType: ElementType { .uint32 }
}
extension Int64: TensorElement {
  package static var elementType: ElementType { .int64 }
}
extension UInt64: TensorElement {
  package static var elementType: ElementType { .uint64 }
}
extension Bool: TensorElement {
  package static var elementType: ElementType { .bool }
}
