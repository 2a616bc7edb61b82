package import IR
package import Tensors
import Threads

/// The index of the largest element along a dimension, int64; of equal ones the first, or the last.
///
/// Takes float32, int8, int32 and int64; quantization keeps the order, so int8 needs none of it.
package struct ArgMax: Operator {
  package static let name = "ArgMax"

  package let axis: Int
  package let keepsDimensions: Bool
  package let selectsLast: Bool

  package init(axis: Int = 0, keepsDimensions: Bool = true, selectsLast: Bool = false) {
    self.axis = axis
    self.keepsDimensions = keepsDimensions
    self.selectsLast = selectsLast
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    axis = try attributes.int("axis", default: 0)
    keepsDimensions = try attributes.bool("keepdims", default: true)
    selectsLast = try attributes.bool("select_last_index", default: false)
  }

  package func write(to attributes: inout AttributeWriter) {
    attributes.set("axis", axis)
    if !keepsDimensions { attributes.set("keepdims", false) }
    if selectsLast { attributes.set("select_last_index", true) }
  }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    guard [.float32, .int8, .int32, .int64].contains(x.type.element) else {
      throw Refusal("x is \(x.type.element), expected float32, int8, int32 or int64")
    }
    let axis = try normalizedAxis(axis, rank: x.type.rank)
    guard x.shape[axis] > 0 else { throw Refusal("dimension \(axis) of \(x.shape) is empty") }
    var shape = x.shape
    if keepsDimensions {
      shape[axis] = 1
    } else {
      shape.remove(at: axis)
    }
    return [TensorType(.int64, shape)]
  }

  package func work(_ inputs: [Operand?], _: [TensorType]) -> Work {
    Work(elementOperations: inputs.optional(0)?.type.count ?? 0)
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let x = try site.inputs.required(0, "x")
    let split = AxisSplit(x.shape, axis: try normalizedAxis(axis, rank: x.type.rank))
    switch x.type.element {
    case .float32: return kernel(Float.self, split)
    case .int8: return kernel(Int8.self, split)
    case .int32: return kernel(Int32.self, split)
    default: return kernel(Int64.self, split)
    }
  }

  private func kernel<Element: Comparable & BitwiseCopyable & Sendable>(_: Element.Type, _ split: AxisSplit) -> Kernel {
    let selectsLast = selectsLast
    return Kernel(implementation: "argmax") { call in
      let source = call.input(0).base.assumingMemoryBound(to: Element.self)
      let y: UnsafeMutablePointer<Int64> = call.output.pointer()
      call.workers.run(units: split.outer * split.inner) { _, range in
        for position in range {
          let x = source + position / split.inner * split.extent * split.inner + position % split.inner
          var best = 0
          for index in 1..<max(1, split.extent) {
            let value = x[index * split.inner]
            let largest = x[best * split.inner]
            if value > largest || selectsLast && value == largest { best = index }
          }
          y[position] = Int64(best)
        }
      }
    }
  }
}
