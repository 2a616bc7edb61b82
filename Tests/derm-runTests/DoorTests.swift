import Platform
import Tensors
import TestSupport
import Testing

/// The program's answers to what every door is asked, where that is an image file.
@Suite struct DoorTests {
  /// What derm-run has no word for.
  private static let unsaid: Set = ["bytes", "pixels", "numbers", "limit", "threads"]

  private static func cases() throws -> [DoorCase] {
    try DoorCase.all().filter { door in door.given.allSatisfy { !unsaid.contains($0[0]) } }
  }

  @Test func thereAreCases() throws { #expect(try DoorTests.cases().count > 15) }

  @Test(arguments: try cases()) func answersAsEveryDoorDoes(door: DoorCase) throws {
    let place = try Place()
    let bundle = try door.bundle(scratch: place.path + "/changed.derm")
    var options = ""
    if let key = door.words(after: "key") { options += " --public-key '\(DoorCase.root)/fixtures/doors/\(key[0])'" }
    if let other = door.words(after: "other"), let count = Int(other[1]) {
      let numbers = DoorCase.numbers(count, other.dropFirst(2).first).map { "\($0)" }
      options += " --input \(other[0])=\(numbers.joined(separator: ","))"
    }
    let image = door.words(after: "file")?[0] ?? "fixtures/images/eval/nv/001.jpg"
    let arguments = "\(options) '\(bundle)' '\(DoorCase.root)/\(image)'"
    let raw = try place.shell("\"$P\" --outputs\(arguments)")
    let decided = try place.shell("\"$P\"\(arguments)")
    guard !door.expected[0].hasPrefix("refused") else {
      for (status, output, error) in [raw, decided] {
        #expect(status == 3 && output == "" && error.hasPrefix("derm-run: ") && error.filter(\.isNewline).count == 1)
      }
      return
    }
    #expect(raw.status == 0 && decided.status == 0, "\(raw.error)\(decided.error)")
    var digest = DoorCase.Digest()
    for line in raw.output.split(separator: "\n") {
      for word in line.split(separator: "\t")[2].split(separator: " ") { digest.add(try #require(Float(word))) }
    }
    #expect(door.expected.contains("output \(digest)"))
    let labels = decided.output.split(separator: "\n").map { $0.split(separator: "\t")[1] }
    #expect(door.expected.contains("decided \(labels.joined(separator: ", "))"))
  }
}
