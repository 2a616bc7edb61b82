import CKernels
package import IR
package import Math
package import Tensors
import Threads

/// A function of one number applied to every element, float32.
package struct Unary: Operator, InPlace, TransposeTransparent, PreparationKeeping {
  package static let name = "Unary"

  package let function: UnaryFunction

  package init(_ function: UnaryFunction) {
    self.function = function
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    let name = try attributes.string("function")
    let parameters = try attributes.floats("parameters") ?? []
    guard let function = UnaryFunction(name: name, parameters: parameters) else {
      throw Unary.unknown(name, parameters)
    }
    self.function = function
  }

  package func check() throws(Refusal) {
    let (name, parameters) = function.stored
    guard !parameters.contains(where: \.isNaN) else { throw Unary.unknown(name, parameters) }
  }

  private static func unknown(_ name: String, _ parameters: [Float]) -> Refusal {
    Refusal("function \(name) with parameters \(parameters) is not known")
  }

  package func write(to attributes: inout AttributeWriter) {
    let (name, parameters) = function.stored
    attributes.set("function", name)
    if !parameters.isEmpty { attributes.set("parameters", parameters) }
  }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    try x.expect(.float32, "x")
    return [x.type]
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let activation = function.kernelActivation
    let count = site.outputs[0].count
    let unary = Kernels.float.unary
    return Kernel(implementation: "unary") { call in
      let x: UnsafePointer<Float> = call.input(0).pointer()
      let y: UnsafeMutablePointer<Float> = call.output.pointer()
      call.workers.run(elements: count) { range in
        unary(activation, range.count, x + range.lowerBound, y + range.lowerBound)
      }
    }
  }
}

extension Unary: PossibleIdentity {
  package func unchangedInput(_: [Operand?], _: TensorType) -> Int? {
    function == .identity ? 0 : nil
  }
}

extension Unary: Int8ConvertibleOperation {
  package func int8Refusal(_ inputs: [Operand?]) -> String? {
    inputs.isFlowing(0) ? nil : "the input is constant"
  }

  package func int8Form(output: Quantization) -> any Operator {
    LookupInt8(function, output: output)
  }
}
