/// Why something was not done: where, why, and what can be done about it.
///
/// Whoever refuses says what it knows; what it does not know, the file or the node, is added by those who do.
package struct Refusal: Error, Equatable, CustomStringConvertible {
  package enum Kind: Sendable {
    /// An input is not as it must be.
    case refused
    /// A file cannot be opened, read or written.
    case unreadable
    /// Bytes differ from those that were written: a hash, a size or zero padding does not hold.
    case damaged
    /// A file is not of the format it should be of.
    case foreign
    /// A file is whole, but of a version or with parts that are not read here.
    case unsupported
    /// The hashes hold, but the contents contradict themselves or the format; or a bundle cannot be stored.
    case malformed
    /// A file asks for more memory than whoever reads it gives.
    case oversized
    /// Nobody who is trusted has signed it.
    case untrusted
    /// Data are sound, but not what the model takes.
    case unfit
    /// An option asks for what is not there.
    case usage
    /// A target that was asked for cannot be met.
    case outOfReach
    /// A gate or a verification failed.
    case failed
    /// A defect of the program, not of what it was given.
    case defect
  }

  /// A node of a graph, as messages name it.
  package struct Place: Sendable, Equatable {
    package let node: String
    package let op: String
    /// The version of ONNX's operators that the node is of.
    package let opset: Int?

    package init(node: String, op: String, opset: Int? = nil) {
      self.node = node
      self.op = op
      self.opset = opset
    }
  }

  package var kind: Kind
  package var file: String?
  package var place: Place?
  package var reason: String
  /// What the user can do about it.
  package var remedy: String?
  /// All that is wrong, a line each, where the reason names but the first of it; at most `most`.
  package var details: [String] = []

  package static let mostDetails = 1000

  package init(_ reason: String, remedy: String? = nil) {
    self.init(.refused, reason: reason, remedy: remedy)
  }

  package init(
    _ kind: Kind = .refused, file: String? = nil, place: Place? = nil, reason: String, remedy: String? = nil
  ) {
    self.kind = kind
    self.file = file
    self.place = place
    self.reason = reason
    self.remedy = remedy
  }

  /// What to do about a model that asks for more than any of its kind needs.
  package static let limitRemedy = "no image classifier is as large: check where the file comes from"

  /// A wrong request.
  package static func usage(_ reason: String) -> Refusal { Refusal(.usage, reason: reason) }

  /// The refusal of a file whose name was not known where it was refused.
  package func of(file: String, _ kind: Kind? = nil) -> Refusal {
    var refusal = self
    refusal.file = file
    return refusal.as(kind ?? self.kind)
  }

  package func `as`(_ kind: Kind) -> Refusal {
    var refusal = self
    refusal.kind = kind
    return refusal
  }

  /// The refusal of a node that was not known where it was refused.
  package func at(_ place: Place) -> Refusal {
    var refusal = self
    refusal.place = place
    return refusal
  }

  /// The refusal of something that has a name, an option or a tensor, which then begins the reason.
  package func about(_ name: String) -> Refusal {
    var refusal = self
    refusal.reason = "\(name): \(reason)"
    return refusal
  }

  /// One line, whatever names from a file are in it: the file, the node, the reason, the remedy.
  package var description: String {
    var text = file.map { "\($0): " } ?? ""
    if let place {
      let details = [place.op, place.opset.map { "opset \($0)" }].compactMap(\.self).joined(separator: ", ")
      text += "node \(printable(place.node)) (\(oneLine(details))): "
    }
    text += oneLine(reason)
    if let remedy { text += "; \(remedy)" }
    return text
  }
}
