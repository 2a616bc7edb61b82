import CKernels
package import IR
package import Math
package import Tensors
import Threads

/// y = activation(x * scale[c] + shift[c]) along dimension 1, one fused multiply-add in either layout.
package struct ChannelAffine: Sendable {
  /// Elements of a row-major plane computed at once: the kernel wants a scale for each.
  private static let stretch = 256

  private let scale: [Float]
  private let shift: [Float]
  private let activation: ck_activation

  package init(scale: [Float], shift: [Float], activation: UnaryFunction) {
    self.scale = scale
    self.shift = shift
    self.activation = activation.kernelActivation
  }

  /// The kernel for an input of the site's first input's type.
  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let shape = site.outputs[0].shape
    let split = AxisSplit(shape, axis: 1, layout: site.layout(ofOutput: 0))
    guard site.outputs[0].count > 0 else { return try site.emptyKernel() }
    return split.inner == 1 ? rowKernel(rows: split.outer) : planeKernel(split)
  }

  private func rowKernel(rows: Int) -> Kernel {
    let channels = scale.count
    let compute = Kernels.float.scale_shift
    return Kernel(packedBytes: 8 * channels, implementation: "scale_shift") { call in
      let x: UnsafePointer<Float> = call.input(0).pointer()
      let y: UnsafeMutablePointer<Float> = call.output.pointer()
      call.workers.run(elements: rows, grain: max(1, 8192 / channels)) { range in
        let start = range.lowerBound * channels
        compute(activation, range.count, channels, x + start, scale, shift, y + start)
      }
    }
  }

  private func planeKernel(_ split: AxisSplit) -> Kernel {
    let compute = Kernels.float.scale_shift
    let stretch = ChannelAffine.stretch
    let channels = scale.count
    let planes = split.outer * channels
    return Kernel(
      scratch: 2 * stretch * MemoryLayout<Float>.size, packedBytes: 8 * channels, implementation: "scale_shift_planes"
    ) { call in
      let x: UnsafePointer<Float> = call.input(0).pointer()
      let y: UnsafeMutablePointer<Float> = call.output.pointer()
      call.workers.run(units: planes) { thread, range in
        let scales = call.scratch(thread: thread).assumingMemoryBound(to: Float.self)
        let shifts = scales + stretch
        for plane in range {
          scales.update(repeating: scale[plane % channels], count: stretch)
          shifts.update(repeating: shift[plane % channels], count: stretch)
          let start = plane * split.inner
          let rows = split.inner / stretch
          let done = start + rows * stretch
          let rest = split.inner % stretch
          if rows > 0 { compute(activation, rows, stretch, x + start, scales, shifts, y + start) }
          if rest > 0 { compute(activation, 1, rest, x + done, scales, shifts, y + done) }
        }
      }
    }
  }
}

/// The number of channels of x [N, C, ...], checked against the vectors that go with it.
package func channelCount(_ x: Operand) throws(Refusal) -> Int {
  guard x.type.rank >= 2 else { throw Refusal("x has shape \(x.shape), expected [N, C, ...]") }
  return x.shape[1]
}
