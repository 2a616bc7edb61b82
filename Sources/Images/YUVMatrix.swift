/// How luma and chroma of 8 bits become red, green and blue: ITU-R BT.601.
package enum YUVMatrix: Sendable, CaseIterable {
  /// Luma 16 to 235 and chroma 16 to 240, as cameras and video give them.
  case bt601Limited
  /// All of 0 to 255, as in JPEG (JFIF 1.02).
  case bt601Full

  /// With kr = 0.299, kg = 0.587, kb = 0.114, and l and c the widths of luma's and chroma's ranges over 255:
  ///
  ///     red   = (Y - offset) / l + 2 (1 - kr) / c (Cr - 128)
  ///     green = (Y - offset) / l - 2 (1 - kb) kb / kg / c (Cb - 128) - 2 (1 - kr) kr / kg / c (Cr - 128)
  ///     blue  = (Y - offset) / l + 2 (1 - kb) / c (Cb - 128)
  ///
  /// rounded to the nearest and kept within 0 to 255. Factors are integers of 2^-20, so that a sum stays below 2^30 and
  /// is within 0.0004 of the exact one.
  struct Conversion {
    let offset: Int32
    let luma, redFromCr, greenFromCb, greenFromCr, blueFromCb: Int32

    init(offset: Int32, luma: Double, chroma: Double) {
      func fixed(_ factor: Double) -> Int32 { Int32((factor * 0x1p20).rounded()) }
      self.offset = offset
      self.luma = fixed(1 / luma)
      redFromCr = fixed(2 * 0.701 / chroma)
      greenFromCb = fixed(2 * 0.886 * 0.114 / 0.587 / chroma)
      greenFromCr = fixed(2 * 0.701 * 0.299 / 0.587 / chroma)
      blueFromCb = fixed(2 * 0.886 / chroma)
    }

    func rgb(_ y: UInt8, _ cb: UInt8, _ cr: UInt8) -> (UInt8, UInt8, UInt8) {
      let gray = (Int32(y) - offset) * luma + 1 << 19
      let (cb, cr) = (Int32(cb) - 128, Int32(cr) - 128)
      return (
        byte(gray + redFromCr * cr), byte(gray - greenFromCb * cb - greenFromCr * cr), byte(gray + blueFromCb * cb)
      )
    }

    private func byte(_ sum: Int32) -> UInt8 { UInt8(max(0, min(255, sum >> 20))) }
  }

  var conversion: Conversion {
    switch self {
    case .bt601Limited: Conversion(offset: 16, luma: 219.0 / 255, chroma: 224.0 / 255)
    case .bt601Full: Conversion(offset: 0, luma: 1, chroma: 1)
    }
  }
}
