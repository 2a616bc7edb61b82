import Bundles
import CanonicalJSON
import FuzzTargets
import Math
import Tensors
import Testing

private let root = String(#filePath.dropLast("/Tests/FuzzTargetsTests/BundlePartsTests.swift".count))

/// The mutator's own view of the format against the reader's.
@Suite struct BundlePartsTests {
  private func message(_ bytes: [UInt8]) throws -> String {
    let path = try TemporaryFile(bytes)
    do throws(Refusal) {
      _ = try BundleReader.open(path.path).read()
      return ""
    } catch {
      return "\(error)"
    }
  }

  /// The bundle of an int8 model with every section.
  private func quantized() throws -> BundleParts {
    let seeds = try BundleTarget.seeds(root: root)
    let seed = try #require(seeds.dropLast().last)
    return try #require(BundleParts(seed))
  }

  @Test func seedsStayTheSameWhenTakenApart() throws {
    for seed in try BundleTarget.seeds(root: root) {
      let parts = try #require(BundleParts(seed))
      #expect(try message(parts.bytes) == "")
      // Compressed sections depend on how hard zlib tried.
      if parts.sections.allSatisfy({ $0.codec == 0 }) { #expect(parts.bytes == seed) }
    }
  }

  @Test func changesGetPastTheHashes() throws {
    var parts = try quantized()
    let index = try #require(parts.sections.firstIndex { $0.name == "labels" })
    parts.sections[index].raw = Array("[1]".utf8)
    #expect(try message(parts.bytes).contains("section labels[0]: expected a string"))
  }

  /// The mutator's coder of weights and the reader's decoder, which share nothing, agree.
  @Test func weightsAreCodedAsTheReaderExpects() throws {
    var parts = try quantized()
    let index = try #require(parts.sections.firstIndex { $0.name == "weights" })
    parts.sections[index].codec = 3
    #expect(try message(parts.bytes) == "")
    let again = try #require(BundleParts(parts.bytes))
    #expect(again.sections[index].codec == 3 && again.sections[index].raw == parts.sections[index].raw)
    for offset in [0, 1, 2, 40, 200] {
      var stored = try #require(parts.sections[index].encoded)
      stored[offset] ^= 0x40
      parts.sections[index].damaged = stored
      #expect(try message(parts.bytes).contains("section weights is not valid rans data of its size"))
    }
  }

  /// As with weights, of words: those of biases and scales.
  @Test func wordsAreCodedAsTheReaderExpects() throws {
    for name in ["parameters", "integers"] {
      var parts = try quantized()
      let index = try #require(parts.sections.firstIndex { $0.name == name })
      parts.sections[index].codec = 4
      #expect(try message(parts.bytes) == "")
      let again = try #require(BundleParts(parts.bytes))
      #expect(again.sections[index].codec == 4 && again.sections[index].raw == parts.sections[index].raw)
      var stored = try #require(parts.sections[index].encoded)
      stored[0] ^= 0x40
      parts.sections[index].damaged = stored
      #expect(try message(parts.bytes).contains("section \(name) is not valid rans-words data of its size"))
    }
  }

  /// Another shape of a convolution's weights: with places, sizes and types repaired the bundle is sound again.
  @Test func aRepairedGraphIsRead() throws {
    var parts = try quantized()
    parts.sections.removeAll { $0.name.hasPrefix("self-test") }
    let text = String(decoding: parts.sections[0].raw, as: UTF8.self)
    try #require(text.contains("[4,3,3,3]") && text.contains("[3,64]"))
    let changed = text.replacing("[4,3,3,3]", with: "[4,3,2,2]").replacing(#"[3,3]"#, with: #"[2,2]"#)
      .replacing("[3,64]", with: "[3,100]")
    parts.sections[0].raw = Array(changed.utf8)
    #expect(try message(parts.bytes) != "")
    GraphRepair.repair(&parts, infersTypes: false)
    #expect(try message(parts.bytes).contains("its operator gives"))
    GraphRepair.repair(&parts, infersTypes: true)
    #expect(try message(parts.bytes) == "")
  }
}
