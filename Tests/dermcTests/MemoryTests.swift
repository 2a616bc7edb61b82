import FuzzTargets
import Tensors
import Testing

/// Small files that ask for much memory: refused, before they have it.
@Suite struct MemoryTests {
  private static let graph =
    #"{"free_batch":false,"inputs":[],"kind":"compiled","name":"g","nodes":[],"outputs":[],"values":[]}"#

  private static func section(_ name: String, _ text: String) -> BundleParts.Section {
    BundleParts.Section(name: name, codec: name == "graph" ? 0 : 1, raw: Array(text.utf8))
  }

  /// 32 MiB of values and 16 of text beside the 20 that the program takes for a small file. Sanitizers need more for
  /// both.
  private static let factor = 6

  /// 15 MB of text in 15 kB.
  private static func list(_ element: String) -> String {
    "[" + String(repeating: element + ",", count: (15 << 20) / (element.utf8.count + 1)) + element + "]"
  }

  private static let records = ["preprocessing", "calibration", "evaluation", "explanation", "provenance"]

  static let files: [(String, BundleParts)] = [
    ("labels", BundleParts(sections: [section("graph", graph), section("labels", list("\"\""))])),
    ("records", BundleParts(sections: [section("graph", graph)] + records.map { section($0, list("{}")) })),
    ("numbers", BundleParts(sections: [section("graph", graph), section("calibration", list("0"))])),
    (
      "inputs",
      BundleParts(sections: [
        .init(
          name: "graph", codec: 1,
          raw: Array(graph.replacing(#""inputs":[]"#, with: #""inputs":"# + list("0")).utf8))
      ])
    ),
  ]

  @Test(arguments: 0..<4)
  func hostileBundles(index: Int) throws {
    let (name, parts) = MemoryTests.files[index]
    let folder = try Folder()
    try OutputFile.write(parts.bytes, to: folder / "a.derm")
    let small = BundleParts(sections: [MemoryTests.section("graph", MemoryTests.graph)])
    try OutputFile.write(small.bytes, to: folder / "small.derm")
    // So short a run may be over before its memory was looked at: of several one was not.
    let bases = try (0..<5).map { _ in try Program.run("stats", folder / "small.derm") }
    #expect(bases.allSatisfy { $0.status == 0 }, "\(bases[0].error)")
    let base = bases.reduce(0) { max($0, $1.peak) }
    for command in ["stats", "verify"] {
      let outcome = try Program.run(command, folder / "a.derm")
      #expect(outcome.status == (command == "stats" ? 3 : 1), "\(outcome.error)")
      #expect(outcome.isOneLine(with: ["a.derm"]), "\(outcome.error)")
      #expect(outcome.peak < MemoryTests.factor * base, "\(name): \(outcome.peak), \(base)")
    }
  }

  /// 300 MB of zeros in 300 kB, which are no array.
  @Test func hostileArchives() throws {
    let zeros = [UInt8](repeating: 0, count: 300_000_000)
    let archive = ZipParts(members: [.init(name: "x.npy", content: zeros, isDeflated: true)]).bytes
    #expect(archive.count < 1_000_000)
    let folder = try Folder()
    try OutputFile.write(archive, to: folder / "x.npz")
    let model = Fixture.cnn
    let base = try Program.run("stats", model)
    let outcome = try Program.run("run", model, folder / "x.npz")
    #expect(outcome.status == 3 && outcome.isOneLine(with: ["x.npz"]), "\(outcome.error)")
    #expect(outcome.peak < MemoryTests.factor * base.peak, "\(outcome.peak), \(base.peak)")
  }
}
