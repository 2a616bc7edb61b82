import CKernels
import IR
import Math
import Operators
package import Tensors

extension Executor {
  /// Quantizes as many row-major floats as an int8 input has, as the operator that a plan left out does.
  package func quantize(_ values: UnsafeBufferPointer<Float>, intoInput index: Int) {
    withInput(index) { quantize(values, into: $0) }
  }

  private func quantize(_ values: UnsafeBufferPointer<Float>, into view: MutableTensorView) {
    let type = TensorType(.float32, view.shape)
    precondition(values.count == view.count, "\(values.count) numbers are given for an input \(view.type)")
    guard let quantization = view.type.quantization else { preconditionFailure("input \(view.type) takes no int8") }
    guard let source = values.baseAddress else { return }
    let kernel: Kernel
    do throws(Refusal) {
      kernel = try QuantizeLinear(quantization).kernel(
        for: Site(
          inputs: [Operand(type)], outputs: [view.type], layout: .rowMajor, outputLayout: view.layout,
          math: KernelMath()))
    } catch {
      preconditionFailure("QuantizeLinear has no kernel for an input the plan left to it: \(error)")
    }
    let floats = TensorView(type, base: source)
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
