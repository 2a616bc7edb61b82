/// Why data cannot be used with a model.
package struct DataError: Error, CustomStringConvertible {
  package enum Kind: Sendable {
    /// A file or folder is not as it must be.
    case data
    /// The model's input does not take such data; the description then begins after the model's name.
    case model
    /// An option asks for what is not there.
    case usage
  }

  package let description: String
  package let kind: Kind

  package init(_ description: String) {
    self.description = description
    kind = .data
  }

  package init(model description: String) {
    self.description = description
    kind = .model
  }

  init(usage description: String) {
    self.description = description
    kind = .usage
  }
}
