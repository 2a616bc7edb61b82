import Tensors
import Testing

@testable import DataSets

/// Records and fields, each line of what RFC 4180 leaves open among them.
@Suite struct CSVReaderTests {
  private func records(_ text: String) throws -> [[String]] {
    var reader = CSVReader(Array(text.utf8))
    var records: [[String]] = []
    while try reader.next() { records.append(reader.fields) }
    return records
  }

  @Test(arguments: [
    ("", []), ("\n\r\n\n", []), ("a", [["a"]]), ("a,b\n1,2", [["a", "b"], ["1", "2"]]),
    ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]), ("a,,\n,,", [["a", "", ""], ["", "", ""]]),
    ("a;b,c;d\n1;2;3", [["a", "b,c", "d"], ["1", "2", "3"]]), ("a\tb c\td,e", [["a", "b c", "d,e"]]),
    ("\u{FEFF}a,b", [["a", "b"]]), (" a , b\t\n", [["a", "b"]]),
    ("\"a,b\",\"c\"\"d\",\"e\nf\"", [["a,b", "c\"d", "e\nf"]]),
    // A quotation mark within a field stands for itself; what follows a quoted part belongs to the field.
    ("5\" long,\"x\"y,\"\"", [["5\" long", "xy", ""]]),
    // A carriage return that ends no line is part of its field.
    ("a\rb,c\r", [["a\rb", "c"]]),
    // Separators within quotes do not make the separator.
    ("\"a;b;c;d\",e\n1,2", [["a;b;c;d", "e"], ["1", "2"]]),
  ])
  func recordsAndFields(text: String, expected: [[String]]) throws { #expect(try records(text) == expected) }

  @Test func linesAreThoseOfTheFile() throws {
    var reader = CSVReader(Array("a\n\n\"x\ny\"\nb\n".utf8))
    var lines: [Int] = []
    while try reader.next() { lines.append(reader.line) }
    #expect(lines == [1, 3, 5])
  }

  /// A line of nothing but separators has as many fields as are looked at, and no more memory.
  @Test func fieldsBeyondTheLimitAreNotKept() throws {
    var reader = CSVReader(Array((0..<5000).map { "f\($0)" }.joined(separator: ",").utf8) + Array("\na,b\n".utf8))
    #expect(try reader.next() == true)
    #expect(reader.count == CSVReader.fieldLimit && reader[4095] == "f4095" && reader[4096] == "")
    #expect(try reader.next() == true)
    #expect(reader.fields == ["a", "b"] && reader[2] == "" && reader.field(-1).isEmpty)
    #expect(try reader.next() == false)
  }

  @Test func quotesThatAreNotClosed() throws {
    var reader = CSVReader(Array("a\n\"b\nc".utf8))
    #expect(try reader.next() == true)
    do throws(Refusal) {
      _ = try reader.next()
      Issue.record("the mark is not closed")
    } catch {
      #expect("\(error)" == "line 2: a quotation mark is not closed")
    }
  }
}
