import Synchronization

/// What a layer's inputs in the float network are beyond those in the int8 network: first moments, and products with
/// the latter.
///
/// Differences are counted in halves of the input's step, up to 63 steps, so that sums are of integers as those of
/// `InputMoments`.
package struct InputDifferences: Sendable {
  static let perStep: Float = 2

  private let length: Int
  private let blocks: [Range<Int>]
  private let productsPerGroup: Int
  let parts: [Part]
  private(set) var rows = 0
  /// [groups][length]
  private var sums: [Int32]
  /// Of the differences of a block's columns with its columns: [groups], the parts of each block.
  private var products: [Int32]

  /// All of a block's differences with some of its columns: [block][columns].
  struct Part: Sendable {
    let block: Range<Int>
    let columns: Range<Int>
    let offset: Int
  }

  init(of moments: InputMoments) {
    length = moments.length
    blocks = moments.blocks
    var parts: [Part] = []
    var offset = 0
    for block in moments.blocks {
      for first in stride(from: block.lowerBound, to: block.upperBound, by: InputDifferences.width) {
        let columns = first..<min(block.upperBound, first + InputDifferences.width)
        parts.append(Part(block: block, columns: columns, offset: offset))
        offset += block.count * columns.count
      }
    }
    self.parts = parts
    productsPerGroup = offset
    sums = [Int32](repeating: 0, count: moments.groups * moments.length)
    products = [Int32](repeating: 0, count: moments.groups * offset)
  }

  /// Columns of a part.
  private static let width = 256

  /// The most numbers of a part.
  var mostProducts: Int { parts.map { $0.block.count * $0.columns.count }.max() ?? 0 }

  // MARK: Adding

  mutating func add(rows: Int) { self.rows += rows }

  mutating func add(sum: Int32, at column: Int, group: Int) { sums[group * length + column] += sum }

  mutating func add(_ values: UnsafePointer<Float>, to part: Part, group: Int) {
    let offset = group * productsPerGroup + part.offset
    products.withUnsafeMutableBufferPointer { products in
      for index in 0..<part.block.count * part.columns.count { products[offset + index] += Int32(values[index]) }
    }
  }

  // MARK: Reading

  /// The mean of each difference in steps, [groups][length].
  var means: [Double] {
    sums.map { rows == 0 ? 0 : Double($0) / Double(rows) / Double(InputDifferences.perStep) }
  }

  /// The covariances of a block's differences with its inputs, in squares of steps: [differences][inputs].
  func covariance(group: Int, block: Int, of moments: InputMoments) -> [Float] {
    let columns = blocks[block]
    var result = [Float](repeating: 0, count: columns.count * columns.count)
    guard rows > 0 else { return result }
    let count = Double(rows)
    for part in parts where part.block == columns {
      for i in 0..<columns.count {
        let line = group * productsPerGroup + part.offset + i * part.columns.count
        let mean = Double(sums[group * length + columns.lowerBound + i]) / count
        for (offset, column) in part.columns.enumerated() {
          let other = Double(moments.sum(at: column, group: group)) / count
          let value = Double(products[line + offset]) / count - mean * other
          result[i * columns.count + column - columns.lowerBound] = Float(value / Double(InputDifferences.perStep))
        }
      }
    }
    return result
  }
}

/// The differences of one layer, to which several threads add.
final class SharedDifferences: Sendable {
  let differences: Mutex<InputDifferences>
  let parts: [InputDifferences.Part]

  init(_ differences: InputDifferences) {
    parts = differences.parts
    self.differences = Mutex(differences)
  }
}
