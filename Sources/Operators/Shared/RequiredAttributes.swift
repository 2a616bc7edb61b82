package import IR
package import Tensors

extension AttributeReader {
  /// A list of integers that must be there.
  package mutating func requiredInts(_ name: String) throws(Refusal) -> [Int] {
    guard let values = try ints(name) else { throw Refusal("attribute \(name) is missing") }
    return values
  }

  /// One of the cases of an enumeration of names.
  package mutating func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, default fallback: Choice? = nil
  ) throws(Refusal) -> Choice where Choice.RawValue == String {
    let word = try string(name, default: fallback?.rawValue)
    guard let value = Choice(rawValue: word) else {
      let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw Refusal("attribute \(name) is \"\(word)\", expected one of \(known)")
    }
    return value
  }

  /// A float that must be a finite number.
  package mutating func finite(_ name: String, default fallback: Float? = nil) throws(Refusal) -> Float {
    let value = try float(name, default: fallback)
    guard value.isFinite else { throw Refusal("attribute \(name) is \(value), expected a finite number") }
    return value
  }
}
