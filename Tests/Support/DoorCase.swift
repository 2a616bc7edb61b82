package import Tensors

/// What every door to the runtime is asked, and what it must answer: a case of fixtures/doors, whose README says how it
/// is read.
package struct DoorCase: Sendable, CustomStringConvertible {
  package let description: String
  /// The words of each line that says what to do.
  package private(set) var given: [[String]] = []
  /// The lines that say what came of it.
  package private(set) var expected: [String] = []

  /// The folder of the repository.
  package static let root =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")

  package static func all() throws(Refusal) -> [DoorCase] {
    let text = String(decoding: try MappedFile.contents(of: root + "/fixtures/doors/cases.txt"), as: UTF8.self)
    var cases: [DoorCase] = []
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let words = line.split(separator: " ").map(String.init)
      if words[0] == "case" {
        cases.append(DoorCase(description: words.dropFirst().joined(separator: " ")))
      } else if results.contains(words[0]) {
        cases[cases.count - 1].expected.append(String(line))
      } else {
        cases[cases.count - 1].given.append(words)
      }
    }
    return cases
  }

  private static let results = ["input", "output", "decided", "refused", "sure", "set", "answers", "abstains"]

  /// The lines of how sure an answer is.
  ///
  /// - Parameters:
  ///   - set: labels
  ///   - why: nothing where the model does not abstain
  package static func certainty(
    probabilities: [Double], confidence: Double, energy: Double?, distance: Double?, set: [String], why: String
  ) -> [String] {
    var digest = Digest()
    for number in probabilities + [confidence, energy, distance].compactMap(\.self) { digest.add(Float(number)) }
    return [
      "sure \(digest)", "set \(set.isEmpty ? "none" : set.joined(separator: ", "))",
      why.isEmpty ? "answers it" : "abstains \(why)",
    ]
  }

  private init(description: String) { self.description = description }

  /// What follows a word at the beginning of a line; nil where there is no such line.
  package func words(after word: String) -> [String]? { given.first { $0[0] == word }.map { Array($0.dropFirst()) } }

  /// The path of the bundle, which is `scratch` where it is one with changes.
  package func bundle(scratch: String) throws(Refusal) -> String {
    let words = words(after: "bundle") ?? [""]
    let path = "\(DoorCase.root)/fixtures/doors/\(words[0])"
    guard words.count == 3, let place = Int(words[2]) else { return path }
    var bytes = try MappedFile.contents(of: path)
    if words[1] == "cut" { bytes.removeSubrange(place...) } else { bytes[place] ^= 1 }
    try OutputFile.write(bytes, to: scratch)
    return scratch
  }

  /// The numbers of a line that ends with their count and, perhaps, their kind.
  package static func numbers(_ count: Int, _ kind: String?) -> [Float] {
    var numbers = (0..<count).map { Float($0 * 37 % 101 - 50) / 32 }
    if kind == "nan" { numbers[count - 1] = Float.nan }
    if kind == "large" { for index in numbers.indices { numbers[index] = index % 2 == 0 ? 3e38 : -3e38 } }
    return numbers
  }

  /// The bytes of pixels, over all planes.
  package static func pixels(_ count: Int) -> [UInt8] {
    (0..<count).map { index in
      let product = UInt64(index / 7 + 1) * 2_654_435_761
      return UInt8(truncatingIfNeeded: product >> 9)
    }
  }

  /// FNV-1a of 64 bits over the bytes of floats.
  package struct Digest: CustomStringConvertible {
    private var value: UInt64 = 14_695_981_039_346_656_037

    package init() {}

    package mutating func add(_ number: Float) {
      withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes in
        for byte in bytes { value = (value ^ UInt64(byte)) &* 1_099_511_628_211 }
      }
    }

    package var description: String {
      let digits = String(value, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
  }
}
