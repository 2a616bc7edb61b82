import CanonicalJSON
import Deflate
import Hashing
import IR
import Operators
import Platform
import Tensors
import TestSupport
import Testing

@testable import Bundles

/// Files whose hashes hold but whose contents do not: each must be refused, none may stop the process.
@Suite struct HostileTests {
  /// Writes a bundle with sections changed by `edit` and proper hashes, and reads it.
  private func reading(_ bundle: Bundle, edit: (inout [Section: [UInt8]]) throws -> Void) throws -> Bundle {
    try withFolder { folder in
      let path = "\(folder)/a.derm"
      var sections: [Section: [UInt8]] = [:]
      for part in try BundleWriter.contents(of: bundle, path: path) {
        sections[part.section] = part.bytes.withBytes(Array.init)
      }
      try edit(&sections)
      let contents = Section.allCases.compactMap { section in
        sections[section].map { bytes in
          SectionContents(section, Buffer(count: bytes.count) { $0.copyBytes(from: bytes) })
        }
      }
      _ = try BundleWriter.write(contents, to: path, compression: .none)
      return try BundleReader.open(path).read()
    }
  }

  /// The message with which a graph section is refused after `old` was replaced by `new` everywhere.
  private func refusal(_ bundle: Bundle, _ old: String, _ new: String, in section: Section = .graph) throws -> String {
    var message = ""
    do {
      _ = try reading(bundle) { sections in
        let text = String(decoding: try #require(sections[section]), as: UTF8.self)
        let changed = text.replacing(old, with: new)
        try #require(changed != text, "\(old) does not occur")
        sections[section] = Array(changed.utf8)
      }
    } catch let error as Refusal {
      message = "\(error)"
    }
    return message
  }

  @Test(arguments: [
    (#""op":"Split""#, #""op":"Spilt""#, "operator Spilt is not known"),
    (#""axis":{"int":1}"#, #""axes":{"int":1}"#, "attribute axis is missing"),
    (#""axis":{"int":1}"#, #""axis":{"int":1},"extra":{"int":1}"#, "extra"),
    (#""axis":{"int":1}"#, #""axis":{"int":9223372036854775807}"#, "axis"),
    (#""axis":{"int":1}"#, #""axis":{"number":1}"#, "not a kind of attribute"),
    (#""axis":{"int":1}"#, #""axis":{"float":1.0}"#, "expected int"),
    (#""sizes":{"ints":[1,3]}"#, #""sizes":{"ints":[1,2]}"#, "node \"split\" (\"Split\")"),
    (#""sizes":{"ints":[1,3]}"#, #""sizes":{"ints":[9223372036854775807,3]}"#, "split"),
    (#""shape":[1,4,8,8]"#, #""shape":[1,4,8,9]"#, "its operator gives"),
    (#""shape":[1,3,8,8]"#, #""shape":[1,3,-8,8]"#, "out of range"),
    (#""shape":[1,3,8,8]"#, #""shape":[2147483647,2147483647,2147483647]"#, "beyond the limits"),
    (#""shape":[4,3,3,3]"#, #""shape":[4,3,3,4]"#, "offset"),
    (#""shape":[4,4,1,1]"#, #""shape":[4,4,1,1024]"#, "section"),
    (#""element":"int64""#, #""element":"float16""#, "not an element type"),
    (#""element":"int64""#, #""element":"uint64""#, "not an element type"),
    (#""section":"parameters""#, #""section":"weights""#, "expected parameters"),
    (#""offset":0"#, #""offset":64"#, "expected 0"),
    (#""kind":"checkpoint""#, #""kind":"zip""#, "expected checkpoint or compiled"),
    (#""name":"b""#, #""name":"w2""#, "two values are called"),
    (#""name":"one""#, #""name":"""#, "no name"),
    (#""name":"result""#, #""name":7"#, "expected a string"),
    (#""inputs":[0]"#, #""inputs":[0,0]"#, "twice"),
    (#""inputs":[0]"#, #""inputs":[1]"#, "or also a constant"),
    (#""inputs":[0]"#, #""inputs":[]"#, "before it is produced"),
    (#""inputs":[0]"#, #""inputs":[99]"#, "out of range"),
    (#""inputs":[0,1,2]"#, #""inputs":[3,1,2]"#, "before it is produced"),
    (#""outputs":[3]"#, #""outputs":[1]"#, "has another producer"),
    (#""outputs":[3]"#, #""outputs":[3,3]"#, "outputs"),
    (#""group":{"int":9223372036854775807}"#, "", ""),
    (#""free_batch":true"#, #""free_batch":true,"and":1"#, "unknown member"),
    (#""free_batch":true,"#, "", "missing"),
    ("{", "[", "section graph"),
    ("}", "", "section graph"),
  ])
  func graphsThatContradictThemselvesAreRefused(_ old: String, _ new: String, _ expected: String) throws {
    var old = old
    var new = new
    if new.isEmpty, expected.isEmpty {
      // A group that would overflow when multiplied by the channels of the weights.
      new = #""kernel_shape":{"ints":[3,3]},"# + old
      old = #""kernel_shape":{"ints":[3,3]}"#
    }
    let message = try refusal(Bundle(kind: .checkpoint, graph: Sample.floatGraph()), old, new)
    #expect(message.contains(expected) && message.contains("graph"), "\(message)")
  }

  @Test(arguments: [
    (Section.labels, "[\"akiec\"", "[1"), (.labels, "[", "{"), (.preprocessing, "{", "{{"),
    (.provenance, "\"", "'"), (.selfTest, "\"offset\":0", "\"offset\":64"), (.selfTest, "[1,7]", "[1,8]"),
    (.selfTest, "float32", "int32"), (.selfTest, "self-test-tensors", "parameters"), (.selfTest, "inputs", "input"),
  ])
  func otherSectionsAreChecked(_ section: Section, _ old: String, _ new: String) throws {
    let message = try refusal(Sample.full(), old, new, in: section)
    #expect(message.contains("section \(section.name)"), "\(message)")
  }

  @Test(arguments: [Section.weights, .parameters, .integers, .selfTestTensors])
  func tensorSectionsMustHaveTheirSize(_ section: Section) throws {
    let full = try Sample.full()
    #expect(throws: Refusal.self) { try reading(full) { $0[section] = nil } }
    #expect(throws: Refusal.self) { try reading(full) { $0[section]?.append(0) } }
    #expect(throws: Refusal.self) { try reading(full) { $0[section]?.removeLast() } }
  }

  @Test func aBundleNeedsAGraph() throws {
    #expect(throws: Refusal.self) { try reading(Sample.full()) { $0[.graph] = nil } }
    #expect(throws: Refusal.self) { try reading(Sample.full()) { $0 = [:] } }
  }

  @Test(arguments: [
    ("[]", "section texts is no object"),
    (#"{"graf":{}}"#, "section texts holds what this dermc does not know: graf"),
    (#"{"texts":{}}"#, "section texts holds what this dermc does not know: texts"),
    (#"{"weights":{}}"#, "section texts holds what this dermc does not know: weights"),
    (#"{"labels":["a"]}"#, "section labels is in section texts and beside it"),
    (#"{"preprocessing":1,"preprocessing":2}"#, "section texts: "),
  ])
  func textsAreCheckedLikeSections(_ texts: String, _ expected: String) throws {
    var bundle = try Sample.full()
    bundle.preprocessing = nil
    let error = #expect(throws: Refusal.self) { try reading(bundle) { $0[.texts] = Array(texts.utf8) } }
    #expect("\(error.map { "\($0)" } ?? "")".contains(expected), "\(String(describing: error))")
  }

  @Test func aTextAmongOthersIsNamedLikeASection() throws {
    let error = #expect(throws: Refusal.self) {
      try reading(Sample.full()) { sections in
        sections[.labels] = nil
        sections[.texts] = Array(#"{"labels":[1]}"#.utf8)
      }
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains("section labels[0]: expected a string"))
  }

  @Test func deeplyNestedTextIsRefused() throws {
    for section in [Section.graph, .labels, .calibration] {
      #expect(throws: Refusal.self) {
        try reading(Sample.full()) { $0[section] = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000) }
      }
    }
  }

  /// Writes one section with a record that says what it likes.
  private func reading(_ section: Section, _ codec: any SectionCodec.Type, _ stored: [UInt8], raw: Int) throws {
    try withFolder { folder in
      var record = stored.withUnsafeBytes { SectionRecord(section, codec: codec, stored: $0, rawSize: raw) }
      record.offset = Container.headerSize(sections: 1)
      try OutputFile.write(Container.header([record]) + stored, to: "\(folder)/a.derm")
      _ = try BundleReader.open("\(folder)/a.derm").read()
    }
  }

  @Test(arguments: [
    #"{"free_batch":false,"inputs":[0],"kind":"checkpoint","name":"g","nodes":[],"outputs":[],"values":[]}"#,
    #"{"free_batch":false,"inputs":[],"kind":"checkpoint","name":"g","nodes":[],"outputs":[0],"values":[]}"#,
    #"""
    {"free_batch":false,"inputs":[],"kind":"checkpoint","name":"g","nodes":[{"attributes":{},"inputs":[0],"name":"n",\#
    "op":"Shape","origins":[],"outputs":[0]}],"outputs":[],"values":[]}
    """#,
  ])
  func aGraphWithoutValuesHasNoIndices(_ graph: String) throws {
    let error = #expect(throws: Refusal.self) {
      try reading(.graph, RawCodec.self, Array(graph.utf8), raw: graph.utf8.count)
    }
    let message = error.map { "\($0)" } ?? ""
    #expect(message.contains("section graph.") && message.contains("out of range"), "\(message)")
  }

  @Test func compressionBombsAreRefused() throws {
    // 16 MiB and one byte of JSON whitespace, which zlib packs to 16 KiB.
    let spaces = Buffer(count: (16 << 20) + 1) { $0.initializeMemory(as: UInt8.self, repeating: 0x20) }
    let stored = try #require(spaces.withBytes(Deflate.compress)).withBytes(Array.init)
    #expect(stored.count < 20_000)
    for claim in [spaces.count, spaces.count - 1, 100, 0, 1 << 40, Int.max] {
      #expect(throws: Refusal.self) { try reading(.graph, ZlibCodec.self, stored, raw: claim) }
    }
    #expect(throws: Refusal.self) { try reading(.graph, RawCodec.self, stored, raw: 1 << 40) }
    #expect(throws: Refusal.self) { try reading(.graph, ZlibCodec.self, [], raw: 0) }
    #expect(throws: Refusal.self) { try reading(.graph, ZlibPlanesCodec.self, stored + [0], raw: spaces.count) }
  }

  @Test func jsonThatWouldFillMemoryIsRefused() throws {
    let head = #"{"free_batch":false,"inputs":["#
    let tail = #"0],"kind":"checkpoint","name":"g","nodes":[],"outputs":[],"values":[]}"#
    let graph = Array((head + String(repeating: "0,", count: 1 << 20) + tail).utf8)
    try expectRefusal(graph, "takes more memory than the limit")
    // Few enough for memory, too many for a graph.
    try expectRefusal(Array((head + String(repeating: "0,", count: 5000) + tail).utf8), "more than 4096 values")
  }

  /// The message a compressed graph section is refused with.
  private func expectRefusal(_ graph: [UInt8], _ expected: String) throws {
    let packed = try #require(graph.withUnsafeBytes { Deflate.compress($0) }).withBytes(Array.init)
    let error = #expect(throws: Refusal.self) {
      try reading(.graph, ZlibCodec.self, packed, raw: graph.count)
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains(expected), "\(String(describing: error))")
  }

  @Test func endlessLabelsAreRefused() throws {
    let labels = Array(("[" + String(repeating: "\"\",", count: 70_000) + "\"\"]").utf8)
    let error = #expect(throws: Refusal.self) { try reading(Sample.full()) { $0[.labels] = labels } }
    #expect("\(error.map { "\($0)" } ?? "")".contains("more than 65536 labels"))
  }

  @Test func recordsShareOneLimit() throws {
    // Each of the five could be read; together they would take five times as much.
    let empty = Array(("[" + String(repeating: "{},", count: 300_000) + "{}]").utf8)
    let sections: [Section] = [.preprocessing, .calibration, .evaluation, .explanation, .provenance]
    _ = try reading(Sample.full()) { $0[.preprocessing] = empty }
    try withFolder { folder in
      var parts = try BundleWriter.contents(of: Sample.full(), path: "a").filter { !sections.contains($0.section) }
      for section in sections {
        parts.append(SectionContents(section, Buffer(count: empty.count) { $0.copyBytes(from: empty) }))
      }
      parts.sort { Section.allCases.firstIndex(of: $0.section) ?? 0 < Section.allCases.firstIndex(of: $1.section) ?? 0 }
      _ = try BundleWriter.write(parts, to: "\(folder)/a.derm", compression: .smallest)
      #expect(throws: Refusal.self) { try BundleReader.open("\(folder)/a.derm").read() }
    }
  }

  @Test func tensorsThatPackTooWellAreRefused() throws {
    // 320 MiB of zeros in 320 kB, as the graph says.
    let count = 320 << 20
    let packed = try #require(Buffer(count: count).withBytes(Deflate.compress)).withBytes(Array.init)
    let text = """
      {"free_batch":false,"inputs":[],"kind":"checkpoint","name":"","nodes":[],"outputs":[0],"values":[\
      {"constant":{"offset":0,"section":"weights"},"element":"int8","name":"x","shape":[\(count)]}]}
      """
    let graph = Array(text.utf8)
    try withFolder { folder in
      let path = "\(folder)/a.derm"
      var first = graph.withUnsafeBytes {
        SectionRecord(.graph, codec: RawCodec.self, stored: $0, rawSize: graph.count)
      }
      first.offset = try #require(Container.aligned(Container.headerSize(sections: 2)))
      var second = packed.withUnsafeBytes {
        SectionRecord(.weights, codec: ZlibCodec.self, stored: $0, rawSize: count)
      }
      second.offset = try #require(Container.aligned(first.offset + graph.count))
      let padding = [UInt8](repeating: 0, count: second.offset - first.offset - graph.count)
      try OutputFile.write(
        Container.header([first, second]) + graph + padding + packed, to: path)
      let error = #expect(throws: Refusal.self) { try BundleReader.open(path).read() }
      #expect("\(error.map { "\($0)" } ?? "")".contains("claims to hold \(count) bytes"))
    }
  }

  @Test func readingKeepsALimitOfItsCaller() throws {
    try withFolder { folder in
      let path = "\(folder)/a.derm"
      var graph = Graph(name: "zeros")
      let x = graph.addInput("x", TensorType(.float32, [1, 1 << 18]))
      let c = graph.addConstant("c", Tensor([Float](repeating: 0, count: 1 << 18), shape: [1, 1 << 18]))
      graph.addOutput(try graph.add(Binary(.add), name: "add", inputs: [x, c])[0])
      try BundleWriter.write(Bundle(kind: .compiled, graph: graph), to: path)
      _ = try BundleReader.open(path).read(maximumBytes: 2 << 20)
      let error = #expect(throws: Refusal.self) { try BundleReader.open(path).read(maximumBytes: 1 << 19) }
      #expect("\(error.map { "\($0)" } ?? "")".contains("more than the limit of 524288"))
    }
  }

  @Test func aGraphCannotClaimMoreThanItsFileHolds() throws {
    // A constant of 8 GiB in a file of a few hundred bytes.
    let text = """
      {"free_batch":false,"inputs":[],"kind":"checkpoint","name":"","nodes":[],"outputs":[0],"values":[\
      {"constant":{"offset":0,"section":"parameters"},"element":"float32","name":"x","shape":[2147483647]}]}
      """
    let graph = Array(text.utf8)
    #expect(throws: Refusal.self) { try reading(.graph, RawCodec.self, graph, raw: graph.count) }
  }

  @Test func mutatedHeadersAreRefusedOrRead() throws {
    try withFolder { folder in
      let path = "\(folder)/a.derm"
      try BundleWriter.write(Sample.full(), to: path)
      let whole = try bytes(of: path)
      let file = try BundleReader.open(path)
      let tableEnd = Container.headerSize(sections: file.records.count)
      let descriptor = open(path, O_WRONLY)
      defer { close(descriptor) }
      var random = RandomNumbers(seed: 5)
      for _ in 0..<3000 {
        var changed = whole[..<tableEnd]
        // Numbers are what matters most: the last 64 bytes of a record, and the preamble.
        let record = Int.random(in: 0...file.records.count, using: &random)
        let offset = max(4, record * 128 - 64 + Int.random(in: 0..<128, using: &random))
        changed[min(offset, tableEnd - 1)] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
        let root = SHA256(of: Array(changed[..<32] + changed[64...]))
        changed.replaceSubrange(32..<64, with: root.bytes)
        changed.withUnsafeBytes { _ = pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        do throws(Refusal) {
          let file = try BundleReader.open(path)
          _ = file.verify()
          _ = try file.read()
        } catch {
          #expect(!"\(error)".isEmpty)
        }
      }
    }
  }

  @Test(arguments: [true, false])
  func mutatedGraphsAreRefusedOrRead(isFloat: Bool) throws {
    var random = RandomNumbers(seed: 6)
    let graph = isFloat ? try Sample.floatGraph() : try Sample.int8Graph()
    let numbers = [
      "0", "1", "-1", "2147483648", "9223372036854775807", "-9223372036854775808", "1e300", "\"inf\"", "null",
    ]
    try withFolder { folder in
      let path = "\(folder)/a.derm"
      let contents = try BundleWriter.contents(of: Bundle(kind: .compiled, graph: graph), path: path)
      let original = try #require(contents.first).bytes.withBytes(Array.init)
      // Changed in place: thousands of new files would take the disk its time.
      let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
      defer { close(descriptor) }
      var read = 0
      for _ in 0..<1500 {
        var changed = original
        for _ in 0...Int.random(in: 0...1, using: &random) {
          let offset = Int.random(in: changed.indices, using: &random)
          // Numbers are replaced whole, anything else by another byte of the text.
          if let end = changed[offset...].firstIndex(where: { !(0x30...0x39).contains($0) }), end > offset {
            let start = (changed[..<offset].lastIndex { !(0x30...0x39).contains($0) } ?? -1) + 1
            changed.replaceSubrange(start..<end, with: Array((numbers.randomElement(using: &random) ?? "").utf8))
          } else {
            changed[offset] = original.randomElement(using: &random) ?? 0
          }
        }
        var edited = contents
        edited[0].bytes = Buffer(count: changed.count) { $0.copyBytes(from: changed) }
        let (pieces, _) = try BundleWriter.assembled(edited, path: path, compression: .none)
        let file = pieces.flatMap { $0.withBytes(Array.init) }
        try #require(ftruncate(descriptor, file.count) == 0 && pwrite(descriptor, file, file.count, 0) == file.count)
        do throws(Refusal) {
          _ = try BundleReader.open(path).read()
          read += 1
        } catch {
          #expect("\(error)".utf8.count < 2000)
        }
      }
      // Names and origins may be anything, so some mutations are legal.
      #expect(read > 0 && read < 1000)
    }
  }
}
