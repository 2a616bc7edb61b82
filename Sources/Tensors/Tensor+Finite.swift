extension Tensor {
  /// The position of a float that is NaN or infinite.
  package func firstNonFinite() -> Int? {
    element == .float32 ? withBytes(firstNonFinite) : nil
  }

  private func firstNonFinite(_ source: UnsafeRawBufferPointer) -> Int? {
    let exponent: UInt32 = 0x7F80_0000
    let stretch = 4096
    var start = 0
    while start < count {
      let end = min(count, start + stretch)
      // Adding one to an exponent of all ones carries into the sign bit: a test without branches.
      var carries: UInt32 = 0
      for index in start..<end {
        carries |= (source.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self) & exponent) &+ 0x80_0000
      }
      if carries & 0x8000_0000 != 0 {
        return (start..<end).first {
          source.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self) & exponent == exponent
        }
      }
      start = end
    }
    return nil
  }
}
