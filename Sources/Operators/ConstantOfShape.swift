package import IR
package import Tensors

/// A tensor filled with one value; its shape is the constant first input.
package struct ConstantOfShape: Operator {
  package static let name = "ConstantOfShape"

  /// One element; its type is the output's.
  package let value: Tensor

  package init(value: Tensor = Tensor([Float(0)])) {
    self.value = value
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    value = try attributes.tensor("value") ?? Tensor([Float(0)])
    try check()
  }

  package func check() throws(Refusal) {
    guard value.count == 1 else { throw Refusal("attribute value is \(value.type), expected one element") }
  }

  package func write(to attributes: inout AttributeWriter) { attributes.set("value", value) }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let operand = try inputs.required(0, "shape")
    try operand.expect(.int64, "shape")
    try operand.expect(rank: 1, "shape")
    guard let shape = operand.constant?.integers() else {
      throw Refusal("a shape that is computed at run time is not supported")
    }
    return [value.type.with(shape: try checkedShape(shape))]
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let output = site.outputs[0]
    let value = value.owned()
    // Repetition is a copy whose source stands still.
    let copy = StridedCopy(
      extents: [output.count], source: [0], target: [1], elementSize: output.element.size)
    return Kernel(implementation: "fill") { call in
      copy.run(from: value, to: call.output.base, workers: call.workers)
    }
  }
}
