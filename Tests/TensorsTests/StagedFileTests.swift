import Platform
import Tensors
import Testing

@Suite struct StagedFileTests {
  @Test func isRemovedUnlessCommitted() throws {
    let folder = try Folder()
    var staged: StagedFile? = try StagedFile(Array("new".utf8), for: folder / "a")
    #expect(folder.names.count == 1 && folder.names[0].hasSuffix(".partial"))
    staged = nil
    #expect(folder.names == [])
    staged = try StagedFile(Array("new".utf8), for: folder / "a")
    try staged?.commit()
    // What somebody else puts there afterwards is theirs.
    let aside = try #require(staged?.aside)
    try overwriteOrCreate(aside)
    staged = nil
    #expect(folder.names.count == 2)
  }

  /// The names next to come are taken, by files of a process that had the same number.
  @Test func filesOfOthersStay() throws {
    let folder = try Folder()
    let probe = try StagedFile([1], for: folder / "probe").aside
    let name = try #require(probe.split(separator: "/").last)
    let number = try #require(name.split(separator: "-").last.flatMap { Int($0.dropLast(".partial".count)) })
    let taken = (number + 1...number + 60).map { ".dermc-\(getpid())-\($0).partial" }
    for name in taken { try overwriteOrCreate(folder / name) }
    try OutputFile.write("new", to: folder / "a")
    #expect(try folder.text("a") == "new")
    #expect(folder.names == (taken + ["a"]).sorted())
  }

  @Test func theLongestNamesWork() throws {
    let folder = try Folder()
    let longest = String(repeating: "n", count: 255)
    try OutputFile.check(folder / longest)
    try OutputFile.write("new", to: folder / longest)
    #expect(try folder.text(longest) == "new")
    #expect(folder.names == [longest])
    for name in [longest + "n", String(repeating: "é", count: 128)] {
      let error = #expect(throws: Refusal.self) { try OutputFile.check(folder / name) }
      #expect(error?.reason.contains("File name too long") == true)
    }
  }

  @Test func onlyFilesAreReplaced() throws {
    let folder = try Folder()
    #expect(mkfifo(folder / "pipe", 0o600) == 0)
    let error = #expect(throws: Refusal.self) { try OutputFile.check(folder / "pipe") }
    #expect(error?.reason == "cannot be written: it is not a regular file")
    #expect(folder.names == ["pipe"])
  }

  @Test func severalFilesAppearTogether() throws {
    let folder = try Folder()
    try OutputFile.write("old report", to: folder / "report")
    let files = try ["report", "page", "bundle"].map { try StagedFile(Array("new \($0)".utf8), for: folder / $0) }
    try StagedFile.commit(files)
    #expect(folder.names == ["bundle", "page", "report"])
    for name in folder.names { #expect(try folder.text(name) == "new \(name)") }
  }

  /// The last of three names is taken by a folder by then: the first two are as they were.
  @Test func orNoneOfThem() throws {
    let folder = try Folder()
    try OutputFile.write("old report", to: folder / "report")
    let files = try ["report", "page", "bundle"].map { try StagedFile(Array("new \($0)".utf8), for: folder / $0) }
    mkdir(folder / "bundle", 0o755)
    let error = #expect(throws: Refusal.self) { try StagedFile.commit(files) }
    #expect(error?.description == "\(folder / "bundle"): cannot be written: it is not a regular file")
    #expect(try folder.text("report") == "old report")
    withExtendedLifetime(files) {
      #expect(folder.names.filter { !$0.hasSuffix(".partial") } == ["bundle", "report"])
    }
  }

  private func overwriteOrCreate(_ path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    try #require(descriptor >= 0)
    close(descriptor)
  }
}
