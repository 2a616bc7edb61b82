extension Tensor {
  /// Refuses weights with NaN or infinite elements. A single infinity is the bound of a Clip, not a weight.
  package func checkFinite() throws(Refusal) {
    if let index = firstNonFinite() {
      let value = withBytes { $0.loadUnaligned(fromByteOffset: 4 * index, as: Float.self) }
      if value.isNaN || count > 1 {
        throw Refusal(
          "holds \(value.isNaN ? "NaN" : "\(value)") at element \(index)",
          remedy: "the training diverged or the export is damaged: export a sound checkpoint")
      }
    }
  }

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
