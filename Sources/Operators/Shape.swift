package import IR
package import Tensors

/// The dimensions of x from `start` up to, not including, `end`, as int64; known when types are.
package struct Shape: Operator {
  package static let name = "Shape"

  package let start: Int
  package let end: Int?

  package init(start: Int = 0, end: Int? = nil) {
    self.start = start
    self.end = end
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    start = try attributes.int("start", default: 0)
    end = attributes.has("end") ? try attributes.int("end") : nil
  }

  package func write(to attributes: inout AttributeWriter) {
    if start != 0 { attributes.set("start", start) }
    if let end { attributes.set("end", end) }
  }

  // The elements of x are never read, so their order does not matter.
  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    return [TensorType(.int64, [dimensions(of: x.shape).count])]
  }

  /// The dimensions asked for; bounds are clamped as in ONNX.
  package func dimensions(of shape: [Int]) -> [Int] {
    let rank = shape.count
    func clamped(_ index: Int) -> Int { max(0, min(rank, index < 0 ? index + rank : index)) }
    let from = clamped(start)
    let to = clamped(end ?? rank)
    return from < to ? Array(shape[from..<to]) : []
  }

  package func work(_: [Operand?], _: [TensorType]) -> Work { Work() }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let values = dimensions(of: try site.inputs.required(0, "x").shape)
    return Kernel(implementation: "shape") { call in
      let y: UnsafeMutablePointer<Int64> = call.output.pointer()
      for (index, value) in values.enumerated() { y[index] = Int64(value) }
    }
  }
}
