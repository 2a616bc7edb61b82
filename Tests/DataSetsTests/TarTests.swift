import DataSets
import NumPyFiles
import Tensors
import TestSupport
import Testing

/// Tars as data: their samples are those of a folder with the same files, and what is wrong with one is told by name.
@Suite struct TarTests {
  private typealias Member = TarFile.Member
  private static let pairs = ModelInputs(TensorType(.float32, [1, 2]))

  private static func pair(_ value: Float) -> [UInt8] { NumPyFile.encode(Tensor([value, 1], shape: [1, 2])) }

  private func samples(_ folder: Folder, _ name: String) throws -> SampleSet {
    try SampleFolder.samples(at: folder / name, inputs: Self.pairs)
  }

  private func refusal(_ members: [Member], _ change: (inout TarFile) -> Void = { _ in }) throws -> String {
    let folder = try Folder()
    var tar = TarFile(members)
    change(&tar)
    try folder.write(tar.bytes, "data.tar")
    do {
      _ = try samples(folder, "data.tar")
      return ""
    } catch {
      return "\(error)"
    }
  }

  /// In the order of the bytes of their names, whichever they have in the tar; what is hidden is left out.
  @Test func samplesAreThoseOfAFolder() throws {
    let folder = try Folder()
    let files = ["b.npy", "mel/z.npy", "mel/B.npy", "mel.npy", "A/deep/er/x.npy"]
    var members = [Member("./", letter: "5"), Member("mel/", letter: "5"), Member("mel/.hidden.npy", Self.pair(9))]
    for (index, name) in files.enumerated() {
      members.append(Member(index % 2 == 0 ? name : "./\(name)", Self.pair(Float(index))))
      try folder.write(Self.pair(Float(index)), "copy/data.tar/\(name)")
    }
    members.append(Member("mel/x.json", Array("{}".utf8)))
    try folder.write(TarFile(members).bytes, "data.tar")
    let (found, expected) = (try samples(folder, "data.tar"), try samples(folder, "copy"))
    #expect(found.samples.map(\.name) == expected.samples.map(\.name))
    for (one, other) in zip(found.samples, expected.samples) { #expect(try one.contents() == other.contents()) }
    #expect(found.unread.isEmpty && found.warnings.isEmpty)
  }

  /// Names of more than 100 bytes: POSIX's folders before the name, GNU's long names, pax.
  @Test func longNames() throws {
    let folder = try Folder()
    let long = String(repeating: "long/", count: 40) + "é.npy"
    var split = Member("name.npy", Self.pair(0))
    split.folders = String(repeating: "s", count: 150)
    var old = Member("old.npy", Self.pair(3), letter: "\u{0}")
    // Before POSIX; what follows the name is no folder.
    (old.magic, old.folders) = ("", "nothing")
    var gnu = Member("gnu.npy", Self.pair(4))
    (gnu.magic, gnu.folders) = ("ustar  \u{0}", "1234567")
    let members = [
      split, Member("././@LongLink", Array("L/\(long)".utf8) + [0], letter: "L"), Member("L/cut", Self.pair(1)),
      Member("facts", TarFile.fact("mtime", "1.25") + TarFile.fact("path", "x/\(long)"), letter: "x"),
      Member("x/cut", Self.pair(2)), old, gnu, Member("all", TarFile.fact("comment", "none"), letter: "g"),
    ]
    try folder.write(TarFile(members).bytes, "data.tar")
    let names = try samples(folder, "data.tar").samples.map(\.name)
    #expect(
      names == [
        "data.tar/L/\(long)", "data.tar/gnu.npy", "data.tar/old.npy", "data.tar/\(split.folders)/name.npy",
        "data.tar/x/\(long)",
      ])
  }

  @Test func whatIsWrongIsNamed() throws {
    let (a, b) = (Member("a.npy", Self.pair(1)), Member("b.npy", Self.pair(2)))
    func size(_ bytes: [UInt8]) -> Member { Member("b.npy", Self.pair(2), size: bytes) }
    var summed = b
    summed.error = 1
    let cases: [([Member], String)] = [
      ([a, Member("../b.npy", Self.pair(1))], "../b.npy: is a name that leads out of the tar"),
      ([a, Member("x/../../b.npy", Self.pair(1))], "leads out of the tar"),
      ([Member("/a.npy", Self.pair(1))], "/a.npy: is a name that leads out"),
      ([a, b, Member("./a.npy", Self.pair(1))], "a.npy: is in the tar twice"),
      ([a, Member("l.npy", letter: "2")], "l.npy: is a link"), ([a, Member("l.npy", letter: "1")], "l.npy: is a link"),
      ([a, Member("tty", letter: "3")], "tty: is of type 51"),
      ([a, size(Array("77777777777".utf8))], "b.npy is to have 8589934591 bytes, the tar has"),
      ([a, size([0x80] + [UInt8](repeating: 0xFF, count: 11))], "a size that no file has"),
      ([a, size([0xFF] + [UInt8](repeating: 0xFF, count: 11))], "a negative size"),
      ([a, size([0x80, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])], "it is cut off or damaged"),
      ([a, size(Array("-1".utf8))], "says no size"), ([a, size([0])], "says no size"),
      ([a, summed], "its checksum does not hold"), ([summed, a], "is not a tar"),
      ([Member("f", TarFile.fact("size", "99999999999999"), letter: "x"), a], "a.npy is to have 99999999999999 bytes"),
      ([Member("f", TarFile.fact("size", "-1"), letter: "x"), a], "a size that is no number"),
      ([Member("f", TarFile.fact("path", "../a.npy"), letter: "x"), a], "leads out of the tar"),
      ([Member("f", TarFile.fact("path", "a\u{0}b.npy"), letter: "x"), a], "leads out of the tar"),
      ([Member("f", TarFile.fact("GNU.sparse.major", "1"), letter: "x"), a], "holes (sparse)"),
      ([Member("f", TarFile.fact("path", "a.npy"), letter: "g"), a], "gives all members one name or size"),
      ([Member("f", Array("12 path=x".utf8), letter: "x"), a], "further facts (pax)"),
      ([Member("f", Array("99999999999999999999 path=x\n".utf8), letter: "x"), a], "further facts (pax)"),
      ([a, Member("L", Array("c.npy".utf8), letter: "L")], "ends after the name of a member that is not there"),
      ([Member("readme.txt", [1])], "contains no images"),
    ]
    for (members, words) in cases {
      let message = try refusal(members)
      #expect(message.contains(words) && message.contains("data.tar"), "\(message), not \(words)")
    }
    #expect(try refusal([a, b]) { $0.end = [] }.contains("cut off: a tar ends with two empty blocks"))
    #expect(try refusal([a, b]) { $0.end = $0.end + TarFile([b]).bytes }.contains("goes on after its end"))
    #expect(try refusal([]) { $0.end = [] }.contains("is empty, no tar"))
    #expect(try refusal([]) { $0.end = [0x1F, 0x8B] + $0.end }.contains("compressed (gzip)"))
    #expect(try refusal([a, b]) { $0.end = [UInt8](repeating: 0, count: 10240) } == "")
  }

  /// Cut off anywhere, a tar is refused or, behind its members, one block of its end is enough.
  @Test func noCutGoesUnnoticed() throws {
    let folder = try Folder()
    let whole = TarFile([Member("a.npy", Self.pair(1)), Member("b.npy", Self.pair(2))]).bytes
    for length in stride(from: 0, to: whole.count - 512, by: 64) {
      try folder.write(Array(whole[..<length]), "cut.tar")
      #expect(throws: Refusal.self, "\(length) bytes") { try samples(folder, "cut.tar") }
    }
  }

  // MARK: Labels

  private func labels(_ folder: Folder, _ name: String, _ classes: [String]? = nil) throws -> [String: String] {
    try SampleFolder.labelled(at: folder / name, classes: classes, inputs: Self.pairs).named
  }

  @Test func foldersInTarsAreClasses() throws {
    let folder = try Folder()
    let (a, b) = (Member("mel/1.npy", Self.pair(1)), Member("nv/1.npy", Self.pair(2)))
    try folder.write(TarFile([a, b]).bytes, "s/0.tar")
    try folder.write(TarFile([Member("./mel/2.npy", Self.pair(3)), Member("bcc/", letter: "5")]).bytes, "s/1.tar")
    let expected = ["0.tar/mel/1.npy": "mel", "0.tar/nv/1.npy": "nv", "1.tar/mel/2.npy": "mel"]
    #expect(try labels(folder, "s") == expected)
    #expect(try SampleFolder.classFolders(of: folder / "s") == ["bcc", "mel", "nv"])
    #expect(try labels(folder, "s/{0..1}.tar") == expected)
    #expect(try SampleFolder.hasLabels(folder / "s") && SampleFolder.hasLabels(folder / "s/0.tar"))
    #expect(throws: Refusal.self) { try labels(folder, "s", ["mel", "bcc"]) }
    // Folders of tars are classes as folders of images are.
    for name in ["mel", "nv"] { try folder.write(TarFile([Member("1.npy", Self.pair(1))]).bytes, "t/\(name)/0.tar") }
    #expect(try labels(folder, "t") == ["mel/0.tar/1.npy": "mel", "nv/0.tar/1.npy": "nv"])
    // Beside images a tar is not read.
    try folder.write(Self.pair(1), "t/mel/9.npy")
    let set = try SampleFolder.samples(at: folder / "t", inputs: Self.pairs)
    #expect(set.samples.map(\.name) == ["mel/9.npy"] && set.unread == [UnreadFiles(ending: "tar", count: 2)])
  }

  @Test func filesOfClasses() throws {
    let folder = try Folder()
    func cls(_ name: String, _ text: String) -> Member { Member("\(name).cls", Array(text.utf8)) }
    let (a, b) = (Member("x/a.npy", Self.pair(1)), Member("b.left.npy", Self.pair(2)))
    try folder.write(TarFile([a, cls("x/a", " mel\n"), b, cls("b", "nv")]).bytes, "0.tar")
    #expect(try labels(folder, "0.tar") == ["0.tar/x/a.npy": "mel", "0.tar/b.left.npy": "nv"])
    try folder.write(TarFile([a, cls("x/a", "1"), b, cls("b", "0"), cls("gone", "0")]).bytes, "1.tar")
    let set = try SampleFolder.labelled(at: folder / "1.tar", classes: ["nv", "mel"], inputs: Self.pairs)
    #expect(set.named == ["1.tar/x/a.npy": "mel", "1.tar/b.left.npy": "nv"] && set.tableHash != nil)
    #expect(set.warnings.contains { $0.contains("1 of 3 files it names is not in the folder: 1.tar/gone") })
    // A list of tars has the order of the list, and their classes.
    try folder.write("1.tar\n0.tar\n", "all.txt")
    #expect(try samples(folder, "all.txt").samples.map(\.name).first == "1.tar/b.left.npy")
    for (members, words) in [
      ([a, cls("x/a", "mel"), b], "b.left.npy: has no class beside it"), ([a, cls("x/a", "mel\nnv")], "has 2 lines"),
      ([a, Member("x/a.cls", [0xFF])], "not the name or number"), ([a, cls("x/a", "eczema")], "eczema"),
    ] {
      try folder.write(TarFile(members).bytes, "bad.tar")
      do {
        _ = try labels(folder, "bad.tar", ["nv", "mel"])
        Issue.record("\(words) is not refused")
      } catch {
        #expect("\(error)".contains(words) && "\(error)".contains("bad.tar"), "\(error)")
      }
    }
  }

  @Test func bracesStandForTars() throws {
    let folder = try Folder()
    for index in 8...10 {
      let name = index < 10 ? "0\(index)" : "\(index)"
      try folder.write(TarFile([Member("a.npy", Self.pair(Float(index)))]).bytes, "s-\(name).tar")
    }
    let names = try samples(folder, "s-{08..10}.tar").samples.map(\.name)
    #expect(names == ["s-08.tar/a.npy", "s-09.tar/a.npy", "s-10.tar/a.npy"])
    for (name, words) in [
      ("s-{08..11}.tar", "s-11.tar"), ("s-{8..9}.tar", "s-8.tar"), ("s-{a..b}.tar", "rising numbers"),
      ("s-{9..8}.tar", "rising numbers"), ("s-{0..999999999}.tar", "rising numbers"), ("none.tar", "no such file"),
    ] {
      do {
        _ = try samples(folder, name)
        Issue.record("\(name) is not refused")
      } catch {
        #expect("\(error)".contains(words), "\(error)")
      }
    }
  }
}
