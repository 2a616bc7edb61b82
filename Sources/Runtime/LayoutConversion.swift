package import IR
import Operators
package import Tensors
import Threads

/// Moves a 4-D tensor between row-major (NCHW) and channels-last (NHWC).
package enum LayoutConversion {
  package static func kernel(_ type: TensorType, to layout: Layout) -> Kernel {
    let copy = StridedCopy(type, from: layout == .channelsLast ? .rowMajor : .channelsLast, to: layout)
    return Kernel(implementation: "transpose") { call in
      copy.run(from: call.input(0).base, to: call.output.base, workers: call.workers)
    }
  }

  /// A copy of what a view shows, row-major.
  package static func rowMajor(_ view: TensorView) -> Tensor {
    Tensor(view.type) { target in
      guard let base = target.baseAddress else { return }
      write(view.bytes, layout: view.layout, into: MutableTensorView(view.type, base: base))
    }
  }

  /// Copies bytes that lie in a layout into a view of as many, turning them where its layout is another.
  package static func write(_ bytes: UnsafeRawBufferPointer, layout: Layout, into view: MutableTensorView) {
    precondition(bytes.count == view.type.byteCount, "\(bytes.count) bytes are given for an input \(view.type)")
    guard let source = bytes.baseAddress else { return }
    if view.layout == layout || Layout.areEquivalent(for: view.shape) {
      view.base.copyMemory(from: source, byteCount: bytes.count)
    } else {
      StridedCopy(view.type, from: layout, to: view.layout).run(
        from: source, to: view.base, workers: Workers(threads: 1))
    }
  }
}
