package import IR
import Math
package import Tensors

/// The largest value in each window, float32 or int8; positions in the padding do not take part.
package struct MaxPool: ElementMoving, PreparationKeeping {
  package static let name = "MaxPool"

  package let window: Window
  package let ceiling: Bool

  package init(window: Window, ceiling: Bool = false) {
    self.window = window
    self.ceiling = ceiling
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    window = try Window(reading: &attributes)
    ceiling = try attributes.bool("ceil_mode", default: false)
  }

  package func write(to attributes: inout AttributeWriter) {
    window.write(to: &attributes)
    if ceiling { attributes.set("ceil_mode", true) }
  }

  package var layout: LayoutRule { .channelsLast }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    guard x.type.element == .float32 || x.type.element == .int8 else {
      throw Refusal("x is \(x.type.element), expected float32 or int8")
    }
    return [x.type.with(shape: try Pooling.outputShape(x, window: window, ceiling: ceiling))]
  }

  package func work(_: [Operand?], _ outputs: [TensorType]) -> Work {
    Work(elementOperations: outputs.reduce(0) { $0 + $1.count * window.kernel[0] * window.kernel[1] })
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let x = try site.inputs.required(0, "x")
    let shape = window.convolutionShape(input: x.shape, output: site.outputs[0].shape, groups: x.shape[1])
    return Pooling.maximum(x.type, images: x.shape[0], shape: shape)
  }
}

extension MaxPool: PossibleIdentity {
  package func unchangedInput(_: [Operand?], _: TensorType) -> Int? {
    window.isSinglePosition ? 0 : nil
  }
}
