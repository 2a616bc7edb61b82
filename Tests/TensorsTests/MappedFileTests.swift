import Platform
import Tensors
import Testing

@Suite struct MappedFileTests {
  @Test func anUnchangedFileIsFine() throws {
    let folder = try Folder()
    try OutputFile.write("0123456789", to: folder / "a")
    let file = try MappedFile(path: folder / "a")
    try file.checkUnchanged()
    // Neither another name for it, nor reading it, nor another file in its place is a change.
    #expect(link(folder / "a", folder / "b") == 0)
    try file.checkUnchanged()
    try OutputFile.write("another", to: folder / "a")
    try file.checkUnchanged()
    #expect(file.withBytes { $0.elementsEqual("0123456789".utf8) })
    unlink(folder / "a")
    try file.checkUnchanged()
  }

  @Test(arguments: ["content", "shorter", "longer", "as before", "time set back"])
  func aChangeIsNoticed(_ kind: String) throws {
    let folder = try Folder()
    try OutputFile.write("0123456789", to: folder / "a")
    var before = stat()
    stat(folder / "a", &before)
    let file = try MappedFile(path: folder / "a")
    switch kind {
    case "shorter": try overwrite(folder / "a", with: "", size: 5)
    case "longer": try overwrite(folder / "a", with: "!", at: 10)
    // Whoever writes the same bytes may as well have written others before.
    case "as before": try overwrite(folder / "a", with: "0")
    default: try overwrite(folder / "a", with: "x", at: 5)
    }
    if kind == "time set back" {
      let times = [before.st_atim, before.st_mtim]
      #expect(utimensat(AT_FDCWD, folder / "a", times, 0) == 0)
    }
    let error = #expect(throws: Refusal.self) { try file.checkUnchanged() }
    #expect(error?.description == "\(folder / "a"): changed while it was read")
  }

  @Test func contentsAreACopy() throws {
    let folder = try Folder()
    let text = String(repeating: "0123456789abcdef", count: 10_000)
    try OutputFile.write(text, to: folder / "a")
    let bytes = try MappedFile.contents(of: folder / "a")
    try overwrite(folder / "a", with: "", size: 0)
    #expect(bytes.elementsEqual(text.utf8))
    #expect(try MappedFile.contents(of: folder / "a") == [])
  }

  @Test func sparseGiantsAreNotRead() throws {
    let folder = try Folder()
    try OutputFile.write("", to: folder / "a")
    #expect(truncate(folder / "a", 1 << 40) == 0)
    let error = #expect(throws: Refusal.self) { try MappedFile.contents(of: folder / "a") }
    #expect(error?.reason.contains("at most") == true)
  }
}
