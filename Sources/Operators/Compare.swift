package import IR
import Math
package import Tensors

/// A comparison of two numbers, or a logical function of two truth values, with broadcasting; the result is bool.
///
/// Comparisons take numbers (equal also bool), `and`, `or` and `xor` take bool.
package struct Compare: Operator {
  package static let name = "Compare"

  package enum Function: String, Sendable, CaseIterable {
    case equal, less, greater
    case lessOrEqual = "less_or_equal"
    case greaterOrEqual = "greater_or_equal"
    case and, or, xor

    fileprivate var isLogical: Bool { self == .and || self == .or || self == .xor }
  }

  package let function: Function

  package init(_ function: Function) {
    self.function = function
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    function = try attributes.choice("function")
  }

  package func write(to attributes: inout AttributeWriter) { attributes.set("function", function.rawValue) }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 2)
    let a = try inputs.required(0, "a")
    let b = try inputs.required(1, "b")
    let element = a.type.element
    try b.expect(element, "b")
    let isTruth = element == .bool
    let isNumber = (element == .float32 || element.isInteger) && a.type.quantization == b.type.quantization
    guard function.isLogical ? isTruth : isNumber || isTruth && function == .equal else {
      throw Refusal("\(function.rawValue) of \(element) is not supported")
    }
    return [TensorType(.bool, try Broadcasting.shape(a.shape, b.shape))]
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let rows = try BroadcastRows(site, operands: 2)
    switch try site.inputs.required(0, "a").type.element {
    case .float32: return comparison(Float.self, rows)
    case .int8: return comparison(Int8.self, rows)
    case .uint8: return comparison(UInt8.self, rows)
    case .int16: return comparison(Int16.self, rows)
    case .uint16: return comparison(UInt16.self, rows)
    case .int32: return comparison(Int32.self, rows)
    case .uint32: return comparison(UInt32.self, rows)
    case .int64: return comparison(Int64.self, rows)
    case .uint64: return comparison(UInt64.self, rows)
    case .bool, .float64: return logic(rows)
    }
  }

  private func comparison<Element: Comparable & BitwiseCopyable & Sendable>(
    _: Element.Type, _ rows: BroadcastRows
  ) -> Kernel {
    switch function {
    case .less: kernel(Element.self, rows) { $0 < $1 }
    case .greater: kernel(Element.self, rows) { $0 > $1 }
    case .lessOrEqual: kernel(Element.self, rows) { $0 <= $1 }
    case .greaterOrEqual: kernel(Element.self, rows) { $0 >= $1 }
    case .equal, .and, .or, .xor: kernel(Element.self, rows) { $0 == $1 }
    }
  }

  /// Truth values are bytes: any bit pattern but 0 is true.
  private func logic(_ rows: BroadcastRows) -> Kernel {
    switch function {
    case .and: kernel(UInt8.self, rows) { $0 != 0 && $1 != 0 }
    case .or: kernel(UInt8.self, rows) { $0 != 0 || $1 != 0 }
    case .xor: kernel(UInt8.self, rows) { ($0 != 0) != ($1 != 0) }
    default: kernel(UInt8.self, rows) { ($0 != 0) == ($1 != 0) }
    }
  }

  private func kernel<Element: BitwiseCopyable & Sendable>(
    _: Element.Type, _ rows: BroadcastRows, _ holds: @escaping @Sendable (Element, Element) -> Bool
  ) -> Kernel {
    let strides = rows.strides
    return Kernel(implementation: "compare") { call in
      let a = call.input(0).base.assumingMemoryBound(to: Element.self)
      let b = call.input(1).base.assumingMemoryBound(to: Element.self)
      let y = call.output.base.assumingMemoryBound(to: UInt8.self)
      rows.run(call.workers) { position, offsets in
        for index in 0..<rows.length {
          let result = holds(a[offsets[0] + index * strides[0]], b[offsets[1] + index * strides[1]])
          y[position + index] = result ? 1 : 0
        }
      }
    }
  }
}
