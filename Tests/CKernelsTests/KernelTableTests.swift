import CKernels
import Testing

/// Every table that can be chosen is complete, also for instruction sets this machine has not: choosing one ends the
/// process otherwise.
@Suite struct KernelTableTests {
  private static let isas = [
    CK_ISA_SCALAR, CK_ISA_AVX2, CK_ISA_AVXVNNI, CK_ISA_AVX512, CK_ISA_AVX512VNNI, CK_ISA_AMX, CK_ISA_NEON,
    CK_ISA_NEON_DOT, CK_ISA_NEON_I8MM,
  ]

  /// The entries of a table that is pointers alone.
  private func missingEntries<Table>(of table: Table) -> Int {
    withUnsafeBytes(of: table) { bytes in bytes.bindMemory(to: UInt.self).count { $0 == 0 } }
  }

  @Test func noEntryOfAnElementWiseTableIsMissing() {
    for isa in Self.isas {
      #expect(missingEntries(of: ck_int8_ops_for(isa).pointee) == 0)
      #expect(missingEntries(of: ck_float_ops_for(isa).pointee) == 0)
    }
  }

  @Test func everyConvolutionCanBeChosen() {
    for isa in Self.isas {
      for testCase in ConvCase.all + ConvCase.modelLayers {
        var shape = testCase.shape
        #expect(!name(ck_conv_s8_choose(&shape, isa)).isEmpty)
        #expect(!String(cString: ck_conv_f32_name(ck_conv_f32_choose(&shape, isa))).isEmpty)
      }
    }
  }

  @Test func everyPeakCanBeChosen() {
    for isa in Self.isas {
      #expect(!String(cString: ck_peak_f32_for(isa).pointee.name).isEmpty)
      #expect(!String(cString: ck_peak_s8_for(isa).pointee.name).isEmpty)
    }
  }

  /// A table with a gap, as a forgotten line of an initializer leaves it.
  @Test func aGapIsSeen() {
    #expect(missingEntries(of: (UInt(1), UInt(0), UInt(2))) == 1)
  }
}
