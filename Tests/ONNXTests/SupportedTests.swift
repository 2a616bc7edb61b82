import Platform
import Tensors
import Testing

@testable import ONNX

/// docs/supported.md says what the reader reads.
@Suite struct SupportedTests {
  private static let path = "\(Fixtures.root)/docs/supported.md"

  /// scripts/supported writes the page by this test; its last section, of whole models, is written by `make wild`.
  @Test func thePageIsTrue() throws {
    let contents = String(decoding: try MappedFile.contents(of: Self.path), as: UTF8.self)
    let lines = contents.split(separator: "\n", omittingEmptySubsequences: false)
    let exports = try #require(lines.firstIndex(of: "## Exports"), "the page has no section of exports: run make wild")
    let page = lines[..<exports].joined(separator: "\n")
    if getenv("DERMC_WRITE_SUPPORTED") != nil {
      let written = SupportedOperators.page + "\n" + lines[exports...].joined(separator: "\n")
      try OutputFile.write(Array(written.utf8), to: Self.path)
    } else {
      #expect(
        page == SupportedOperators.page, "docs/supported.md is not what the reader reads: run scripts/supported")
    }
  }

  @Test func everyOperatorIsInIt() {
    let page = SupportedOperators.page
    for name in Set(SupportedOperators.standard.keys).union(ONNXFamilies.readers.keys) {
      #expect(page.contains(" \(name),") || page.contains(" \(name) "), "\(name)")
    }
  }

  @Test func remediesAreThoseOfTheOperators() {
    #expect(SupportedOperators.remedy(for: ["Bernoulli", "RandomUniform"]).hasPrefix("random numbers: "))
    for mixed in [["Bernoulli", "ImageDecoder"], ["com.vendor.Fancy"]] {
      #expect(SupportedOperators.remedy(for: mixed) == "docs/supported.md has what can be exported instead")
    }
  }
}
