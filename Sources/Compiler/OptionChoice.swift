/// Options of the command line whose value is one of a few words.
enum OptionChoice {
  /// The value a text names; nil where the option was left out.
  static func parse<Choice: RawRepresentable<String> & CaseIterable>(
    _ text: String?, _ option: String
  ) throws(Diagnostic) -> Choice? {
    guard let text else { return nil }
    guard let value = Choice(rawValue: text) else {
      let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw .usage("\(option) \(text): expected one of \(known)")
    }
    return value
  }
}
