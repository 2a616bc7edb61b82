import CanonicalJSON
import Tensors
import Testing

@testable import Answers

@Suite struct FeatureDistanceTests {
  private typealias Numbers = FeatureDistance.Numbers

  private let meaning = OutputMeaning(output: "y", task: .multiclass, scores: .logits, count: 2)

  /// Means 1 and 2, axes (0.5, 1) and (-1, 0.25), which are at no right angle and not of unit length.
  private func distance(threshold: Float = 2) throws -> FeatureDistance {
    try #require(
      FeatureDistance(
        activation: "last", mean: Numbers(scale: 0.5, integers: [2, 4]),
        axes: [
          FeatureDistance.Axis(numbers: Numbers(scale: 0.5, integers: [1, 2]), variance: 4),
          FeatureDistance.Axis(numbers: Numbers(scale: 0.25, integers: [-4, 1]), variance: 1.5),
        ], variance: 0.5, samples: 30, falseAlarms: 0.05, threshold: threshold))
  }

  /// C = 0.5 + 3.5 a a^T + b b^T = [[2.375, 1.5], [1.5, 4.0625]], whose inverse is that of its two rows.
  @Test func isThatOfTheCovariance() throws {
    let determinant = 2.375 * 4.0625 - 1.5 * 1.5
    for (x, y) in [(0.0, 0.0), (1, 0), (-3, 2), (0.25, 40)] {
      let expected = ((4.0625 * x * x - 2 * 1.5 * x * y + 2.375 * y * y) / determinant).squareRoot()
      #expect(abs(try distance().distance([1 + x, 2 + y]) - Float(expected)) <= 1e-6 * Float(1 + expected))
    }
    let round = try #require(
      FeatureDistance(
        activation: "last", mean: Numbers(scale: 1, integers: [0, 0]), axes: [], variance: 4, samples: 9,
        falseAlarms: 0.1, threshold: 1))
    #expect(round.distance([3, 4]) == 2.5)
  }

  @Test func numbersAreRoundedToTheLargest() {
    let numbers = Numbers([0.5, -1, 0.2539, 0], largest: 127)
    #expect(numbers.integers == [64, -127, 32, 0] && numbers.scale == Float(1.0 / 127))
    #expect(Numbers([0, 0], largest: 127) == Numbers(scale: 1, integers: [0, 0]))
    #expect(Numbers([1e-300], largest: 127).integers == [0])
  }

  @Test func abstainsAboveTheThreshold() throws {
    var uncertainty = Uncertainty(
      temperature: 1, sets: PredictionSets(.lac, coverage: 0.9, thresholds: [0.5]), samples: 60,
      data: String(repeating: "0f", count: 32))
    uncertainty.distance = try distance()
    func reasons(_ distance: Float) -> [Certainty.Reason] {
      uncertainty.certainty([4, 0], meaning.answer([4, 0]), meaning, distance: distance).reasons
    }
    #expect(reasons(2).isEmpty)
    #expect(reasons(2.001) == [.distance(2.001, threshold: 2)])
    // What is no number is not like anything.
    #expect(try reasons(distance().distance([.nan, 0])).count == 1)
    #expect(
      reasons(41.26)[0].text == "distance 41.26 is above 2.00: unlike the data it was fitted on")
    let certainty = uncertainty.certainty([4, 0], meaning.answer([4, 0]), meaning, distance: 1.5)
    #expect(certainty.distance == 1.5 && certainty.energy != nil)
  }

  @Test func storedNumbersAreReadAgain() throws {
    var uncertainty = Uncertainty(
      temperature: 1, sets: PredictionSets(.lac, coverage: 0.9, thresholds: [0.5]), samples: 60,
      data: String(repeating: "0f", count: 32))
    uncertainty.distance = try distance(threshold: 31.37)
    let bytes = try JSON.object(["uncertainty": uncertainty.json]).canonicalBytes()
    #expect(try Uncertainty.stored(JSON(parsing: bytes), for: meaning) == uncertainty)
    #expect(uncertainty.summary["distance"]?["axes"] == .int(2) && uncertainty.summary["distance"]?["mean"] == nil)
  }

  /// What a bundle of a stranger may say.
  static let refused: [(change: [String: JSON], message: String)] = [
    (["variance": 0.0], ".variance: expected a number above 0"),
    (["variance": -1.0], ".variance: expected a number above 0"),
    (["variance": 4.0], ".axes[0].variance: expected more than that of other directions"),
    (["variance": 1e300], ".variance: the number is too large for 32-bit floating point"),
    (["threshold": -1.0], ".threshold: a distance is not negative"),
    (["threshold": nil], ".threshold: expected a number, found null"),
    (["samples": 0], ".samples: 0 is out of range; expected 1 to 1073741824"),
    (["false_alarms": 1.0], ".false_alarms: expected a fraction between 0 and 1"),
    (["activation": 3], ".activation: expected a string, found an integer"),
    (["mean": ["scale": 1.0, "numbers": []]], ".mean.numbers: expected a number for each channel"),
    (["mean": ["scale": 1.0, "numbers": [1]]], ".axes[0].numbers: 2 numbers for 1 channels"),
    (["mean": ["scale": 0.0, "numbers": [1, 2]]], ".mean.scale: expected a number above 0"),
    (
      ["mean": ["scale": 1.0, "numbers": [1, 32768]]],
      ".mean.numbers[1]: 32768 is out of range; expected -32767 to 32767"
    ),
    (
      ["axes": [["scale": 1.0, "numbers": [1, -128], "variance": 9.0]]],
      ".axes[0].numbers[1]: -128 is out of range; expected -127 to 127"
    ),
    (
      ["axes": [["scale": 1.0, "numbers": [1.5, 1], "variance": 9.0]]],
      ".axes[0].numbers[0]: expected an integer, found a number"
    ),
    (["more": 1], ": unknown member \"more\""),
    (
      ["axes": .array(Array(repeating: ["scale": 1.0, "numbers": [1, 1], "variance": 9.0], count: 9))],
      ".axes: 9 axes, at most 8 are known"
    ),
  ]

  @Test(arguments: refused)
  func refusesWhatDoesNotFit(change: [String: JSON], message: String) throws {
    guard case .object(var object) = try distance().json else { return #expect(Bool(false)) }
    for (key, value) in change { object[key] = value }
    do {
      _ = try FeatureDistance(json: JSONNode(.object(object), name: "distance"))
      #expect(Bool(false), "was read: \(message)")
    } catch {
      #expect("\(error)".contains("distance" + message), "\(error)")
    }
  }
}
