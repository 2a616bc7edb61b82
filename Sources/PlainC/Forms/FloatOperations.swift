import IR
import Math
import Operators
import Tensors

// Float32 operators without weights.

extension Unary: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    writer.call(
      .unaryF32, try writer.activation(function), .int(site.site.outputs[0].count), .pointer(try site.input()),
      .pointer(site.output))
  }
}

extension Binary: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    let a = try site.site.inputs.required(0, "a")
    let b = try site.site.inputs.required(1, "b")
    let output = site.site.outputs[0]
    guard output.element == .float32, let operation = CProgram.Operation(rawValue: function.rawValue) else {
      throw Refusal("\(function.rawValue) of \(output.element) has no form in plain C")
    }
    guard let rows = rows(for: site.site, a, b, output) else {
      throw Refusal("shapes \(a.shape) and \(b.shape) broadcast in a way there is no form for in plain C")
    }
    let count = CProgram.Argument.int(output.count)
    let finish = try writer.activation(activation)
    let (left, right, y) = (try site.input(0), try site.input(1), CProgram.Argument.pointer(site.output))
    switch rows {
    case .alike where function == .add:
      return writer.call(.addF32, finish, count, .pointer(left), .pointer(right), y)
    case .alike:
      writer.call(.binaryRowsF32, .operation(operation), .int(0), .int(1), count, .pointer(left), .pointer(right), y)
    case .repeated(let isSwapped, let rows, let channels):
      writer.call(
        .binaryRowsF32, .operation(operation), .int(isSwapped ? 1 : 0), .int(rows), .int(channels),
        .pointer(isSwapped ? right : left), .pointer(isSwapped ? left : right), y)
    }
    if activation != .identity { writer.call(.unaryF32, finish, count, y, y) }
  }
}

extension Softmax: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    let shape = site.site.outputs[0].shape
    let split = AxisSplit(
      shape, axis: try normalizedAxis(axis, rank: shape.count), layout: site.site.layout(ofInput: 0))
    guard split.inner == 1, split.extent > 0 else {
      throw Refusal("a softmax whose numbers do not lie together has no form in plain C")
    }
    writer.call(
      .softmaxF32, .int(split.outer), .int(split.extent), .pointer(try site.input()), .pointer(site.output))
  }
}
