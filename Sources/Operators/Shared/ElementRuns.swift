import IR
import Math
import Tensors
import Threads

/// A run of elements of an int8 operator: where it begins in the operands and in the output.
struct ElementRun {
  /// How many units there are to compute.
  let count: Int
  let a: UnsafePointer<Int8>
  /// The other operand's elements; those of `a` where there is none.
  let b: UnsafePointer<Int8>
  let y: UnsafeMutablePointer<Int8>
}

/// Int8 operators whose output has the shape of an input and any elements of which can be computed by themselves.
///
/// `compute` says once what is done to a run of them. The whole tensor, split among threads, and bands of rows are
/// that.
struct ElementRuns: Sendable {
  enum Other: Sendable {
    case none
    /// An operand of the same shape; either of the two may be the one whose rows flow.
    case alike
    /// An operand of one unit for each image, the same for all units of the image.
    case perImage
  }

  private let unit: Int
  private let images: Int
  private let unitsPerImage: Int
  private let other: Other
  private let rows: RowKernel.Extent?

  /// - Parameters:
  ///   - unit: elements that are computed together
  ///   - hasRows: whether bands of rows can be computed where they are known
  init(_ site: Site, unit: Int = 1, other: Other = .none, hasRows: Bool = true) {
    self.unit = unit
    self.other = other
    images = if case .perImage = other { site.outputs[0].shape[0] } else { 1 }
    unitsPerImage = site.outputs[0].count / max(1, unit * images)
    rows = hasRows ? site.channelsLastRows : nil
  }

  func kernel(
    packedBytes: Int = 0, implementation: String, compute: @escaping @Sendable (ElementRun) -> Void
  ) -> Kernel {
    Kernel(packedBytes: packedBytes, implementation: implementation, rows: rowKernel(compute)) { call in
      let a: UnsafePointer<Int8> = call.input(0).pointer()
      let b: UnsafePointer<Int8> = hasOther ? call.input(1).pointer() : a
      let y: UnsafeMutablePointer<Int8> = call.output.pointer()
      for image in 0..<images {
        call.workers.run(elements: unitsPerImage, grain: max(1, (1 << 15) / unit)) { range in
          let start = (image * unitsPerImage + range.lowerBound) * unit
          compute(ElementRun(count: range.count, a: a + start, b: b + otherStart(start, image), y: y + start))
        }
      }
    }
  }

  private func rowKernel(_ compute: @escaping @Sendable (ElementRun) -> Void) -> RowKernel? {
    guard let rows else { return nil }
    return RowKernel(input: rows, output: rows, window: .same, alike: isAlike ? 2 : 1) { call in
      let flowing = call.input.assumingMemoryBound(to: Int8.self)
      var still = flowing
      if hasOther {
        // There is one image: rows are only those of one.
        still =
          call.otherOperand.assumingMemoryBound(to: Int8.self) + otherStart(call.rows.lowerBound * rows.bytes, 0)
      }
      let isFirst = call.inputIndex == 0
      compute(
        ElementRun(
          count: call.rows.count * rows.bytes / unit, a: isFirst ? flowing : still, b: isFirst ? still : flowing,
          y: call.output.assumingMemoryBound(to: Int8.self)))
    }
  }

  private var hasOther: Bool { if case .none = other { false } else { true } }
  private var isAlike: Bool { if case .alike = other { true } else { false } }

  /// Where the other operand's elements are that go with those of an image from `start` on.
  private func otherStart(_ start: Int, _ image: Int) -> Int {
    switch other {
    case .none, .alike: start
    case .perImage: image * unit
    }
  }
}
