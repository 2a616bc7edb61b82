import CKernels
import Testing

@Suite struct PeakTests {
  // They point to constants.
  nonisolated(unsafe) private static let peaks: [UnsafePointer<ck_peak>] = {
    var found = [UnsafePointer<ck_peak>?](repeating: nil, count: 32)
    let count = ck_peak_all(&found, found.count)
    return found.prefix(count).compactMap(\.self)
  }()

  /// The loops count their multiply-accumulates by doing them: what they return is right only if every one was done.
  @Test(arguments: peaks.indices)
  func countsWhatItDoes(_ index: Int) {
    let peak = Self.peaks[index].pointee
    let run = peak.run
    let each = run(1)
    #expect(each > 0)
    for rounds in [0, 2, 3, 1000] { #expect(run(rounds) == UInt64(rounds) * each, "\(String(cString: peak.name))") }
  }

  @Test func choosesWhatRuns() {
    for features in runnableFeatures {
      for peak in [ck_peak_f32_for(features), ck_peak_s8_for(features)] {
        #expect(features.isSuperset(of: peak.pointee.needs))
      }
    }
    #expect(ck_peak_s8_for([]).pointee.needs.isEmpty)
    // AVX-512 without VNNI has AVX2's products; AVX-VNNI is another branch.
    if ck_runs(features("avx512")) != 0 {
      #expect(ck_peak_s8_for(features("avx512")).pointee.needs == features("avx2"))
    }
  }
}
