package import IR
package import Tensors
import Threads

/// The slices of x along `axis` that `indices` names: output shape x[..<axis] + indices + x[axis+1...].
///
/// Indices are int64 or int32; negative ones count from the end. Constant indices are checked; those computed at run
/// time are clamped into the dimension, as a kernel cannot fail.
package struct Gather: ElementMoving, PreparationKeeping {
  package static let name = "Gather"

  package let axis: Int

  package init(axis: Int) {
    self.axis = axis
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    axis = try attributes.int("axis", default: 0)
  }

  package func write(to attributes: inout AttributeWriter) { attributes.set("axis", axis) }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 2)
    let x = try inputs.required(0, "x")
    let indices = try inputs.required(1, "indices")
    let axis = try normalizedAxis(axis, rank: x.type.rank)
    guard indices.type.element == .int64 || indices.type.element == .int32 else {
      throw Refusal("indices are \(indices.type.element), expected int64 or int32")
    }
    let extent = x.shape[axis]
    if let values = indices.constant?.integers(), let bad = values.first(where: { $0 < -extent || $0 >= extent }) {
      throw Refusal("index \(bad) is outside dimension \(axis) of \(x.shape)")
    }
    guard extent > 0 || indices.type.count == 0 else {
      throw Refusal("dimension \(axis) of \(x.shape) is empty, there is nothing to gather from")
    }
    var shape = x.shape
    shape.replaceSubrange(axis...axis, with: indices.shape)
    return [x.type.with(shape: try checkedShape(shape))]
  }

  package func work(_: [Operand?], _: [TensorType]) -> Work { Work() }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let x = try site.inputs.required(0, "x")
    let indices = try site.inputs.required(1, "indices").type
    let split = AxisSplit(x.shape, axis: try normalizedAxis(axis, rank: x.type.rank))
    let block = split.inner * x.type.element.size
    let isWide = indices.element == .int64
    let count = indices.count
    return Kernel(implementation: "gather") { call in
      let source = call.input(0).base
      let positions = call.input(1)
      let target = call.output.base
      call.workers.run(units: split.outer) { _, range in
        for outer in range {
          for position in 0..<count {
            let raw =
              isWide ? Int(positions.pointer(Int64.self)[position]) : Int(positions.pointer(Int32.self)[position])
            let index = max(0, min(split.extent - 1, raw < 0 ? raw + split.extent : raw))
            (target + (outer * count + position) * block)
              .copyMemory(from: source + (outer * split.extent + index) * block, byteCount: block)
          }
        }
      }
    }
  }
}

#if !RUNTIME_ONLY
extension Gather: Differentiable {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    guard let indices = try product.constant(1, "indices").integers() else { throw Refusal("indices are no integers") }
    let shape = product.shape(ofInput: 0)
    let axis = try normalizedAxis(axis, rank: shape.count)
    var taken = shape
    taken[axis] = indices.count
    let places = indices.map { $0 < 0 ? $0 + shape[axis] : $0 }
    let gradient = try product.reshaped(product.gradient, taken)
    return [try product.gatheredBack(gradient, along: axis, indices: places, extent: shape[axis])]
  }
}
#endif
