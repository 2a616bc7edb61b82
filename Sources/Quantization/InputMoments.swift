import Synchronization
package import Tensors

/// First and second moments of what the weights of a layer's rows are multiplied with, over samples and positions.
///
/// Seen are the layer's inputs in the int8 network, so sums are of integers: exact, and the same for any split of the
/// samples over threads and on every machine. Positions in the padding count with what stands there, 0.
package struct InputMoments: Sendable {
  /// Sets of inputs with moments of their own: 1, or the groups of a grouped layer, which are the channels of a
  /// depthwise one.
  package let groups: Int
  /// Weights of a row.
  package let length: Int
  /// The columns of a row in parts, within which second moments are known.
  package let blocks: [Range<Int>]
  /// How many rows of inputs were seen.
  package private(set) var rows = 0

  let stripes: [Stripe]
  let productsPerGroup: Int
  private let quantization: Quantization
  /// Sums of q: [groups][length].
  private(set) var sums: [Int32]
  /// Sums of q_i * q_j for i <= j in one block: the stripes of each group.
  private(set) var products: [Int32]

  /// With so many rows no sum leaves int32.
  package static let mostRows = Int(Int32.max) / (128 * 128)

  /// Some columns of a block's matrix, from its first row down to the diagonal: [height][columns].
  struct Stripe: Sendable {
    /// The columns' place in a row of weights.
    let columns: Range<Int>
    /// The block's first column.
    let first: Int
    /// Where the stripe lies in the products of a group.
    let offset: Int

    var height: Int { columns.upperBound - first }
  }

  /// What moments are of; those of one form can be added up.
  package struct Form: Sendable, Equatable {
    package let groups: Int
    package let length: Int
    /// How many parts the columns of a row are divided into.
    package let blocks: Int
    package let quantization: Quantization

    package init(groups: Int, length: Int, blocks: Int, quantization: Quantization) {
      self.groups = groups
      self.length = length
      self.blocks = blocks
      self.quantization = quantization
    }

    /// Of a layer's inputs.
    init(of layer: LayerStep, longestBlock: Int) {
      self.init(
        groups: layer.groups, length: layer.length, blocks: (layer.length + longestBlock - 1) / longestBlock,
        quantization: layer.quantization)
    }

    var columns: [Range<Int>] { (0..<blocks).map { $0 * length / blocks..<($0 + 1) * length / blocks } }
  }

  package var form: Form { Form(groups: groups, length: length, blocks: blocks.count, quantization: quantization) }

  /// Moments of nothing yet.
  ///
  /// - Parameter longestBlock: the most columns of a block
  package init(groups: Int, length: Int, longestBlock: Int, quantization: Quantization) {
    self.init(
      Form(
        groups: groups, length: length, blocks: (length + longestBlock - 1) / longestBlock, quantization: quantization))
  }

  /// Moments of nothing yet.
  package init(_ form: Form) {
    groups = form.groups
    length = form.length
    quantization = form.quantization
    blocks = form.columns
    stripes = InputMoments.stripes(of: blocks)
    productsPerGroup = stripes.reduce(0) { $0 + $1.height * $1.columns.count }
    sums = [Int32](repeating: 0, count: groups * length)
    products = [Int32](repeating: 0, count: groups * productsPerGroup)
  }

  private static func stripes(of blocks: [Range<Int>]) -> [Stripe] {
    var stripes: [Stripe] = []
    var offset = 0
    for block in blocks {
      for first in stride(from: block.lowerBound, to: block.upperBound, by: stripeWidth) {
        let columns = first..<min(block.upperBound, first + stripeWidth)
        stripes.append(Stripe(columns: columns, first: block.lowerBound, offset: offset))
        offset += (columns.upperBound - block.lowerBound) * columns.count
      }
    }
    return stripes
  }

  /// The most numbers of a stripe.
  var mostProducts: Int { stripes.map { $0.height * $0.columns.count }.max() ?? 0 }

  /// Columns of a stripe: what lies below the diagonal is computed in vain.
  private static let stripeWidth = 256

  /// Bytes that moments of a layer take.
  static func bytes(groups: Int, length: Int, longestBlock: Int) -> Int {
    let blocks = (length + longestBlock - 1) / longestBlock
    let longest = (length + blocks - 1) / blocks
    let wide = min(longest, stripeWidth)
    return groups * (length + length * (longest + wide) / 2) * MemoryLayout<Int32>.size
  }

  // MARK: Adding

  mutating func add(rows: Int) {
    self.rows += rows
    precondition(self.rows <= InputMoments.mostRows, "\(self.rows) rows of inputs may overflow the sums of products")
  }

  mutating func add(sum: Int32, at column: Int, group: Int) { sums[group * length + column] += sum }

  /// Adds sums of products that lie as those of a stripe do.
  mutating func add(_ values: UnsafePointer<Float>, to stripe: Stripe, group: Int) {
    let offset = group * productsPerGroup + stripe.offset
    products.withUnsafeMutableBufferPointer { products in
      for index in 0..<stripe.height * stripe.columns.count { products[offset + index] += Int32(values[index]) }
    }
  }

  /// Adds what was seen of the same inputs in other samples.
  package mutating func merge(_ other: InputMoments) {
    precondition(form == other.form, "moments of one input are merged with those of another")
    add(rows: other.rows)
    for index in sums.indices { sums[index] += other.sums[index] }
    for index in products.indices { products[index] += other.products[index] }
  }

  /// Takes sums that were read, which lie as those here do.
  mutating func take(rows: Int, sums: [Int32], products: [Int32]) {
    precondition(
      sums.count == self.sums.count && products.count == self.products.count, "sums of other inputs are taken")
    (self.sums, self.products) = (sums, products)
    self.rows = 0
    add(rows: rows)
  }

  // MARK: Reading

  /// The sum of an input's integers.
  func sum(at column: Int, group: Int) -> Int32 { sums[group * length + column] }

  /// The mean of each input, [groups][length].
  package var means: [Double] {
    sums.map { sum in
      rows == 0 ? 0 : (Double(sum) / Double(rows) - Double(quantization.zeroPoint)) * Double(quantization.scale)
    }
  }

  /// The size of the inputs' steps, in whose squares `stepCovariance` counts.
  var step: Double { Double(quantization.scale) }

  /// The covariances within a block of a group, centred, [columns][columns].
  package func covariance(group: Int, block: Int) -> [Double] {
    stepCovariance(group: group, block: block).map { $0 * step * step }
  }

  /// The same in squares of the inputs' steps.
  func stepCovariance(group: Int, block: Int) -> [Double] {
    let columns = blocks[block]
    var result = [Double](repeating: 0, count: columns.count * columns.count)
    guard rows > 0 else { return result }
    let count = Double(rows)
    for stripe in stripes where stripe.first == columns.lowerBound {
      let width = stripe.columns.count
      for i in 0..<stripe.height {
        let line = group * productsPerGroup + stripe.offset + i * width
        let mean = Double(sums[group * length + stripe.first + i]) / count
        let left = max(0, i - (stripe.columns.lowerBound - stripe.first))
        for offset in left..<max(left, width) {
          let other = Double(sums[group * length + stripe.columns.lowerBound + offset]) / count
          let value = Double(products[line + offset]) / count - mean * other
          let j = stripe.columns.lowerBound - stripe.first + offset
          result[i * columns.count + j] = value
          result[j * columns.count + i] = value
        }
      }
    }
    return result
  }

  /// The mean square of a block's inputs about zero, in squares of their steps.
  func meanSquare(group: Int, block: Int) -> Double {
    let columns = blocks[block]
    guard rows > 0 else { return 0 }
    let count = Double(rows)
    let zero = Double(quantization.zeroPoint)
    var total = 0.0
    for stripe in stripes where stripe.first == columns.lowerBound {
      for (offset, column) in stripe.columns.enumerated() {
        let row = column - stripe.first
        let square = products[group * productsPerGroup + stripe.offset + row * stripe.columns.count + offset]
        total += Double(square) / count - 2 * zero * Double(sums[group * length + column]) / count + zero * zero
      }
    }
    return total / Double(columns.count)
  }
}

/// The moments of one layer, to which several threads add.
final class SharedMoments: Sendable {
  let moments: Mutex<InputMoments>

  init(_ moments: InputMoments) {
    self.moments = Mutex(moments)
  }
}
