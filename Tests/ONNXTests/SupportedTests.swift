import Platform
import Tensors
import Testing

@testable import ONNX

/// docs/supported.md says what the reader reads.
@Suite struct SupportedTests {
  private static let path = "\(Fixtures.root)/docs/supported.md"

  /// scripts/supported writes the page by this test.
  @Test func thePageIsTrue() throws {
    if getenv("DERMC_WRITE_SUPPORTED") != nil {
      try OutputFile.write(Array(SupportedOperators.page.utf8), to: Self.path)
    }
    let page = try MappedFile.contents(of: Self.path)
    #expect(
      String(decoding: page, as: UTF8.self) == SupportedOperators.page,
      "docs/supported.md is not what the reader reads: run scripts/supported")
  }

  @Test func everyOperatorIsInIt() {
    let page = SupportedOperators.page
    for name in Set(SupportedOperators.standard.keys).union(ONNXFamilies.readers.keys) {
      #expect(page.contains(" \(name),") || page.contains(" \(name) "), "\(name)")
    }
  }

  @Test func remediesAreThoseOfTheOperators() {
    #expect(SupportedOperators.remedy(for: ["LSTM", "GRU"]).hasPrefix("recurrent layers: "))
    for mixed in [["LSTM", "NonZero"], ["com.vendor.Fancy"]] {
      #expect(SupportedOperators.remedy(for: mixed) == "docs/supported.md has what can be exported instead")
    }
  }
}
