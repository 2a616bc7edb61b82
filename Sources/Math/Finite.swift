extension UnsafeBufferPointer<Float> {
  /// The first position that holds NaN or an infinity; nil where there is none.
  package var firstNotFinite: Int? {
    // Of these alone the exponent is all ones, so that one more overflows into the sign. Bits are counted, not floats:
    // any processor does that for several at once.
    var bits: UInt32 = 0
    for value in self { bits |= value.magnitude.bitPattern &+ 1 << 23 }
    return bits >> 31 == 0 ? nil : firstIndex { !$0.isFinite }
  }
}
