import CKernels
import IR
import Math
package import Tensors

extension Executor {
  /// Quantizes row-major floats of an int8 input's shape into place; nothing where their number is another.
  package func quantize(_ values: UnsafeBufferPointer<Float>, intoInput index: Int) {
    let view = input(index)
    guard let quantization = view.type.quantization, view.type.element == .int8, values.count == view.count,
      let source = values.baseAddress
    else { return }
    let target: UnsafeMutablePointer<Int8> = view.pointer()
    let zeroPoint = Int32(quantization.zeroPoint)
    guard view.layout == .channelsLast, view.type.rank == 4 else {
      Kernels.int8.quantize?(values.count, source, quantization.scale, zeroPoint, target)
      return
    }
    let pixels = view.shape[2] * view.shape[3]
    let imageCount = view.shape[1] * pixels
    for image in 0..<view.shape[0] {
      Kernels.int8.quantize_planes?(
        view.shape[1], pixels, source + image * imageCount, pixels, quantization.scale, zeroPoint,
        target + image * imageCount)
    }
  }
}

extension Quantization {
  /// Values as the int8 kernels quantize them.
  package func quantize(_ values: [Float]) -> [Int8] {
    [Int8](unsafeUninitializedCapacity: values.count) { target, filled in
      guard let target = target.baseAddress, !values.isEmpty else { return }
      Kernels.int8.quantize?(values.count, values, scale, Int32(zeroPoint), target)
      filled = values.count
    }
  }
}
