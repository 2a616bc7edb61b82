package import IR
package import Tensors
import Threads

/// Converts elements to another type.
///
/// Float to integer truncates towards zero and saturates (NaN gives 0); integer to narrower integer keeps the low bits;
/// anything but zero is true.
package struct Cast: Operator, TransposeTransparent, PreparationKeeping {
  package static let name = "Cast"

  package let to: ElementType

  package init(to: ElementType) {
    self.to = to
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    to = try attributes.choice("to")
  }

  package func write(to attributes: inout AttributeWriter) { attributes.set("to", to.rawValue) }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    guard x.type.quantization == nil else {
      throw Refusal("x is \(x.type), quantized values are converted by DequantizeLinear")
    }
    return [TensorType(to, x.shape)]
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let from = try site.inputs.required(0, "x").type.element
    let convert = conversion(from: from, to: to)
    let count = site.outputs[0].count
    return Kernel(implementation: "cast") { call in
      let x = call.input(0).base
      let y = call.output.base
      call.workers.run(elements: count) { range in convert(x, y, range) }
    }
  }
}

private typealias Conversion = @Sendable (UnsafeRawPointer, UnsafeMutableRawPointer, Range<Int>) -> Void

private func conversion(from: ElementType, to: ElementType) -> Conversion {
  switch from {
  case .float32: conversion(from: Float.self, to: to)
  case .float64: conversion(from: Double.self, to: to)
  case .int8: conversion(from: Int8.self, to: to)
  case .uint8: conversion(from: UInt8.self, to: to)
  case .int16: conversion(from: Int16.self, to: to)
  case .uint16: conversion(from: UInt16.self, to: to)
  case .int32: conversion(from: Int32.self, to: to)
  case .uint32: conversion(from: UInt32.self, to: to)
  case .int64: conversion(from: Int64.self, to: to)
  case .uint64: conversion(from: UInt64.self, to: to)
  case .bool: conversion(from: Truth.self, to: to)
  }
}

private func conversion<Source: Castable>(from: Source.Type, to: ElementType) -> Conversion {
  switch to {
  case .float32: conversion(Source.self, Float.self)
  case .float64: conversion(Source.self, Double.self)
  case .int8: conversion(Source.self, Int8.self)
  case .uint8: conversion(Source.self, UInt8.self)
  case .int16: conversion(Source.self, Int16.self)
  case .uint16: conversion(Source.self, UInt16.self)
  case .int32: conversion(Source.self, Int32.self)
  case .uint32: conversion(Source.self, UInt32.self)
  case .int64: conversion(Source.self, Int64.self)
  case .uint64: conversion(Source.self, UInt64.self)
  case .bool: conversion(Source.self, Truth.self)
  }
}

private func conversion<Source: Castable, Target: Castable>(_: Source.Type, _: Target.Type) -> Conversion {
  { source, target, range in
    let x = source.assumingMemoryBound(to: Source.self)
    let y = target.assumingMemoryBound(to: Target.self)
    for index in range { y[index] = Target(casting: x[index].number) }
  }
}

/// A number between two element types: integers and floats each in their widest form.
private enum Number {
  case integer(Int64)
  /// Beyond Int64.
  case large(UInt64)
  case real(Double)
}

private protocol Castable: BitwiseCopyable, Sendable {
  var number: Number { get }
  init(casting number: Number)
}

extension Castable where Self: BinaryFloatingPoint {
  var number: Number { .real(Double(self)) }

  init(casting number: Number) {
    switch number {
    case .integer(let value): self = Self(value)
    case .large(let value): self = Self(value)
    case .real(let value): self = Self(value)
    }
  }
}

extension Castable where Self: FixedWidthInteger {
  var number: Number { Int64(exactly: self).map(Number.integer) ?? .large(UInt64(truncatingIfNeeded: self)) }

  init(casting number: Number) {
    switch number {
    case .integer(let value): self = Self(truncatingIfNeeded: value)
    case .large(let value): self = Self(truncatingIfNeeded: value)
    case .real(let value):
      // Compared in Double, where the largest of 64 bits rounds up: the bound itself is already out of range.
      if value.isNaN {
        self = 0
      } else if value >= Double(Self.max) {
        self = Self.max
      } else if value <= Double(Self.min) {
        self = Self.min
      } else {
        self = Self(value)
      }
    }
  }
}

extension Float: Castable {}
extension Double: Castable {}
extension Int8: Castable {}
extension UInt8: Castable {}
extension Int16: Castable {}
extension UInt16: Castable {}
extension Int32: Castable {}
extension UInt32: Castable {}
extension Int64: Castable {}
extension UInt64: Castable {}

/// A byte that is a truth value; any bit pattern may come from a file.
private struct Truth: Castable {
  let byte: UInt8

  var number: Number { .integer(byte == 0 ? 0 : 1) }

  init(casting number: Number) {
    switch number {
    case .integer(let value): byte = value == 0 ? 0 : 1
    case .large: byte = 1
    case .real(let value): byte = value == 0 ? 0 : 1
    }
  }
}

extension Cast: PossibleIdentity {
  package func unchangedInput(_: [Operand?], _: TensorType) -> Int? { 0 }
}

#if !RUNTIME_ONLY
extension Cast: Differentiable {
  /// Numbers that are rounded have none.
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    [to == .float32 ? product.gradient : nil]
  }
}
#endif
