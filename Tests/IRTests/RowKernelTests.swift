import IR
import Testing

/// Which rows a row needs.
@Suite struct RowKernelTests {
  /// By trying every row of every tap.
  @Test func inputRowsAreThoseOfTheWindow() {
    for span in 1...4 {
      for stride in 1...3 {
        for padding in 0..<span {
          let window = RowKernel.Window(span: span, stride: stride, padding: padding)
          let count = 9
          for first in 0..<3 {
            for last in first..<3 {
              var needed: Set<Int> = []
              for row in first...last {
                for tap in 0..<span { needed.insert(row * stride - padding + tap) }
              }
              let range = window.inputRows(for: first..<last + 1, of: count)
              let inside = needed.filter { (0..<count).contains($0) }
              // Rows between two windows that a stride leaves out are in the range.
              #expect(range.lowerBound == inside.min() && range.upperBound - 1 == inside.max())
            }
          }
        }
      }
    }
    #expect(RowKernel.Window.same.inputRows(for: 2..<5, of: 9) == 2..<5)
  }

  private func kernel(rows: Int, of input: Int, _ window: RowKernel.Window) -> RowKernel? {
    RowKernel(
      input: RowKernel.Extent(rows: input, bytes: 4), output: RowKernel.Extent(rows: rows, bytes: 4), window: window
    ) { _ in }
  }

  /// An output row whose window lies in the padding alone has no input row to be computed from.
  @Test func windowsWithoutInputHaveNoRows() {
    #expect(kernel(rows: 4, of: 4, .same)?.scratch(3) == 0)
    #expect(kernel(rows: 5, of: 4, .same) == nil)
    #expect(kernel(rows: 4, of: 4, RowKernel.Window(span: 2, stride: 1, padding: 2)) == nil)
    #expect(kernel(rows: 4, of: 4, RowKernel.Window(span: 3, stride: 1, padding: 2)) != nil)
    #expect(kernel(rows: 4, of: 3, RowKernel.Window(span: 3, stride: 2, padding: 1)) == nil)
  }
}
