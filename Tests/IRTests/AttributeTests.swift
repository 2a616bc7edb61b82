import IR
import Tensors
import Testing

/// Reading of attributes: each by name and kind, none ignored.
@Suite struct AttributeTests {
  // Made anew: a leak checker does not find tensors that a constant's attributes hold.
  private static var all: [String: Attribute] {
    [
      "int": .int(3), "float": .float(0.5), "string": .string("s"), "ints": .ints([1, 2]), "floats": .floats([0.5]),
      "strings": .strings(["s"]), "tensor": .tensor(Tensor([Int64(4)])), "empty": .floats([]),
    ]
  }

  private func refusal(_ read: (inout AttributeReader) throws(Refusal) -> Void) -> String? {
    var reader = AttributeReader(Self.all)
    do throws(Refusal) {
      try read(&reader)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func valuesAreReadByKind() throws {
    var reader = AttributeReader(Self.all)
    #expect(try reader.int("int") == 3)
    #expect(try reader.bool("int", default: false) == true)
    #expect(try reader.float("float") == 0.5)
    #expect(try reader.float("int") == 3)
    #expect(try reader.string("string") == "s")
    #expect(try reader.ints("ints") == [1, 2])
    #expect(try reader.ints("int") == [3])
    #expect(try reader.ints("empty") == [])
    #expect(try reader.floats("floats") == [0.5])
    #expect(try reader.floats("float") == [0.5])
    #expect(try reader.floats("ints") == [1, 2])
    #expect(try reader.tensor("tensor")?.integers() == [4])
  }

  @Test func whatIsMissingHasItsDefault() throws {
    var reader = AttributeReader([:])
    #expect(try reader.int("a", default: 7) == 7)
    #expect(try reader.float("a", default: 0.5) == 0.5)
    #expect(try reader.string("a", default: "s") == "s")
    #expect(try reader.bool("a", default: true) == true)
    #expect(try reader.bool("a", default: false) == false)
    #expect(try reader.ints("a") == nil)
    #expect(try reader.floats("a") == nil)
    #expect(try reader.tensor("a") == nil)
    #expect(reader.has("a") == false)
    try reader.finish()
  }

  @Test func whatIsMissingWithoutADefaultIsRefused() {
    #expect(refusal { reader throws(Refusal) in _ = try reader.int("a") } == "attribute a is missing")
    #expect(refusal { reader throws(Refusal) in _ = try reader.float("a") } == "attribute a is missing")
    #expect(refusal { reader throws(Refusal) in _ = try reader.string("a") } == "attribute a is missing")
  }

  /// Each reader with each kind it does not take.
  @Test func otherKindsAreRefused() {
    let readers: [(String, Set<String>, (inout AttributeReader, String) throws(Refusal) -> Void)] = [
      ("int", ["int"], { reader, name throws(Refusal) in _ = try reader.int(name) }),
      ("float", ["int", "float"], { reader, name throws(Refusal) in _ = try reader.float(name) }),
      ("string", ["string"], { reader, name throws(Refusal) in _ = try reader.string(name) }),
      ("ints", ["int", "ints", "empty"], { reader, name throws(Refusal) in _ = try reader.ints(name) }),
      (
        "floats", ["float", "floats", "ints", "empty"],
        { reader, name throws(Refusal) in _ = try reader.floats(name) }
      ),
      ("tensor", ["tensor"], { reader, name throws(Refusal) in _ = try reader.tensor(name) }),
    ]
    for (expected, taken, read) in readers {
      for (name, attribute) in Self.all {
        let refusal = refusal { reader throws(Refusal) in try read(&reader, name) }
        #expect(
          refusal == (taken.contains(name) ? nil : "attribute \(name) is \(attribute.kind), expected \(expected)"))
      }
    }
  }

  /// An attribute nobody has asked for would be lost, so it is named, and all of them at once.
  @Test func unknownAttributesAreRefused() throws {
    var reader = AttributeReader(["a": .int(1), "c": .int(1), "b": .float(2), "d": .string("x")])
    _ = try reader.int("a")
    reader.ignore("d", "e")
    // To ask whether one is there is not to read it.
    #expect(reader.has("b") == true)
    do throws(Refusal) {
      try reader.finish()
      Issue.record("b and c were not read")
    } catch {
      #expect("\(error)" == "attribute b, c is not supported")
    }
    // A read of the wrong kind has been refused before; it counts as asked for.
    #expect(throws: Refusal.self) { try reader.int("b") }
    _ = try reader.int("c")
    try reader.finish()
  }

  @Test func namesFromAFileStayOnOneLine() {
    let reader = AttributeReader(["a\nb": .int(1)])
    do throws(Refusal) { try reader.finish() } catch { #expect("\(error)" == "attribute a?b is not supported") }
  }

  @Test func writtenAttributesHaveTheirKind() {
    var writer = AttributeWriter()
    writer.set("int", 3)
    writer.set("yes", true)
    writer.set("no", false)
    writer.set("float", Float(0.5))
    writer.set("string", "s")
    writer.set("ints", [1, 2])
    writer.set("floats", [Float(0.5)])
    writer.set("tensor", Tensor([Int64(4)]))
    #expect(
      writer.attributes.mapValues { "\($0.kind) \($0)" } == [
        "int": "int 3", "yes": "int 1", "no": "int 0", "float": "float 0.5", "string": "string \"s\"",
        "ints": "ints [1, 2]", "floats": "floats [0.5]", "tensor": "tensor int64[1] [4.0]",
      ])
  }
}
