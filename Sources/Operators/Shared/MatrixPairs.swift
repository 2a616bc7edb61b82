import IR
import Tensors
import Threads

/// How the matrices of two operands meet in their product, as in NumPy: the last two dimensions are the matrices, those
/// before them broadcast.
struct MatrixPairs: Sendable {
  let rows: Int
  let inner: Int
  let columns: Int
  /// The shape of the product.
  let output: [Int]
  /// The dimensions before the matrices, broadcast, and both operands' element strides along them.
  private let batch: [Int]
  private let leftStrides: [Int]
  private let rightStrides: [Int]

  init(_ a: [Int], _ b: [Int]) throws(Refusal) {
    guard let last = a.last, let first = b.first else {
      throw Refusal("a has shape \(a), b \(b): scalars have no matrix product")
    }
    // A vector is a row on the left and a column on the right; that dimension goes again from the output.
    let left = a.count == 1 ? [1, last] : a
    let right = b.count == 1 ? [first, 1] : b
    rows = left[left.count - 2]
    inner = last
    columns = right[right.count - 1]
    guard right[right.count - 2] == inner else {
      throw Refusal("a has shape \(a), b \(b): \(inner) columns do not meet \(right[right.count - 2]) rows")
    }
    let leftBatch = Array(left.dropLast(2))
    let rightBatch = Array(right.dropLast(2))
    batch = try Broadcasting.shape(leftBatch, rightBatch)
    let leftSize = rows * inner
    let rightSize = inner * columns
    leftStrides = Broadcasting.strides(of: leftBatch, layout: .rowMajor, along: batch).map { $0 * leftSize }
    rightStrides = Broadcasting.strides(of: rightBatch, layout: .rowMajor, along: batch).map { $0 * rightSize }
    output = try checkedShape(batch + (a.count == 1 ? [] : [rows]) + (b.count == 1 ? [] : [columns]))
  }

  var count: Int { batch.reduce(1, *) }

  /// How many ranges of rows a pair is cut into for threads to share, each of which packs the right matrix anew: one
  /// where there are pairs enough.
  var parts: Int { max(1, min(8 / count, rows / 64)) }

  /// Computes all parts of all pairs, a share on each thread.
  ///
  /// - Parameters:
  ///   - pack: prepares the right matrix that begins at an element, for the parts that follow
  ///   - run: computes a part from the left matrix and to the output that begin at elements
  func compute(
    _ call: Call, pack: (_ right: Int, UnsafeMutableRawPointer) -> Void,
    run: (_ part: Int, _ left: Int, _ output: Int, UnsafeMutableRawPointer) -> Void
  ) {
    let parts = parts
    call.workers.run(units: count * parts) { thread, range in
      let scratch = call.scratch(thread: thread)
      var packed: Int?
      for unit in range {
        let offsets = offsets(ofPair: unit / parts)
        if packed != offsets.right {
          pack(offsets.right, scratch)
          packed = offsets.right
        }
        run(unit % parts, offsets.left, unit / parts * rows * columns, scratch)
      }
    }
  }

  /// Where the matrices of a pair begin.
  func offsets(ofPair pair: Int) -> (left: Int, right: Int) {
    var left = 0
    var right = 0
    var rest = pair
    for axis in batch.indices.reversed() {
      let index = rest % batch[axis]
      rest /= batch[axis]
      left += index * leftStrides[axis]
      right += index * rightStrides[axis]
    }
    return (left, right)
  }
}
