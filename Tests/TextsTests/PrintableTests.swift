import Testing
import Texts

@Suite struct PrintableTests {
  @Test func showsStrangersNamesOnOneLine() {
    #expect(Printable.name("plain/näme") == "plain/näme")
    #expect(Printable.name("a\u{1B}[2Jb\n\u{202E}c") == "a\\u{1b}[2Jb\\u{a}\\u{202e}c")
    #expect(Printable.name(String(repeating: "x", count: 500), limit: 11) == "xxxxx…xxxxx")
  }
}
