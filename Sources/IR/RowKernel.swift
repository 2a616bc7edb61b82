/// The way of a kernel each of whose output rows needs only a window of one input's rows: it computes any rows by
/// themselves, on the calling thread, from input rows wherever they lie. Rows are those of one channels-last image.
package struct RowKernel: Sendable {
  /// Rows of an image, each `bytes` long.
  package struct Extent: Sendable, Equatable {
    package let rows: Int
    package let bytes: Int

    package init(rows: Int, bytes: Int) {
      self.rows = rows
      self.bytes = bytes
    }
  }

  /// Which input rows an output row needs: row y those from y * stride - padding on, `span` of them, where they exist.
  package struct Window: Sendable, Equatable {
    package let span: Int
    package let stride: Int
    package let padding: Int

    package init(span: Int, stride: Int, padding: Int) {
      self.span = span
      self.stride = stride
      self.padding = padding
    }

    /// The rows that output rows need of an input of so many.
    package func inputRows(for rows: Range<Int>, of count: Int) -> Range<Int> {
      let lower = rows.lowerBound * stride - padding
      let upper = (rows.upperBound - 1) * stride - padding + span
      return max(0, lower)..<min(count, upper)
    }

    /// A row needs the row at its own place.
    package static var same: Window { Window(span: 1, stride: 1, padding: 0) }
  }

  package let input: Extent
  package let output: Extent
  package let window: Window
  /// The first so many inputs are alike: any of them may be the one whose rows flow in.
  package let alike: Int
  /// Bytes of scratch for computing at most so many rows at a time.
  package let scratch: @Sendable (_ rows: Int) -> Int
  package let run: @Sendable (RowCall) -> Void

  /// Nil where some output row would need no input row at all.
  package init?(
    input: Extent, output: Extent, window: Window, alike: Int = 1,
    scratch: @escaping @Sendable (_ rows: Int) -> Int = { _ in 0 },
    run: @escaping @Sendable (RowCall) -> Void
  ) {
    guard window.padding < window.span, (output.rows - 1) * window.stride - window.padding < input.rows else {
      return nil
    }
    self.input = input
    self.output = output
    self.window = window
    self.alike = alike
    self.scratch = scratch
    self.run = run
  }
}

/// One band of a `RowKernel`.
package struct RowCall {
  /// The output rows to compute.
  package let rows: Range<Int>
  /// The input rows they need, the first of them.
  package let input: UnsafeRawPointer
  /// Which of the operator's inputs they are.
  package let inputIndex: Int
  private let side: UnsafeRawPointer?
  /// Where the first output row goes.
  package let output: UnsafeMutableRawPointer
  package let scratch: UnsafeMutableRawPointer

  package init(
    rows: Range<Int>, input: UnsafeRawPointer, inputIndex: Int, side: UnsafeRawPointer?,
    output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) {
    self.rows = rows
    self.input = input
    self.inputIndex = inputIndex
    self.side = side
    self.output = output
    self.scratch = scratch
  }

  /// The other operand of operators with two, whole.
  package var otherOperand: UnsafeRawPointer {
    guard let side else { preconditionFailure("a row kernel of two operands stands in a chain that gives it one") }
    return side
  }
}
