import CKernels

/// Entropy coding of int8 weights by interleaved rANS, as `docs/format.md` specifies it for codec 3.
package enum RANS {
  /// Bytes that are coded with lanes of their own, so that they can be decoded by themselves.
  package static let chunkSize = 1 << 18

  static let lanes = Int(CK_RANS_LANES)
  static let lowest = UInt32(CK_RANS_LOWEST)
  /// Bits for the number of tables less one.
  static let tableCountBits = 4
  /// Bits for the number of words of a chunk: at most one for each byte.
  static let wordCountBits = 20
  /// Orders of the codes for the number of rows of one length, and for that length.
  static let rowCountOrder = 4
  static let rowLengthOrder = 6
  /// What the numbers of tables begin with: they differ by two or so.
  static let tableScale = 8

  /// Chunks of so many bytes.
  static func chunks(of count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: chunkSize).map { $0..<min(count, $0 + chunkSize) }
  }

  /// The most bytes that coded ones can stand for. A byte takes at least 4096 / 4095 off a state; from 2^32 to 2^16
  /// those are 45,550 bytes, for two bytes of a word or four of a first state.
  package static func largestRaw(stored: Int) -> Int {
    let (product, overflow) = stored.multipliedReportingOverflow(by: 45_550 / 2)
    return overflow ? .max : product
  }
}
