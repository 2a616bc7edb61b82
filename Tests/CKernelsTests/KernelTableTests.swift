import CKernels
import Testing

/// Every table that can be chosen is complete, also for instruction sets this machine has not: choosing one ends the
/// process otherwise.
@Suite struct KernelTableTests {
  /// The entries of a table that is pointers alone.
  private func missingEntries<Table>(of table: Table) -> Int {
    withUnsafeBytes(of: table) { bytes in bytes.bindMemory(to: UInt.self).count { $0 == 0 } }
  }

  @Test func noEntryOfAnElementWiseTableIsMissing() {
    for (_, features) in namedSets {
      #expect(missingEntries(of: ck_int8_ops_for(features).pointee) == 0)
      #expect(missingEntries(of: ck_float_ops_for(features).pointee) == 0)
    }
  }

  @Test func noEntryOfADecoderIsMissing() {
    for (_, features) in namedSets { #expect(missingEntries(of: ck_rans_decoder_for(features).pointee) == 0) }
  }

  @Test func noEntryOfResizingIsMissing() {
    for (_, features) in namedSets { #expect(missingEntries(of: ck_resize_set_for(features).pointee) == 0) }
  }

  @Test func everyConvolutionCanBeChosen() {
    for (_, features) in namedSets {
      for testCase in ConvCase.all + ConvCase.modelLayers {
        var shape = testCase.shape
        #expect(!name(ck_conv_s8_choose(&shape, features)).isEmpty)
        #expect(!String(cString: ck_conv_f32_name(ck_conv_f32_choose(&shape, features))).isEmpty)
      }
    }
  }

  @Test func everyPeakCanBeChosen() {
    for (_, features) in namedSets {
      #expect(!String(cString: ck_peak_f32_for(features).pointee.name).isEmpty)
      #expect(!String(cString: ck_peak_s8_for(features).pointee.name).isEmpty)
    }
  }

  /// A table with a gap, as a forgotten line of an initializer leaves it.
  @Test func aGapIsSeen() {
    #expect(missingEntries(of: (UInt(1), UInt(0), UInt(2))) == 1)
  }
}
