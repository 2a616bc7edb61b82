import Tensors
import Testing

@Suite struct OneLineTests {
  @Test func messagesWithoutControlCharactersStay() {
    for text in ["", "plain", "ä 漢字 😀", String(repeating: "x", count: 1000)] { #expect(oneLine(text) == text) }
  }

  @Test func controlCharactersAreQuestionMarks() {
    #expect(oneLine("a\nb\r\nc\td\u{0}e\u{1B}[2Jf\u{7F}g\u{85}h\u{2028}i\u{2029}j") == "a?b??c?d?e?[2Jf?g?h?i?j")
  }

  /// Counted in characters that are shown; a text whose bytes are many but whose characters are not stays whole.
  @Test func longMessagesEnd() {
    #expect(oneLine(String(repeating: "x", count: 1001)) == String(repeating: "x", count: 1000) + "...")
    let wide = String(repeating: "漢", count: 1000)
    #expect(oneLine(wide) == wide)
    #expect(oneLine(wide + "字") == wide + "...")
  }
}
