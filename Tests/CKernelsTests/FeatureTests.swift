import CKernels
import Testing

/// Features of processors, and what is chosen for them.
@Suite struct FeatureTests {
  /// All sets of features there could be.
  private static let subsets = (0..<UInt32(1 << 9)).map { ck_features(rawValue: $0) }

  /// What a kernel needs by the end of its name.
  private func needs(_ kernel: String) throws -> ck_features {
    let suffix = String(try #require(kernel.split(separator: "_").last))
    if suffix == "avx512vbmi" { return features("avx512").union(.CK_AVX512VBMI) }
    return try #require(namedSets.first { $0.name == suffix }?.features, "\(kernel)")
  }

  @Test func setsAreNamedAfterTheLastThatIsThere() {
    for (name, features) in namedSets { #expect(String(cString: ck_isa_name(features)) == name) }
    // What no set asks for, or another branch has, changes no name; a feature alone is no set.
    let vnni = features("avx512vnni").union([.CK_AVX512VBMI, .CK_AVXVNNI])
    #expect(String(cString: ck_isa_name(vnni)) == "avx512vnni")
    #expect(String(cString: ck_isa_name([.CK_AVX512VNNI, .CK_AMX])) == "scalar")
  }

  @Test func onlyFeaturesThatAreThereAreAllowed() {
    #expect(ck_features_here().isSuperset(of: ck_features_allowed()))
    #expect(ck_runs(ck_features_here()) == 1)
    #expect(ck_runs([]) == 1)
    // No processor has those of two architectures.
    #expect(ck_runs([.CK_AVX2, .CK_NEON]) == 0)
  }

  /// Whatever features are together, what is chosen needs no other: AVX-512 without AVX-VNNI or VBMI, say.
  @Test func whatIsChosenNeedsNoMore() throws {
    let cases = [ConvCase(7, 7, 64, 64), ConvCase(9, 9, 32, 32, kernel: 3, padding: 1, groups: 32)]
    for features in Self.subsets {
      for testCase in cases {
        var shape = testCase.shape
        let int8 = name(ck_conv_s8_choose(&shape, features))
        let float = String(cString: ck_conv_f32_name(ck_conv_f32_choose(&shape, features)))
        #expect(features.isSuperset(of: try needs(int8)), "\(int8) for \(features)")
        #expect(features.isSuperset(of: try needs(float)), "\(float) for \(features)")
      }
      let ops = String(cString: ck_int8_ops_for(features).pointee.name)
      #expect(features.isSuperset(of: try needs(ops)), "\(ops) for \(features)")
      let floatOps = String(cString: ck_float_ops_for(features).pointee.name)
      #expect(features.isSuperset(of: try needs(floatOps)), "\(floatOps) for \(features)")
      for peak in [ck_peak_f32_for(features), ck_peak_s8_for(features)] {
        #expect(features.isSuperset(of: peak.pointee.needs))
      }
    }
  }

  /// Preferences where several would do.
  @Test func theBestIsChosen() {
    #if arch(x86_64)
    let best = features("avx512vnni")
    #expect(String(cString: ck_int8_ops_for(best).pointee.name) == "ops_s8__avx512")
    #expect(String(cString: ck_int8_ops_for(best.union(.CK_AVX512VBMI)).pointee.name) == "ops_s8__avx512vbmi")
    var shape = ConvCase(7, 7, 64, 64).shape
    #expect(name(ck_conv_s8_choose(&shape, best.union(.CK_AVXVNNI))).hasSuffix("avx512vnni"))
    #expect(name(ck_conv_s8_choose(&shape, features("avx512").union(.CK_AVXVNNI))) == "igemm_s8__avxvnni")
    #endif
  }
}
