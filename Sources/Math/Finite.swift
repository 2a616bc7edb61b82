extension UnsafeBufferPointer<Float> {
  /// The first position that holds NaN or an infinity; nil where there is none.
  package var firstNotFinite: Int? {
    let exponent = Float.infinity.bitPattern
    // Bits are compared, not floats: that is done for several at once.
    var largest: UInt32 = 0
    for value in self { largest = Swift.max(largest, value.bitPattern & ~(1 << 31)) }
    return largest < exponent ? nil : firstIndex { !$0.isFinite }
  }
}
