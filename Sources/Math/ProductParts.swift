import CKernels

/// The rows of a matrix product in ranges that can be computed by themselves: bands of a 1x1 convolution whose pixels
/// are the rows of the first matrix.
struct ProductParts: Sendable {
  let shape: ConvolutionShape
  let count: Int
  private let inner: Int
  private let columns: Int

  init(rows: Int, inner: Int, columns: Int, parts: Int) {
    shape = ConvolutionShape(rows: rows, inner: inner, columns: columns)
    count = parts
    self.inner = inner
    self.columns = columns
  }

  /// One range of rows: where it begins in the first matrix and in the product, and how many numbers it has there.
  struct Part {
    let band: ConvolutionShape
    let input: Int
    let output: Int
    let outputCount: Int
  }

  subscript(part: Int) -> Part {
    let rows = Int(shape.out_h)
    let range = part * rows / count..<(part + 1) * rows / count
    return Part(
      band: shape.band(range), input: range.lowerBound * inner, output: range.lowerBound * columns,
      outputCount: range.count * columns)
  }

  /// The most scratch memory that a part needs.
  func scratch(_ bytes: (UnsafePointer<ConvolutionShape>) -> Int) -> Int {
    // Parts have one of two sizes.
    let rows = Int(shape.out_h)
    return [rows / count, (rows + count - 1) / count].reduce(0) { largest, rows in
      max(largest, withUnsafePointer(to: shape.band(0..<rows), bytes))
    }
  }
}

/// Sizes of parts of scratch memory, so that each begins where kernels want it.
func aligned(_ bytes: Int) -> Int { (bytes + Int(CK_ALIGN) - 1) / Int(CK_ALIGN) * Int(CK_ALIGN) }
