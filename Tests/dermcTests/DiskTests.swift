import Platform
import Tensors
import Testing

/// Outputs that cannot be written, and bundles that changed on their way.
@Suite struct DiskTests {
  /// ThreadSanitizer keeps its tables in files.
  private static let mayLimitFiles: Bool = {
    let found = try? Program.run([], script: "grep -q __tsan_func_entry \"$1\"")
    return found?.status != 0
  }()

  @Test(.enabled(if: mayLimitFiles, "ThreadSanitizer cannot run with small files"), arguments: [0, 100, 410])
  func fullDisk(blocks: Int) throws {
    let folder = try Folder()
    let model = try folder.copy(Fixture.mobilenet, as: "model.onnx")
    let outcome = try Program.run(
      [
        "compile", model, "--int8", "--calib", Fixture.calibration, "--samples", "9", "--preprocess",
        Fixture.preprocessing, "--report", folder / "page.html",
      ], blocks: blocks)
    #expect(outcome.status == 3)
    if blocks > 0 { #expect(outcome.isOneLine(with: ["model.derm", "cannot be written", "File too large"])) }
    #expect(folder.names == ["model.onnx"])
  }

  @Test(.enabled(if: mayLimitFiles, "ThreadSanitizer cannot run with small files"))
  func fullDiskForOtherCommands() throws {
    let folder = try Folder()
    for words in [
      ["convert", Fixture.mobilenet, "-o", folder / "a.derm"], ["convert", Fixture.mobilenet, "-o", folder / "a.onnx"],
    ] {
      let outcome = try Program.run(words, blocks: 10)
      #expect(
        outcome.status == 3 && outcome.isOneLine(with: ["cannot be written", "File too large"]), "\(outcome.error)")
    }
    #expect(folder.names == [])
  }

  @Test func reportsThatCannotBeWrittenLeaveNoBundle() throws {
    let folder = try Folder()
    let model = try folder.copy(Fixture.bad("small"))
    let outcome = try Program.run("compile", model, "--report", folder / "nowhere/page.html")
    #expect(outcome.status == 3)
    #expect(outcome.isOneLine(with: ["nowhere/page.html", "cannot be written", "No such file"]), "\(outcome.error)")
    _ = folder.makeFolder("taken.derm")
    let taken = try Program.run("compile", model, "-o", folder / "taken.derm")
    #expect(taken.status == 3 && taken.isOneLine(with: ["taken.derm", "is a folder"]), "\(taken.error)")
    #expect(folder.names == ["small.onnx", "taken.derm"])
  }

  @Test(.enabled(if: geteuid() != 0, "root may write everywhere")) func folderThatCannotBeWritten() throws {
    let folder = try Folder()
    chmod(folder.path, 0o555)
    defer { chmod(folder.path, 0o755) }
    let outcome = try Program.run("compile", Fixture.bad("small"), "-o", folder / "small.derm")
    #expect(outcome.status == 3 && outcome.isOneLine(with: ["small.derm", "Permission denied"]), "\(outcome.error)")
  }

  @Test func everyFlippedByteIsFound() throws {
    let folder = try Folder()
    let bytes = try MappedFile.contents(of: Compiled.bundle())
    let path = folder / "flipped.derm"
    // The header, then places all over the file, the last byte among them.
    let places = [0, 3, 4, 8, 16, 24, 40, 70, 140, 160] + (1...50).map { $0 * (bytes.count - 1) / 50 }
    for place in places {
      var changed = bytes
      changed[place] ^= UInt8(1 << (place % 8))
      try OutputFile.write(changed, to: path)
      let verify = try Program.run("verify", path)
      #expect(verify.status == 1 && verify.isOneLine(with: [path]), "byte \(place): \(verify.status) \(verify.error)")
      let run = try Program.run("run", path, Fixture.image)
      #expect(run.status == 3 && run.isOneLine(with: [path]), "byte \(place): \(run.status) \(run.error)")
      #expect(run.output == "")
    }
    for count in [0, 10, 63, 64, 200, bytes.count - 1] {
      try OutputFile.write(Array(bytes.prefix(count)), to: path)
      #expect(try Program.run("verify", path).status == 1)
      #expect(try Program.run("run", path, Fixture.image).status == 3)
    }
  }
}
