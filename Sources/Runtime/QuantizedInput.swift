import CKernels
import IR
import Math
import Operators
package import Tensors

extension Executor {
  /// Quantizes row-major floats into an int8 input, as the operator that a plan left out does; nothing where their number
  /// is another.
  package func quantize(_ values: UnsafeBufferPointer<Float>, intoInput index: Int) {
    let view = input(index)
    let type = TensorType(.float32, view.shape)
    guard let quantization = view.type.quantization, values.count == view.count, let source = values.baseAddress,
      let kernel = try? QuantizeLinear(quantization).kernel(
        for: Site(
          inputs: [Operand(type)], outputs: [view.type], layout: .rowMajor, outputLayout: view.layout,
          math: KernelMath()))
    else { return }
    // Kernels do not write to their inputs.
    let floats = TensorView(type, base: UnsafeMutableRawPointer(mutating: source))
    kernel.run(
      Call(inputs: [floats], outputs: [view], workers: workers, scratch: view.base, scratchStride: kernel.scratch))
  }
}

extension Quantization {
  /// Values as the int8 kernels quantize them.
  package func quantize(_ values: [Float]) -> [Int8] {
    [Int8](unsafeUninitializedCapacity: values.count) { target, filled in
      guard let target = target.baseAddress, !values.isEmpty else { return }
      Kernels.int8.quantize(values.count, values, scale, Int32(zeroPoint), target)
      filled = values.count
    }
  }
}
