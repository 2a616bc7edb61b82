import Answers
import Bundles
import CanonicalJSON
import DermRuntime
import IR
import Math
import Operators
import Platform
import Tensors
import TestSupport
import Testing

/// A bundle of its own, gone with the value that made it.
private final class StoredBundle {
  let path: String

  init(_ bundle: Bundle) throws {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    path = "\(folder)/derm-answer-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).derm"
    try BundleWriter.write(bundle, to: path)
  }

  deinit { unlink(path) }
}

private let image =
  #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
  + "/fixtures/images/eval/nv/001.jpg"

/// The mean of each colour times a weight, summed up, and the sums again after a function.
private func colours(
  _ weights: [[Float]], _ function: UnaryFunction = .identity, hasOther: Bool = false
) throws -> (graph: Graph, sums: ValueID) {
  var graph = Graph(name: "colours")
  let x = graph.addInput("image", TensorType(.float32, [1, 3, 4, 4]))
  let pooled = try graph.add(GlobalAveragePool(), name: "pool", inputs: [x])[0]
  var features = try graph.add(Reshape(shape: [0, -1]), name: "flat", inputs: [pooled])[0]
  if hasOther {
    let other = graph.addInput("age", TensorType(.float32, [1, 1]))
    features = try graph.add(Concat(axis: 1), name: "join", inputs: [features, other])[0]
  }
  let width = weights[0].count
  let w = graph.addConstant("w", Tensor(weights.flatMap { $0 }, shape: [weights.count, width]))
  let sums = try graph.add(Gemm(transB: true), name: "sums", inputs: [features, w])[0]
  graph.addOutput(try graph.add(Unary(function), name: "answer", inputs: [sums])[0])
  return (graph, sums)
}

private func bundle(_ graph: Graph, labels: [String], answer: OutputMeaning? = nil) -> Bundle {
  var bundle = Bundle(kind: .compiled, graph: graph)
  bundle.labels = labels
  bundle.answer = answer?.json
  bundle.preprocessing = [
    "size": [4, 4], "scale": .double(1.0 / 255), "mean": [0], "std": [1], "channels": "rgb", "resize": "direct",
  ]
  return bundle
}

@Suite struct DermAnswerTests {
  /// One sigmoid is the most common model of the field: melanoma or not.
  @Test func oneSigmoidIsABinaryAnswer() throws {
    let (graph, _) = try colours([[1, 1, -4]], .sigmoid)
    let stored = try StoredBundle(bundle(graph, labels: ["nv", "mel"]))
    let model = try DermModel(path: stored.path)
    let answer = try model.classify(imageAt: image)
    let probability = Double(answer.output[0])
    #expect(answer.task == .binary && answer.output.count == 1)
    #expect(answer.classes.map(\.label) == ["nv", "mel"])
    #expect(answer.classes.map(\.probability) == [1 - probability, probability])
    #expect(answer.decision?.label == (probability >= 0.5 ? "mel" : "nv"))
    #expect(probability > 0.01 && probability < 0.99)
  }

  @Test(arguments: [true, false]) func theStoredThresholdDecides(isBelow: Bool) throws {
    let (graph, _) = try colours([[1, 1, -4]], .sigmoid)
    let plain = try StoredBundle(bundle(graph, labels: ["nv", "mel"]))
    let probability = try DermModel(path: plain.path).classify(imageAt: image).classes[1].probability
    var meaning = try OutputReading(graph).meaning
    meaning.thresholds = [isBelow ? probability - 0.001 : probability + 0.001]
    let stored = try StoredBundle(bundle(graph, labels: ["nv", "mel"], answer: meaning))
    #expect(try DermModel(path: stored.path).classify(imageAt: image).decision?.label == (isBelow ? "mel" : "nv"))
  }

  @Test func labelsAreDecidedEachOnItsOwn() throws {
    let (graph, _) = try colours([[9, 0, 0], [0, -9, 0], [0, 0, 9]], .sigmoid)
    let stored = try StoredBundle(bundle(graph, labels: ["dots", "veil", "net"]))
    let answer = try DermModel(path: stored.path).classify(imageAt: image)
    #expect(answer.task == .multilabel)
    #expect(answer.classes.map(\.probability) == answer.output.map(Double.init))
    #expect(answer.decisions.map(\.label) == ["dots", "net"])
    #expect(answer.classes.map(\.isDecided) == [true, false, true])
  }

  @Test func anEmbeddingMayComeFirst() throws {
    var graph = try colours([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]).graph
    let w = graph.addConstant("v", Tensor([1, 2, 3, 4, -1, -2, -3, 9, 0, 1, 0, 1] as [Float], shape: [3, 4]))
    graph.addOutput(try graph.add(Gemm(transB: true), name: "logits", inputs: [graph.outputs[0], w])[0])
    let stored = try StoredBundle(bundle(graph, labels: ["a", "b", "c"]))
    let model = try DermModel(path: stored.path)
    let answer = try model.classify(imageAt: image)
    #expect(answer.task == .multiclass && answer.classes.count == 3)
    let outputs = try model.outputs(imageAt: image)
    #expect(Set(outputs.keys) == Set(model.outputNames))
    let embedding = try #require(outputs[model.outputNames[0]])
    #expect(outputs[model.outputNames[1]] == answer.output && embedding.count == 4)
    let sums = zip([[1, 2, 3, 4], [-1, -2, -3, 9], [0, 1, 0, 1]] as [[Float]], answer.output)
    for (row, logit) in sums { #expect(abs(zip(row, embedding).reduce(0) { $0 + $1.0 * $1.1 } - logit) < 1e-4) }
  }

  @Test func takesNumbersBesideTheImage() throws {
    let (graph, _) = try colours([[1, 1, -4, 0], [0, 0, 0, 1]], hasOther: true)
    let stored = try StoredBundle(bundle(graph, labels: ["nv", "mel"]))
    let model = try DermModel(path: stored.path)
    #expect(model.otherInputs == ["age": 1])
    #expect(try model.classify(imageAt: image, others: ["age": [0.25]]).output[1] == 0.25)
    #expect(try model.classify(imageAt: image, others: ["age": [8]]).decision?.label == "mel")
    for wrong: [String: [Float]] in [
      [:], ["age": []], ["age": [1, 2]], ["age": [.nan]], ["sex": [1]], ["age": [1], "sex": [1]],
    ] {
      #expect(throws: DermError.self) { try model.classify(imageAt: image, others: wrong) }
    }
  }

  @Test func anEmbeddingAloneDecidesNothing() throws {
    let (graph, _) = try colours([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    var meaning = try OutputReading(graph).meaning
    meaning = OutputMeaning(output: meaning.output, task: .none, scores: .logits, count: 3)
    let stored = try StoredBundle(bundle(graph, labels: [], answer: meaning))
    let answer = try DermModel(path: stored.path).classify(imageAt: image)
    #expect(answer.task == .none && answer.classes.isEmpty && answer.decision == nil && answer.output.count == 3)
  }

  @Test func refusesWhatABundleSaysOfAnOutputItLacks() throws {
    let (graph, _) = try colours([[1, 0, 0], [0, 1, 0]])
    let wrong = OutputMeaning(output: "absent", task: .binary, scores: .logits, count: 2)
    let stored = try StoredBundle(bundle(graph, labels: ["a", "b"], answer: wrong))
    #expect(throws: DermError.self) { try DermModel(path: stored.path) }
  }
}

/// Distances that a stranger's bundle tells of a network that has none such.
@Suite struct DermDistanceTests {
  private static let bundle = "\(DoorCase.root)/fixtures/doors/sure_distance.derm"

  /// The bundle with another distance.
  private func changed(_ change: (inout JSONObject) -> Void) throws -> StoredBundle {
    var bundle = try BundleReader.open(Self.bundle).read(selfTest: false, maximumBytes: 1 << 30)
    guard case .object(var explanation)? = bundle.explanation,
      case .object(var uncertainty)? = explanation["uncertainty"],
      case .object(var distance)? = uncertainty["distance"]
    else { preconditionFailure("the fixture tells no distance") }
    change(&distance)
    uncertainty["distance"] = .object(distance)
    explanation["uncertainty"] = .object(uncertainty)
    bundle.explanation = .object(explanation)
    return try StoredBundle(bundle)
  }

  @Test func isOfTheNamedActivation() throws {
    let same = try changed { _ in }
    let certainty = try #require(try DermModel(path: same.path).classify(imageAt: image).certainty)
    #expect(try certainty == DermModel(path: Self.bundle).classify(imageAt: image).certainty)
    #expect(try #require(certainty.distance) > 0)
  }

  @Test func refusesActivationsThatAreNotThere() throws {
    let graph = try BundleReader.open(Self.bundle).read(selfTest: false, maximumBytes: 1 << 30).graph
    let input = graph[graph.inputs[0]].name
    for name in ["none such", "", input] {
      let stored = try changed { $0["activation"] = .string(name) }
      do throws(DermError) {
        _ = try DermModel(path: stored.path)
        #expect(Bool(false), "\(name) was taken")
      } catch {
        guard case .unsupportedModel(let why) = error else { return #expect(Bool(false), "\(error)") }
        #expect(why.contains("explanation.uncertainty.distance.activation: no activation is named \(name)"), "\(why)")
      }
    }
    // Fewer numbers than the activation has channels.
    let few = try changed {
      $0["mean"] = ["scale": 1.0, "numbers": [1, 2, 3]]
      $0["axes"] = []
    }
    do throws(DermError) {
      _ = try DermModel(path: few.path)
      #expect(Bool(false), "three channels were taken")
    } catch {
      guard case .unsupportedModel(let why) = error else { return #expect(Bool(false), "\(error)") }
      #expect(why.contains("expected 3 channels of one image"), "\(why)")
    }
  }
}
