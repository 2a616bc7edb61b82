import CKernels
import IR
import Math
import Operators
package import Tensors

/// Writes floats to one input of an executor again and again, as the plan reads them: copied, turned or quantized.
///
/// What that takes is prepared once, and nothing is allocated later. It belongs to the thread that has the executor.
package final class FloatInput {
  private let executor: Executor
  private let type: TensorType
  private let kernel: Kernel
  private var call: Call

  /// - Parameter index: of an input of floats, or of int8 whose quantization the plan leaves to us
  package init(_ executor: Executor, _ index: Int) {
    let view = executor.withInput(index) { $0 }
    let type = TensorType(.float32, view.shape)
    kernel = FloatInput.kernel(type, view)
    call = Call(inputs: [nil], outputs: [view], workers: executor.workers, scratch: view.base, scratchStride: 0)
    self.type = type
    self.executor = executor
  }

  private static func kernel(_ type: TensorType, _ view: MutableTensorView) -> Kernel {
    guard view.type.element == .int8 else {
      precondition(view.type.element == .float32, "an input \(view.type) takes no floats")
      if view.layout == .channelsLast, !Layout.areEquivalent(for: view.shape) {
        return LayoutConversion.kernel(type, to: .channelsLast)
      }
      return Kernel(implementation: "copy") { call in
        call.output.bytes.copyMemory(from: call.input(0).bytes)
      }
    }
    guard let quantization = view.type.quantization else { preconditionFailure("input \(view.type) takes no floats") }
    do throws(Refusal) {
      return try QuantizeLinear(quantization).kernel(
        for: Site(
          inputs: [Operand(type)], outputs: [view.type], layout: .rowMajor, outputLayout: view.layout,
          math: KernelMath()))
    } catch {
      preconditionFailure("QuantizeLinear has no kernel for an input the plan left to it: \(error)")
    }
  }

  /// Writes as many row-major floats as the input has.
  package func write(_ values: UnsafeBufferPointer<Float>) {
    precondition(values.count == type.count, "\(values.count) numbers are given for an input \(type)")
    guard let source = values.baseAddress else { return }
    call.inputs[0] = TensorView(type, base: source)
    kernel.run(call)
    call.inputs[0] = nil
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
