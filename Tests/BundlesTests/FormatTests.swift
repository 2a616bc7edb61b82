import CanonicalJSON
import Hashing
import IR
import Math
import Operators
import Tensors
import TestSupport
import Testing

@testable import Bundles

/// The bytes that `docs/format.md` shows: other readers rely on them.
@Suite struct FormatTests {
  private static let graph = """
    {"free_batch":false,"inputs":[0],"kind":"checkpoint","name":"tiny",\
    "nodes":[{"attributes":{"activation":{"string":"clip"},"activation_parameters":{"floats":[0.0,"inf"]},\
    "function":{"string":"add"}},"inputs":[0,1],"name":"add","op":"Binary",\
    "origins":["Add_0","Relu_1"],"outputs":[2]}],\
    "outputs":[2],\
    "values":[{"element":"float32","name":"x","shape":[1,2]},\
    {"constant":{"offset":0,"section":"parameters"},"element":"float32","name":"c","shape":[2]},\
    {"element":"float32","name":"y","shape":[1,2]}]}
    """

  private func tiny() throws -> Bundle {
    var graph = Graph(name: "tiny")
    let x = graph.addInput("x", TensorType(.float32, [1, 2]))
    let c = graph.addConstant("c", Tensor([Float(0.1), -2]))
    let outputs = try graph.add(
      Binary(.add, activation: .clip(lower: 0, upper: .infinity)), name: "add", inputs: [x, c], outputNames: ["y"],
      origins: ["Add_0", "Relu_1"])
    graph.addOutput(outputs[0])
    var bundle = Bundle(kind: .checkpoint, graph: graph)
    bundle.labels = ["no", "yes"]
    return bundle
  }

  @Test func theDocumentedExampleIsWritten() throws {
    try withFolder { folder in
      let path = "\(folder)/tiny.derm"
      try BundleWriter.write(tiny(), to: path, compression: .none)
      let file = try bytes(of: path)
      #expect(file.count == 1032)
      #expect(
        Array(file[..<32]) == Array("DERM".utf8) + [1, 0, 0, 0, 8, 4, 0, 0, 0, 0, 0, 0]
          + [64, 0, 0, 0, 0, 0, 0, 0, 0x80, 1, 0, 0, 0, 0, 0, 0])
      #expect(file[0x20..<0x40].elementsEqual(SHA256(of: Array(file[..<0x20] + file[0x40..<0x1C0])).bytes))
      #expect(Array(file[0x40..<0x80]) == Array("graph".utf8) + [UInt8](repeating: 0, count: 59))
      #expect(file[0xA0..<0xC0].elementsEqual(SHA256(of: Array(file[0x1C0..<0x3B0])).bytes))
      #expect(String(decoding: file[0x1C0..<0x3B0], as: UTF8.self) == Self.graph)
      #expect(String(decoding: file[0x3C0..<0x3CC], as: UTF8.self) == #"["no","yes"]"#)
      #expect(Array(file[0x400...]) == [0xCD, 0xCC, 0xCC, 0x3D, 0, 0, 0, 0xC0])
      #expect(
        try BundleReader.open(path).sha256().hex == "b29383f385dc75b3b1e74096b3d25c425cd717d979b0a2c50306e2647c8301d9")
    }
  }

  /// Bundles that were written with it must stay readable, here and by others.
  @Test func theDictionaryOfTextsIsTheDocumentedOne() throws {
    let root = #filePath.dropLast("/Tests/BundlesTests/FormatTests.swift".count)
    let page = String(decoding: try bytes(of: "\(root)/docs/format.md"), as: UTF8.self)
    let rest = page.split(separator: "DICTIONARY = \"\"\"\n", maxSplits: 1).last
    let documented = try #require(rest?.split(separator: "\n\"\"\"", maxSplits: 1).first)
    #expect(documented.utf8.filter { $0 != UInt8(ascii: "\n") } == TextsDictionary.bytes)
    let hash = SHA256(of: TextsDictionary.bytes).hex
    #expect(hash == "f76e67328a1964701495b8b74d671db12763176812376549887cf41705d93a94")
    #expect(page.contains("the \(TextsDictionary.bytes.count) bytes") && page.contains(hash))
  }

  @Test func textsReferToTheDictionary() throws {
    let text = Array(Self.graph.utf8)
    let (plain, primed) = text.withUnsafeBytes { raw in
      (
        ZlibCodec.encode(raw, tensors: [], below: raw.count), TextsCodec.encode(raw, tensors: [], below: raw.count)
      )
    }
    let stored = try #require(primed).withBytes(Array.init)
    #expect(stored.count + 100 < (try #require(plain)).count)
    var result = [UInt8](repeating: 0, count: text.count)
    let isRead = result.withUnsafeMutableBytes { target in
      stored.withUnsafeBytes { TextsCodec.decode($0, into: target) }
    }
    #expect(isRead && result == text)
    // A stream that needs no dictionary is codec 1's, and the other way round.
    let other = try #require(plain).withBytes(Array.init)
    #expect(!result.withUnsafeMutableBytes { target in other.withUnsafeBytes { TextsCodec.decode($0, into: target) } })
    #expect(!result.withUnsafeMutableBytes { target in stored.withUnsafeBytes { ZlibCodec.decode($0, into: target) } })
  }

  @Test(arguments: [0, 1, 2, 3, 4, 5, 63, 64, 1027])
  func codecsRestoreWhatTheyStored(_ count: Int) throws {
    var random = RandomNumbers(seed: 7)
    // Four-byte words of similar size, and what is left of one.
    let words = (0..<count / 4 + 1).map { _ in UInt32.random(in: 0x3F80_0000...0x3F80_00FF, using: &random) }
    let raw = words.withUnsafeBytes { Array($0.prefix(count)) }
    for codec in Codecs.all {
      let encoded = raw.withUnsafeBytes { codec.encode($0, tensors: [], below: $0.count) }
      // A coder of bytes one by one sees no pattern in the places of words.
      let isSmall = { $0 < (codec.number == RANSCodec.number ? count : count / 2) }
      if count > 1000, codec.number != 0 { #expect(isSmall(try #require(encoded).count)) }
      guard let encoded else { continue }
      let stored = encoded.withBytes(Array.init)
      func decoded(_ stored: [UInt8], size: Int) -> [UInt8]? {
        var result = [UInt8](repeating: 0xAA, count: size)
        let isWhole = result.withUnsafeMutableBytes { target in
          stored.withUnsafeBytes { codec.decode($0, into: target) }
        }
        return isWhole ? result : nil
      }
      #expect(decoded(stored, size: count) == raw)
      #expect(count <= codec.largestRaw(stored: stored.count))
      #expect(decoded(stored, size: count + 1) == nil)
      #expect(decoded(stored, size: count - 1) == nil)
      #expect(decoded(stored + [0], size: count) == nil)
      #expect(decoded(stored.dropLast(), size: count) == nil)
      #expect(decoded([], size: count) == nil)
    }
  }

  @Test func smallestIsNeverLargerThanRaw() throws {
    try withFolder { folder in
      let raw = try BundleWriter.write(Sample.full(), to: "\(folder)/a.derm", compression: .none)
      let small = try BundleWriter.write(Sample.full(), to: "\(folder)/b.derm", compression: .smallest)
      let tensors = Section.allCases.filter { !$0.isJSON && !$0.isOfPart }.map(\.name)
      #expect(small.map(\.name) == ["texts"] + tensors)
      #expect(raw.suffix(tensors.count).map(\.rawBytes) == small.dropFirst().map(\.rawBytes))
      #expect(raw.allSatisfy { $0.codec == "raw" && $0.storedBytes == $0.rawBytes })
      #expect(zip(raw.suffix(tensors.count), small.dropFirst()).allSatisfy { $1.storedBytes <= $0.storedBytes })
      #expect(small[0].codec == "zlib-texts")
      let texts = raw.dropLast(tensors.count)
      // Each with its name, quotes, colon and comma, in braces.
      #expect(small[0].rawBytes == texts.reduce(1) { $0 + $1.rawBytes + $1.name.utf8.count + 4 })
    }
  }
}
