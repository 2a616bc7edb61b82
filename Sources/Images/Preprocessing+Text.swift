package import Tensors

/// The values as they are written on a command line.
extension Preprocessing {
  /// A number or a fraction of two: `0.0039`, `1/255`.
  package static func number(_ text: String) throws(Refusal) -> Double {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { decimal(String($0)) }
    switch parts.count {
    case 1: if let value = parts[0] { return value }
    case 2:
      if let numerator = parts[0], let denominator = parts[1], denominator != 0, (numerator / denominator).isFinite {
        return numerator / denominator
      }
    default: break
    }
    throw Refusal("'\(text)' is not a number; write it as in 0.5 or 1/255")
  }

  /// Numbers between commas: `0.485,0.456,0.406`.
  package static func numbers(_ text: String) throws(Refusal) -> [Double] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { (part) throws(Refusal) in
      try number(String(part))
    }
  }

  /// One side of a square, or height and width: `96`, `96x128`.
  package static func size(
    _ text: String
  ) throws(Refusal) -> (height: Int, width: Int) {
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard (1...2).contains(sides.count), sides.allSatisfy({ (1...4096).contains($0) }) else {
      throw Refusal("'\(text)' is not a size; write it as in 96 or 96x128 (height x width), up to 4096")
    }
    return (sides[0], sides[sides.count - 1])
  }

  // Double's own parser takes hexadecimal digits, "inf" and "nan" as well.
  private static func decimal(_ text: String) -> Double? {
    guard
      text.utf8.allSatisfy({ $0 >= UInt8(ascii: "+") && $0 <= UInt8(ascii: "9") || $0 | 0x20 == UInt8(ascii: "e") }),
      let value = Double(text), value.isFinite
    else { return nil }
    return value
  }
}
