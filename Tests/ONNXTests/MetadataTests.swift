import Testing

@testable import ONNX

/// Class names among a model's metadata.
@Suite struct MetadataTests {
  private func names(_ entries: [(String, String)]) throws -> [String]? {
    var model = TestModel()
    model.input("x", [1, 4])
    model.output("y", [1, 4])
    model.node("Relu", ["x"], ["y"])
    for (key, value) in entries {
      model.extra.message(14) { entry in
        entry.string(1, key)
        entry.string(2, value)
      }
    }
    return try model.read().classNames
  }

  @Test(arguments: [
    "{0: 'mel', 1: \"nevus's\", 2: 'bkl'}", "{\"1\": \"nevus's\", \"0\": \"mel\", \"2\": \"bkl\"}",
    #"['mel', 'nevus\'s', "bkl"]"#, #"["mel","nevus\u0027s","bkl",]"#, "mel, nevus's ,bkl", "mel\nnevus's\nbkl\n",
    "{'mel': 0, 'bkl': 2, \"nevus's\": 1}", "('mel', \"nevus's\", 'bkl')",
  ])
  func areReadAsFrameworksWriteThem(text: String) throws {
    #expect(try names([("author", "x, y"), ("names", text)]) == ["mel", "nevus's", "bkl"])
  }

  @Test(arguments: [
    "", "mel", "{0: 'mel', 2: 'nv'}", "{0: 'mel', 0: 'nv'}", "['mel', 'mel']", "['mel', 'nv'", "[1, 2]",
    "{0: {1: 'a'}}",
    "['']", "[", "{", "'", "['a' 'b']", "\\", "{0: 'mel\\", "[]", "{99999999999999999999: 'a'}",
  ])
  func areLeftOutWhereTheyAreNone(text: String) throws {
    #expect(try names([("classes", text)]) == nil)
  }

  @Test func theFirstKeyThatHasSomeCounts() throws {
    #expect(try names([("labels", "a,b"), ("names", "none"), ("classes", "c,d"), ("classes", "e,f")]) == ["c", "d"])
    #expect(try names([("description", "a,b")]) == nil)
    let long = (0..<300_000).map { "c\($0)" }.joined(separator: ",")
    #expect(try names([("names", long)]) == nil)
    #expect(try names([("names", (0..<70_000).map { "\($0)" }.joined(separator: ","))]) == nil)
  }
}
