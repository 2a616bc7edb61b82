package import Tensors

extension InputMoments {
  /// The most groups, and the most weights of a row, that are read.
  package static let mostColumns = 1 << 24

  /// Writes the sums as words of four bytes, little-endian: none where nothing was seen.
  ///
  /// First, group by group, the sum of each column. Then, group by group and block by block, row by row of the upper
  /// triangle, how far the sum of products q_i q_j is from floor(sum_i sum_j / rows), modulo 2^32; from -2^31 to
  /// 2^31 - 1, of which n is written as 2n, or as -2n - 1 below zero. Near zero are the sums of what has little to do
  /// with each other.
  package func write(to bytes: inout [UInt8]) {
    if rows == 0 { return }
    bytes.reserveCapacity(bytes.count + 4 * (form.words ?? 0))
    func append(_ word: UInt32) {
      for shift: UInt32 in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
    for sum in sums { append(UInt32(bitPattern: sum)) }
    forEachRun { group, row, columns, start in
      for (offset, column) in columns.enumerated() {
        let expected = expectedProduct(sums[group * length + row], sums[group * length + column], rows: rows)
        let rest = Int32(truncatingIfNeeded: Int64(products[start + offset]) - expected)
        append(UInt32(bitPattern: rest << 1 ^ rest >> 31))
      }
    }
  }

  /// Reads what `write` writes, and nothing else.
  ///
  /// - Parameters:
  ///   - rows: how many rows of inputs were seen
  ///   - bytes: four for each of the form's words; none where no row was seen
  package init(_ form: Form, rows: Int, reading bytes: UnsafeRawBufferPointer) throws(Refusal) {
    self.init(form)
    if rows == 0 { return }
    precondition(form.words.map { 4 * $0 } == bytes.count, "\(bytes.count) bytes are read as sums of other inputs")
    var next = 0
    func word() -> UInt32 {
      defer { next += 4 }
      return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: next, as: UInt32.self))
    }
    let sums = self.sums.map { _ in Int32(bitPattern: word()) }
    let most = Int32(128 * rows)
    guard sums.allSatisfy({ (-most...most).contains($0) }) else {
      throw Refusal(.malformed, reason: "a sum of \(rows) inputs is larger than any may be")
    }
    var products = products
    var isSound = true
    let largest = Int64(128 * 128 * rows)
    forEachRun { group, row, columns, start in
      for (offset, column) in columns.enumerated() {
        let number = word()
        let rest = Int32(bitPattern: number >> 1) ^ -Int32(bitPattern: number & 1)
        let expected = expectedProduct(sums[group * length + row], sums[group * length + column], rows: rows)
        let product = Int32(truncatingIfNeeded: expected + Int64(rest))
        // No mean square is below the square of the mean.
        if abs(Int64(product)) > largest || row == column && Int64(product) < expected { isSound = false }
        products[start + offset] = product
      }
    }
    guard isSound else { throw Refusal(.malformed, reason: "a sum of products is none that \(rows) inputs have") }
    take(rows: rows, sums: sums, products: products)
  }

  /// Whether what another has seen can be added.
  package func canTake(_ other: InputMoments) -> Bool {
    form == other.form && rows + other.rows <= InputMoments.mostRows
  }

  /// Goes over the upper triangles of all matrices: group by group, block by block, row by row, in runs of products
  /// that lie side by side.
  ///
  /// - Parameter body: is given the group, the row, the columns of a run, none left of the diagonal, and where the run
  ///   begins among the products
  private func forEachRun(_ body: (_ group: Int, _ row: Int, _ columns: Range<Int>, _ start: Int) -> Void) {
    for group in 0..<groups {
      for block in blocks {
        let stripes = stripes.filter { $0.first == block.lowerBound }
        for row in block {
          for stripe in stripes where stripe.columns.upperBound > row {
            let columns = max(row, stripe.columns.lowerBound)..<stripe.columns.upperBound
            let line = group * productsPerGroup + stripe.offset + (row - stripe.first) * stripe.columns.count
            body(group, row, columns, line + columns.lowerBound - stripe.columns.lowerBound)
          }
        }
      }
    }
  }

  /// What a sum of products would be near if both had nothing to do with each other: sum_i sum_j / rows, rounded down.
  private func expectedProduct(_ a: Int32, _ b: Int32, rows: Int) -> Int64 {
    let product = Int64(a) * Int64(b)
    let (quotient, rest) = product.quotientAndRemainder(dividingBy: Int64(rows))
    return rest < 0 ? quotient - 1 : quotient
  }
}

extension InputMoments.Form {
  /// How many words the sums of some rows are; nil where that is no number.
  package var words: Int? {
    guard groups > 0, length > 0, blocks > 0, blocks <= length, groups <= InputMoments.mostColumns,
      length <= InputMoments.mostColumns
    else { return nil }
    // Blocks are of two lengths.
    let (short, longer) = length.quotientAndRemainder(dividingBy: blocks)
    let perGroup =
      length + (blocks - longer) * (short * (short + 1) / 2) + longer * ((short + 1) * (short + 2) / 2)
    let (words, overflow) = perGroup.multipliedReportingOverflow(by: groups)
    return overflow || words > 1 << 40 ? nil : words
  }
}
