import Testing

@testable import CanonicalJSON

private func canonical(_ value: JSON) throws -> String { String(decoding: try value.canonicalBytes(), as: UTF8.self) }

@Suite struct WritingTests {
  static let forms: [(JSON, String)] = [
    (nil, "null"), (false, "false"), (-12, "-12"), (1.0, "1.0"), (0.1, "0.1"), (-0.0, "-0.0"), (1e-5, "1e-05"),
    (1e16, "1e+16"), (.double(Double(Float(0.1))), "0.10000000149011612"), ([], "[]"), ([:], "{}"),
    (["b": 1, "a": [1, "x", nil]], #"{"a":[1,"x",null],"b":1}"#),
    ("\"\\/\n\u{1}\u{7F}\u{E9}", "\"\\\"\\\\/\\n\\u0001\u{7F}\u{E9}\""),
  ]

  @Test(arguments: forms)
  func writesCanonically(value: JSON, expected: String) throws {
    #expect(try canonical(value) == expected)
    #expect(try JSON(parsing: Array(expected.utf8)) == value)
  }

  @Test func sortsByBytes() throws {
    // By normalised scalars e + acute would come after z; by UTF-16 units the last two would change places.
    let object: JSON = ["\u{1F600}": 5, "\u{FFFD}": 4, "z": 3, "e\u{301}": 2, "Z": 1]
    #expect(try canonical(object) == "{\"Z\":1,\"e\u{301}\":2,\"z\":3,\"\u{FFFD}\":4,\"\u{1F600}\":5}")
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func refusesWhatJSONCannotHold(value: Double) {
    #expect(throws: JSONError.unexpected("\(value) cannot be written as JSON", path: "JSON.a[1]")) {
      try JSON.object(["a": [0, .double(value)]]).canonicalBytes()
    }
    #expect(JSON.finite(value) == .null)
    #expect(JSON.double(value).prettyBytes() == Array("null\n".utf8))
  }

  @Test func writesForPeople() {
    let value: JSON = ["b": [1, 2], "a": [["x": nil], []], "c": [:]]
    let expected = """
      {
        "b": [1, 2],
        "a": [
          {
            "x": null
          },
          []
        ],
        "c": {}
      }

      """
    #expect(String(decoding: value.prettyBytes(), as: UTF8.self) == expected)
  }

  @Test func roundTripsDoubles() throws {
    var state: UInt64 = 1
    for _ in 0..<2000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let value = Double(bitPattern: state)
      guard value.isFinite else { continue }
      #expect(try JSON(parsing: JSON.double(value).canonicalBytes()) == .double(value))
    }
  }
}

@Suite struct ObjectTests {
  @Test(arguments: [3, 12, 13, 40])
  func behavesLikeADictionaryInOrder(count: Int) {
    var object = JSONObject()
    for index in 0..<count { object["k\(index)"] = .int(index) }
    let rest = (0..<count).filter { $0 != 0 && $0 != 2 }.map { "k\($0)" }
    object["k1"] = "changed"
    object["k0"] = nil
    object["k2"] = nil
    object["k0"] = "back"
    #expect(object.keys == rest + ["k0"])
    #expect(object["k1"] == "changed")
    #expect(object["k0"] == "back")
    #expect(object["k2"] == nil)
    #expect(object["k\(count - 1)"] == (count == 3 ? nil : .int(count - 1)))
  }

  @Test func equalityIgnoresOrder() {
    #expect(JSON.object(["a": 1, "b": 2]) == ["b": 2, "a": 1])
    #expect(JSON.object(["a": 1]) != ["a": 1, "b": 2])
    #expect(JSON.object(["a": 1]) != ["a": 1.0])
  }
}
