import Testing

@testable import CanonicalJSON

@Suite struct NodeTests {
  private let header = JSONNode(
    [
      "name": "net", "size": [96, 96], "scale": 0.5, "zero": 3, "on": true, "none": nil,
      "tensors": [["shape": [1, 2]], ["shape": [1, "x"]]], "odd key": ["\n": 1],
    ], name: "header")

  @Test func readsTypedValues() throws {
    #expect(try header["name"].string() == "net")
    #expect(try header["size"].ints(in: 1...4096) == [96, 96])
    #expect(try header["scale"].double() == 0.5)
    #expect(try header["zero"].double() == 3)
    #expect(try header["zero"].float() == 3)
    #expect(try header["on"].bool())
    #expect(try header.optional("none") == nil)
    #expect(try header.optional("absent") == nil)
    #expect(try header["tensors"].elements()[0]["shape"].floats() == [1, 2])
    #expect(try header["tensors"].elements()[0].members().map(\.key) == ["shape"])
  }

  @Test func namesThePlaceOfAMismatch() {
    #expect(throws: JSONError.unexpected("expected an integer, found a string", path: "header.tensors[1].shape[1]")) {
      try header["tensors"].elements()[1]["shape"].ints()
    }
    #expect(throws: JSONError.unexpected("the member \"bias\" is missing", path: "header.tensors[0]")) {
      try header["tensors"].elements()[0]["bias"]
    }
    #expect(throws: JSONError.unexpected("expected an object, found an array", path: "header.size")) {
      try header["size"]["x"]
    }
    #expect(throws: JSONError.unexpected("expected an array, found a number", path: "header.scale")) {
      try header["scale"].elements()
    }
    #expect(throws: JSONError.unexpected("3 is out of range; expected 0 to 2", path: "header.zero")) {
      try header["zero"].int(in: 0...2)
    }
    #expect(throws: JSONError.unexpected("expected a string, found an integer", path: #"header["odd key"]["\n"]"#)) {
      try header["odd key"]["\n"].string()
    }
    #expect(throws: JSONError.self) { try JSONNode(1e300, name: "x").float() }
  }

  @Test func refusesUnknownMembers() throws {
    let node = JSONNode(["a": 1, "c": 2], name: "options")
    #expect(throws: JSONError.unexpected("unknown member \"c\"; known are a, b", path: "options")) {
      try node.allowOnly("a", "b")
    }
    try node.allowOnly("a", "b", "c")
  }
}
