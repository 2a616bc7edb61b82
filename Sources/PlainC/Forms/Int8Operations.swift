import HeapMemory
import IR
import Math
import Operators
import Tensors

// Int8 operators without weights.

extension AddInt8: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    let a = try site.site.inputs.required(0, "a").quantized("a")
    let b = try site.site.inputs.required(1, "b").quantized("b")
    let scale = Double(output.quantization.scale)
    writer.call(
      .addS8, .int(site.site.outputs[0].count), .pointer(try site.input(0)), .int(a.zeroPoint),
      .float(Float(Double(a.scale) / scale)), .pointer(try site.input(1)), .int(b.zeroPoint),
      .float(Float(Double(b.scale) / scale)), .int(output.quantization.zeroPoint), .int(output.lower),
      .int(output.upper), .pointer(site.output))
  }
}

extension MulInt8: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    let operands = (try site.site.inputs.required(0, "a"), try site.site.inputs.required(1, "b"))
    let (a, b) = (try operands.0.quantized("a"), try operands.1.quantized("b"))
    let multiplier = Float(Double(a.scale) * Double(b.scale) / Double(output.quantization.scale))
    let isPlain = operands.0.shape == operands.1.shape
    let channels = isPlain ? operands.0.type.count : operands.0.shape[1]
    let images = isPlain ? 1 : operands.0.shape[0]
    let rows = operands.0.type.count / max(1, channels * images)
    let (left, right) = (try site.input(0), try site.input(1))
    for image in 0..<images {
      let start = image * rows * channels
      writer.call(
        .multiplyRowsS8, .int(rows), .int(channels), .pointer(left.advanced(by: start)), .int(a.zeroPoint),
        .pointer(right.advanced(by: image * channels)), .int(b.zeroPoint), .float(multiplier),
        .int(output.quantization.zeroPoint), .int(output.lower), .int(output.upper),
        .pointer(site.output.advanced(by: start)))
    }
  }
}

extension LookupInt8: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    let input = try site.site.inputs.required(0, "x").quantized("x")
    let table = Int8Output.table(function, from: input, to: output)
    let entries = table.withPointer(to: Int8.self) { Array(UnsafeBufferPointer(start: $0, count: 256)) }
    writer.call(
      .lookUpS8, .int(site.site.outputs[0].count), .pointer(try site.input()), writer.table("table", entries),
      .pointer(site.output))
  }
}

extension ConcatInt8: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    let shape = site.site.outputs[0].shape
    let split = AxisSplit(
      shape, axis: try normalizedAxis(axis, rank: shape.count), layout: site.site.layout(ofOutput: 0))
    let total = split.extent * split.inner
    var offset = 0
    for index in site.inputs.indices {
      let x = try site.site.inputs.required(index, "x\(index)")
      let quantization = try x.quantized("x\(index)")
      let length = x.type.count / max(1, split.outer)
      writer.call(
        .requantizeRowsS8, .int(split.outer), .int(length), .pointer(try site.input(index)), .int(length),
        .int(quantization.zeroPoint),
        .float(quantization == output ? 1 : Float(Double(quantization.scale) / Double(output.scale))),
        .pointer(site.output.advanced(by: offset)), .int(total), .int(output.zeroPoint))
      offset += length
    }
  }
}
