import CanonicalJSON
import NumPyFiles
import Tensors
import Testing

/// Models whose answers are easily mistaken: fixtures/answers/odd/README.md says what each is.
@Suite struct OddAnswerTests {
  private static let root = Fixture.root + "answers/odd/"

  private func run(_ name: String, _ options: String...) throws -> Outcome {
    try Program.run(
      ["run", OddAnswerTests.root + name + ".onnx", Fixture.image, "--json", "--scale", "1/255"] + options)
  }

  /// The first row that `run` prints.
  private func row(_ name: String, _ options: String...) throws -> JSONNode {
    let outcome = try Program.run(
      ["run", OddAnswerTests.root + name + ".onnx", Fixture.image, "--json", "--scale", "1/255"] + options)
    try #require(outcome.status == 0, "\(outcome.error)")
    return try #require(Array(try outcome.json().elements()).first)
  }

  private func probabilities(_ row: JSONNode) throws -> [Double] {
    try row["top"].elements().map { try $0["probability"].double() }
  }

  /// The output is the probabilities already: no second softmax.
  @Test(arguments: [
    "softmax_identity", "softmax_squeeze", "decomposed_softmax", "decomposed_softmax_shifted", "softmax_of_softmax",
    "logits_and_softmax",
  ])
  func probabilitiesAreNotMadeTwice(name: String) throws {
    let row = try row(name)
    #expect(try row["task"].string() == "multiclass")
    let output = try row["output"].doubles()
    #expect(try probabilities(row) == output.sorted(by: >))
    #expect(abs(output.reduce(0, +) - 1) < 1e-6)
  }

  @Test(arguments: [("squeezed_sigmoid", false), ("inverted_sigmoid", false), ("regression", true)])
  func oneNumberIsABinaryAnswer(name: String, isLogit: Bool) throws {
    let row = try row(name)
    #expect(try row["task"].string() == "binary")
    let output = try row["output"].doubles()[0]
    let top = Array(try row["top"].elements())
    let positive = try #require(try top.first { try $0["index"].int() == 1 })["probability"].double()
    if isLogit { #expect((positive > 0.5) == (output > 0)) } else { #expect(positive == output) }
  }

  @Test(arguments: ["softmax_of_one", "relu_regression", "segmentation"])
  func whatDecidesNothingHasNoProbabilities(name: String) throws {
    let row = try row(name)
    #expect(try row["task"].string() == "none" && row["decided"].strings().isEmpty)
    #expect(try row["top"].elements().allSatisfy { try $0.optional("probability") == nil })
    let folder = try Folder()
    let data = folder.makeFolder("data")
    _ = folder.makeFolder("data/a")
    try folder.copy(Fixture.image, as: "data/a/1.jpg")
    let eval = try Program.run("eval", OddAnswerTests.root + name + ".onnx", data, "--scale", "1/255")
    #expect(eval.status == 3 && eval.isOneLine(with: ["no decision", "--task"]), "\(eval.error)")
  }

  @Test func labelsAreAnsweredEachOnItsOwn() throws {
    #expect(try row("sigmoid_of_two")["task"].string() == "multilabel")
    #expect(try row("sigmoid_of_two", "--task", "binary")["task"].string() == "binary")
  }

  @Test(arguments: [("rounded_sigmoid", "rounded"), ("softmax_over_images", "Softmax along the batch")])
  func whatIsNoScoreIsRefused(name: String, word: String) throws {
    let outcome = try run(name)
    #expect(outcome.status == 3 && outcome.isOneLine(with: [name, word]), "\(outcome.error)")
  }

  @Test(arguments: [("two_heads", "site"), ("two_sigmoids", "ulcer")])
  func whichOfTwoHeadsDecidesIsAsked(name: String, other: String) throws {
    let open = try run(name)
    #expect(open.status == 0 && open.error.contains("--output-name") && open.error.contains(other), "\(open.error)")
    #expect(try run(name, "--strict").status == 3)
    let told = try run(name, "--output-name", other, "--strict")
    #expect(told.status == 0 && told.error == "", "\(told.error)")
  }

  @Test(arguments: ["no_image", "two_images"]) func whichInputTheImageIsIsAsked(name: String) throws {
    let outcome = try run(name)
    #expect(outcome.status != 0 && outcome.error.hasPrefix("dermc: "), "\(outcome.error)")
  }
}
