import DataSets
import Platform
import Tensors
import Testing

@Suite struct FileTreeTests {
  /// All files below a folder in the order of their bytes, however the system lists them; what is hidden is left out.
  @Test func filesAreInOrder() throws {
    let folder = try Folder()
    for name in ["b", "a/z", "a/B", "a.b", "A", ".hidden", "a/.hidden", "ä", "a/deep/er/x"] {
      try folder.write("x", name)
    }
    #expect(try FileTree.files(below: folder.path) == ["A", "a.b", "a/B", "a/deep/er/x", "a/z", "b", "ä"])
    #expect(try FileTree.names(in: folder.path) == ["A", "a", "a.b", "b", "ä"])
  }

  /// Links to folders are followed, a circle of them to an end.
  @Test func linksAreFollowed() throws {
    let (folder, other) = (try Folder(), try Folder())
    try other.write("x", "file")
    symlink(other.path, folder / "link")
    symlink("nowhere", folder / "broken")
    #expect(try FileTree.files(below: folder.path) == ["link/file"])
    symlink(folder.path, folder / "circle")
    let files = try FileTree.files(below: folder.path)
    #expect(files.count == 15 && files.contains("circle/circle/link/file"))
    unlink(folder / "circle")
  }

  @Test func kinds() throws {
    let folder = try Folder("a.npy")
    symlink(folder.path, folder / "link")
    #expect(FileTree.kind(of: folder / "a.npy") == .file && FileTree.kind(of: folder.path) == .folder)
    #expect(FileTree.kind(of: folder / "link") == .folder && FileTree.kind(of: folder / "none") == .missing)
    #expect(FileTree.kind(of: "/dev/null") == .other)
    #expect(throws: Refusal.self) { try FileTree.names(in: folder / "none") }
    #expect(throws: Refusal.self) { try FileTree.files(below: folder / "a.npy") }
    unlink(folder / "link")
  }

  @Test(arguments: [
    ("a/b/Image.JPG", "jpg", "Image"), ("archive.tar.gz", "gz", "archive.tar"), ("none", "", "none"),
    (".hidden", "", ".hidden"), ("a.b/c", "", "c"), ("dot.", "", "dot"), ("", "", ""), ("a/", "", ""),
    // A mark that combines with the dot does not make it another byte on disk.
    ("x.\u{301}png", "\u{301}png", "x"),
  ])
  func endingsAndStems(path: String, ending: String, stem: String) {
    #expect(FileTree.fileExtension(path) == ending)
    #expect(FileTree.stem(path) == stem)
  }
}
