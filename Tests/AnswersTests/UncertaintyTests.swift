import CanonicalJSON
import Tensors
import Testing

@testable import Answers

private let hash = String(repeating: "0f", count: 32)

private func sets(_ method: PredictionSets.Method, _ thresholds: [Float?]) -> PredictionSets {
  PredictionSets(method, coverage: 0.9, thresholds: thresholds)
}

@Suite struct PredictionSetTests {
  private static let probabilities = [0.1, 0.5, 0.15, 0.25]

  @Test func scoresAreThoseOfTheMethods() {
    #expect(sets(.lac, [0]).scores(Self.probabilities) == [0.9, 0.5, 0.85, 0.75])
    #expect(sets(.aps, [0]).scores(Self.probabilities) == [1, 0.5, 0.9, 0.75])
    #expect(sets(.raps, [0]).scores(Self.probabilities) == [1.2, 0.5, 1, 0.75])
  }

  @Test func setsHoldWhatTheThresholdLeaves() {
    #expect(sets(.lac, [0.85]).set(Self.probabilities) == [1, 3, 2])
    #expect(sets(.lac, [0.4]).set(Self.probabilities).isEmpty)
    #expect(sets(.aps, [0.75]).set(Self.probabilities) == [1, 3])
    #expect(sets(.raps, [1]).set(Self.probabilities) == [1, 3, 2])
    #expect(sets(.lac, [nil]).set(Self.probabilities) == [1, 3, 2, 0])
  }

  /// A class without a threshold of its own is in every set.
  @Test func eachClassHasItsOwnThreshold() {
    #expect(sets(.lac, [nil, 0.5, 0.5, 0.5]).set(Self.probabilities) == [1, 0])
  }

  @Test func equalProbabilitiesAreInTheModelsOrder() {
    #expect(sets(.aps, [0.5]).set([0.25, 0.25, 0.25, 0.25]) == [0, 1])
  }
}

@Suite struct UncertaintyTests {
  private let meaning = OutputMeaning(output: "y", task: .multiclass, scores: .logits, count: 3)

  private var full: Uncertainty {
    var value = Uncertainty(temperature: 2, sets: sets(.raps, [0.75]), samples: 105, data: hash)
    value.abstention = Uncertainty.Abstention(risk: 0.1, certainty: 0.95, threshold: 0.625)
    value.energy = Uncertainty.EnergyLimit(falseAlarms: 0.05, threshold: -2.5)
    return value
  }

  private func certainty(_ row: [Float], _ uncertainty: Uncertainty) -> Certainty {
    uncertainty.certainty(row, meaning.answer(row), meaning)
  }

  @Test func temperatureSoftensProbabilitiesAndKeepsTheirOrder() {
    let found = certainty([1, 3, 2], full)
    // scipy.special.softmax([0.5, 1.5, 1])
    let expected = [0.1863237232258476, 0.506480391055654, 0.3071958857184984]
    #expect(zip(found.probabilities, expected).allSatisfy { abs($0 - $1) < 1e-15 })
    #expect(found.confidence == Float(0.6652409557748218))
  }

  @Test func energyIsOfTheLogits() throws {
    // -scipy.special.logsumexp([1, 2, -3])
    #expect(meaning.energy([1, 2, -3]) == Float(-2.318175429247454))
    #expect(meaning.energy([1000, 1000, 0]) == Float(-1000.6931471805599))
    #expect(!OutputMeaning(output: "y", task: .binary, scores: .logits, count: 1).hasEnergy)
    #expect(!OutputMeaning(output: "y", task: .multiclass, scores: .probabilities, count: 3).hasEnergy)
  }

  @Test func answersWhereNothingSpeaksAgainstIt() {
    let found = certainty([0, 5, 0], full)
    #expect(!found.abstains && found.why.isEmpty && found.set == [])
  }

  @Test func abstainsBelowTheConfidenceAndAboveTheEnergy() {
    let found = certainty([1, 1.5, 0], full)
    #expect(found.abstains && found.reasons.count == 2)
    #expect(
      found.why
        == "confidence 0.55 is below 0.63, which holds the share of wrong answers at 10 %; "
        + "energy -2.10 is above -2.50: unlike the data it was fitted on")
  }

  @Test func withoutARiskTheSetDecides() {
    var uncertainty = full
    uncertainty.abstention = nil
    #expect(certainty([0, 5, 0], uncertainty).why == "the set is empty: no class is likely enough")
    uncertainty = Uncertainty(temperature: 2, sets: sets(.lac, [0.75]), samples: 105, data: hash)
    #expect(certainty([3, 3.1, 0], uncertainty).why == "the set holds 2 classes")
    #expect(!certainty([0, 5, 0], uncertainty).abstains)
  }

  /// What overflows is no reason to be sure.
  @Test func abstainsFromWhatIsNoNumber() {
    let found = certainty([.infinity, .nan, 0], full)
    #expect(found.abstains && found.reasons.count == 2 && found.set.isEmpty)
    #expect(!found.why.isEmpty)
  }

  @Test func withoutAThresholdItNeverAnswers() {
    var uncertainty = full
    uncertainty.abstention = Uncertainty.Abstention(risk: 0.005, certainty: 0.95, threshold: nil)
    #expect(
      certainty([0, 50, 0], uncertainty).why == "no confidence holds the share of wrong answers at 0.5 %")
  }

  /// Numbers that differ are told with as many decimals as show it.
  @Test func reasonsShowTheDifference() {
    let reason = Certainty.Reason.confidence(0.62999, threshold: 0.63, risk: 0.1)
    #expect(reason.text.hasPrefix("confidence 0.62999 is below 0.63000"))
    #expect(Certainty.Reason.energy(-0.004, threshold: -0.5).text.hasPrefix("energy 0.00 is above -0.50"))
  }

  @Test func oneLogitIsTheSecondOfTwo() {
    let single = OutputMeaning(output: "y", task: .binary, scores: .logits, count: 1)
    #expect(single.logits([3]) == [0, 3])
    let two = OutputMeaning(output: "y", task: .binary, scores: .logits, count: 2)
    #expect(single.probabilities([3], temperature: 2) == two.probabilities([0, 3], temperature: 2))
    let stated = OutputMeaning(output: "y", task: .multiclass, scores: .probabilities, count: 2)
    let warm = stated.probabilities([0.2, 0.8], temperature: 1)
    #expect(abs(warm[0] - 0.2) < 1e-7 && abs(warm[1] - 0.8) < 1e-7)
    let sure = stated.probabilities([0, 1], temperature: 1)
    #expect(sure.allSatisfy { $0.isFinite })
  }

  @Test func survivesItsJSON() throws {
    for uncertainty in [
      full, Uncertainty(temperature: 1, sets: sets(.lac, [nil, 0.5, 0.25]), samples: 1, data: hash),
    ] {
      let bytes = try uncertainty.json.canonicalBytes()
      let read = try JSON(parsing: bytes)
      #expect(try Uncertainty.stored(["uncertainty": read, "other": 1], for: meaning) == uncertainty)
    }
    var divided = full
    for group in [nil, "lesion_id"] {
      divided.split = Uncertainty.Split(share: 0.5, seed: .max, group: group)
      #expect(try Uncertainty.stored(["uncertainty": divided.json], for: meaning) == divided)
    }
    #expect(try Uncertainty.stored(["temperature": 1.25], for: meaning) == nil)
    #expect(try Uncertainty.stored(nil, for: meaning) == nil)
  }

  /// What a bundle of a stranger may say.
  static let refused: [(change: [String: JSON], message: String)] = [
    (["temperature": 0.0], "section explanation.uncertainty.temperature: a temperature is 0.001 to 1000"),
    (["temperature": -1.0], "section explanation.uncertainty.temperature: a temperature is 0.001 to 1000"),
    (
      ["temperature": 1e300],
      "section explanation.uncertainty.temperature: the number is too large for 32-bit floating point"
    ),
    (["samples": 0], "section explanation.uncertainty.samples: 0 is out of range; expected 1 to 1073741824"),
    (["data": "here"], "section explanation.uncertainty.data: expected the 64 digits of a SHA-256"),
    (
      ["more": 1],
      "section explanation.uncertainty: unknown member \"more\"; known are temperature, sets, samples, data, "
        + "abstention, energy, distance, split"
    ),
    (
      ["split": ["share": 1.0, "seed": 0, "by": nil]],
      "section explanation.uncertainty.split.share: expected a fraction between 0 and 1"
    ),
    (
      ["split": ["share": 0.5, "seed": 0, "by": 7]],
      "section explanation.uncertainty.split.by: expected a string, found an integer"
    ),
    (
      ["sets": ["method": "lac", "coverage": 0.9, "thresholds": [0.5, 0.5]]],
      "section explanation.uncertainty.sets.thresholds: 2 thresholds for 3 classes"
    ),
    (
      ["sets": ["method": "best", "coverage": 0.9, "thresholds": [0.5]]],
      "section explanation.uncertainty.sets.method: unknown value; known are lac, aps, raps"
    ),
    (
      ["sets": ["method": "lac", "coverage": 1.0, "thresholds": [0.5]]],
      "section explanation.uncertainty.sets.coverage: expected a fraction between 0 and 1"
    ),
    (
      ["sets": ["method": "lac", "coverage": 0.9, "thresholds": ["inf"]]],
      "section explanation.uncertainty.sets.thresholds[0]: expected a number, found a string"
    ),
    (
      ["sets": ["method": "raps", "coverage": 0.9, "thresholds": [0.5], "penalty": -1.0, "free_ranks": 1]],
      "section explanation.uncertainty.sets.penalty: a penalty is 0 to 1000"
    ),
    (
      ["abstention": ["risk": 0.0, "certainty": 0.95, "threshold": 0.5]],
      "section explanation.uncertainty.abstention.risk: expected a fraction between 0 and 1"
    ),
  ]

  @Test(arguments: refused)
  func refusesWhatDoesNotFit(change: [String: JSON], message: String) throws {
    guard case .object(var object) = full.json else { return #expect(Bool(false)) }
    for (key, value) in change { object[key] = value }
    #expect(throws: Refusal(message)) { try Uncertainty.stored(["uncertainty": .object(object)], for: meaning) }
  }

  @Test func refusesOtherAnswers() throws {
    let labels = OutputMeaning(output: "y", task: .multilabel, scores: .logits, count: 3)
    #expect(throws: Refusal.self) { try Uncertainty.stored(["uncertainty": full.json], for: labels) }
    let stated = OutputMeaning(output: "y", task: .multiclass, scores: .probabilities, count: 3)
    #expect(throws: Refusal.self) { try Uncertainty.stored(["uncertainty": full.json], for: stated) }
  }
}
