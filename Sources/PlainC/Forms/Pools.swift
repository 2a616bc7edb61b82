import IR
import Math
import Operators
import Tensors

// Maxima and means of windows and of whole images, int8 and float32.

extension MaxPool: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    let x = try site.site.inputs.required(0, "x")
    let isInt8 = x.type.element == .int8
    try writer.pool(window, site) { window, input, output, writer in
      writer.call(isInt8 ? .maxPoolS8 : .maxPoolF32, window, input, output)
    }
  }
}

extension GlobalMaxPool: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    let x = try site.site.inputs.required(0, "x")
    // One window as large as the image.
    try MaxPool(window: Window(kernel: Array(x.shape[2...]))).write(site, to: &writer)
  }
}

extension AveragePoolInt8: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    let x = try site.site.inputs.required(0, "x")
    let quantization = try x.quantized("x")
    let stage: [CProgram.Argument] = [
      .int(quantization.zeroPoint), .float(Float(Double(quantization.scale) / Double(output.scale))),
      .int(output.zeroPoint),
    ]
    guard let window else {
      return try writer.wholeImages(site) { positions, channels, input, output, writer in
        writer.call(.globalAverageS8, positions, channels, stage[0], stage[1], stage[2], input, output)
      }
    }
    let includesPadding = CProgram.Argument.int(countIncludesPadding ? 1 : 0)
    try writer.pool(window, site) { window, input, output, writer in
      writer.call(.averagePoolS8, window, includesPadding, stage[0], stage[1], stage[2], input, output)
    }
  }
}

extension AveragePool: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    let x = try site.site.inputs.required(0, "x")
    if countIncludePad && overhangs(input: x.shape, output: site.site.outputs[0].shape) {
      throw Refusal("windows that overhang the padding have no form in plain C")
    }
    let includesPadding = CProgram.Argument.int(countIncludePad ? 1 : 0)
    try writer.pool(window, site) { window, input, output, writer in
      writer.call(.averagePoolF32, window, includesPadding, input, output)
    }
  }
}

extension GlobalAveragePool: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    try writer.wholeImages(site) { positions, channels, input, output, writer in
      writer.call(.globalAverageF32, positions, channels, input, output)
    }
  }
}

extension CallWriter {
  /// Calls `body` for each image of the first input with its window, its beginning and that of its output.
  fileprivate mutating func pool(
    _ window: Window, _ site: CSite,
    _ body: (CProgram.Argument, CProgram.Argument, CProgram.Argument, inout CallWriter) -> Void
  ) throws(Refusal) {
    let x = try site.site.inputs.required(0, "x").shape
    let shape = window.convolutionShape(input: x, output: site.site.outputs[0].shape, groups: x[1])
    let (from, to, record) = (try site.input(), site.output, try self.window(shape))
    for image in 0..<x[0] {
      body(
        record, .pointer(from.advanced(by: image * shape.inputCount)),
        .pointer(to.advanced(by: image * shape.outputCount)), &self)
    }
  }

  /// The same for what takes whole images, with their positions and channels.
  fileprivate mutating func wholeImages(
    _ site: CSite,
    _ body: (CProgram.Argument, CProgram.Argument, CProgram.Argument, CProgram.Argument, inout CallWriter) -> Void
  ) throws(Refusal) {
    let x = try site.site.inputs.required(0, "x").shape
    let (positions, channels) = (x[2] * x[3], x[1])
    let (from, to) = (try site.input(), site.output)
    for image in 0..<x[0] {
      body(
        .int(positions), .int(channels), .pointer(from.advanced(by: image * positions * channels)),
        .pointer(to.advanced(by: image * channels)), &self)
    }
  }
}
