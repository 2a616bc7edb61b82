package import CKernels
package import HeapMemory
package import IR
package import Math
package import Tensors

/// How an int8 operator makes its output from an accumulator or sum: the last stage of the int8 contract.
///
/// With a clamp (ReLU, ReLU6, none): y = clamp(rne(acc * m) + z_y, lower, upper). With another function f the
/// accumulator is first requantized to `inner`, then a table maps its 256 values to the nearest values of f in
/// `quantization`.
package struct Int8Output: Sendable, Hashable {
  package var quantization: Quantization
  /// Bounds of the stored integers.
  package var lower: Int
  package var upper: Int
  package var function: UnaryFunction
  /// The quantization of the function's argument; equal to `quantization` where there is no table.
  package var inner: Quantization

  /// An output after a clamp or nothing.
  package init(_ quantization: Quantization, clamp: (lower: Float, upper: Float) = (-.infinity, .infinity)) {
    self.quantization = quantization
    inner = quantization
    function = .identity
    lower = clamp.lower == -.infinity ? -128 : quantization.quantize(Double(clamp.lower))
    upper = clamp.upper == .infinity ? 127 : quantization.quantize(Double(clamp.upper))
  }

  /// An output after a function of a value that is first quantized as `inner`.
  package init(_ quantization: Quantization, function: UnaryFunction, of inner: Quantization) {
    self.quantization = quantization
    self.inner = inner
    self.function = function
    lower = -128
    upper = 127
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    quantization = try Quantization(reading: &attributes)
    lower = try attributes.int("lower", default: -128)
    upper = try attributes.int("upper", default: 127)
    guard -128 <= lower, lower <= upper, upper <= 127 else {
      throw Refusal("bounds \(lower)...\(upper) are out of range")
    }
    let name = try attributes.string("function", default: "identity")
    let parameters = try attributes.floats("function_parameters") ?? []
    guard let function = UnaryFunction(name: name, parameters: parameters) else {
      throw Refusal("function \(name) with parameters \(parameters) is not known")
    }
    self.function = function
    inner = function == .identity ? quantization : try Quantization(reading: &attributes, prefix: "inner")
  }

  package func write(to attributes: inout AttributeWriter) {
    quantization.write(to: &attributes)
    if lower != -128 { attributes.set("lower", lower) }
    if upper != 127 { attributes.set("upper", upper) }
    guard function != .identity else { return }
    attributes.set("function", function.stored.name)
    if !function.stored.parameters.isEmpty { attributes.set("function_parameters", function.stored.parameters) }
    inner.write(to: &attributes, prefix: "inner")
  }

  /// Whether there is a table after requantization.
  package var hasTable: Bool { function != .identity }

  /// The table for `function`, indexed by q + 128; nil where there is none.
  package func table() -> PackedMemory? {
    guard hasTable else { return nil }
    return Int8Output.table(function, from: inner, to: quantization)
  }

  package static func table(_ function: UnaryFunction, from inner: Quantization, to output: Quantization)
    -> PackedMemory
  {
    PackedMemory(count: 256) { memory in
      let entries = memory.assumingMemoryBound(to: Int8.self)
      for q in -128...127 { entries[q + 128] = Int8(output.quantize(function(inner.real(q)))) }
    }
  }

  /// The stage as kernels take it.
  package func requantization(inputZeroPoint: Int) -> Requantization {
    Requantization(
      stage: ck_requantize(
        input_zero_point: Int32(inputZeroPoint), output_zero_point: Int32(inner.zeroPoint), lo: Int32(lower),
        hi: Int32(upper), lut: nil), table: table())
  }
}

/// An output stage in the form of the kernels, with the table it ends in.
package struct Requantization: Sendable {
  // Numbers alone: its pointer is set where the table is lent.
  nonisolated(unsafe) private let stage: ck_requantize
  private let table: PackedMemory?

  fileprivate init(stage: ck_requantize, table: PackedMemory?) {
    self.stage = stage
    self.table = table
  }

  package var tableBytes: Int { table?.count ?? 0 }

  /// Lends the stage and its table.
  package func withStage(_ body: (ck_requantize) -> Void) {
    guard let table else { return body(stage) }
    table.withPointer(to: Int8.self) { entries in
      var stage = stage
      stage.lut = entries
      body(stage)
    }
  }
}

extension Operand {
  /// The quantization of an int8 activation.
  package func quantized(_ role: String) throws(Refusal) -> Quantization {
    guard type.element == .int8, let quantization = type.quantization else {
      throw Refusal("\(role) is \(type), expected a quantized int8 tensor")
    }
    return quantization
  }
}

extension Quantization {
  /// Reads `<prefix>_scale` and `<prefix>_zero_point`.
  package init(reading attributes: inout AttributeReader, prefix: String = "output") throws(Refusal) {
    let scale = try attributes.float("\(prefix)_scale")
    let zeroPoint = try attributes.int("\(prefix)_zero_point")
    guard scale.isFinite, scale >= .leastNormalMagnitude, (-128...127).contains(zeroPoint) else {
      throw Refusal("\(prefix)_scale \(scale) or \(prefix)_zero_point \(zeroPoint) is out of range")
    }
    self.init(scale: scale, zeroPoint: zeroPoint)
  }

  package func write(to attributes: inout AttributeWriter, prefix: String = "output") {
    attributes.set("\(prefix)_scale", scale)
    attributes.set("\(prefix)_zero_point", zeroPoint)
  }
}
