import CanonicalJSON
import TestSupport
import Testing

/// What `dermc run` says of how sure answers are, as every door does.
@Suite struct DoorTests {
  private static func cases() throws -> [DoorCase] {
    try DoorCase.all().filter { door in
      door.words(after: "file") != nil && door.expected.contains { $0.hasPrefix("sure ") }
    }
  }

  @Test func thereAreCases() throws { #expect(try DoorTests.cases().count > 2) }

  @Test(arguments: try cases()) func saysHowSureItIs(door: DoorCase) throws {
    let bundle = try door.bundle(scratch: "")
    let image = try #require(door.words(after: "file")?.first)
    let outcome = try Program.run("run", bundle, "\(DoorCase.root)/\(image)", "--json")
    #expect(outcome.status == 0, "\(outcome.error)")
    let row = try #require(Array(try outcome.json().elements()).first)
    let certainty = try row["certainty"]
    let found = DoorCase.certainty(
      probabilities: try certainty["probabilities"].doubles(), confidence: try certainty["confidence"].double(),
      energy: try certainty.optional("energy")?.double(), distance: try certainty.optional("distance")?.double(),
      set: try certainty["set"].strings(),
      why: try certainty["why"].strings().joined(separator: "; "))
    #expect(found == Array(door.expected.suffix(3)))
    #expect(try certainty["abstains"].bool() == door.expected.contains { $0.hasPrefix("abstains ") })
  }
}
