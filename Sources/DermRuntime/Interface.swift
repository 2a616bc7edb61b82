import Answers
import Bundles
import CanonicalJSON
import IR
import Images
import Runtime
import Tensors

/// A bundle's inputs and outputs by name, and what its decision means.
struct Interface: Sendable {
  let inputs: [String]
  let outputs: [String]
  let meaning: OutputMeaning
  /// How sure answers are to be taken; nil where the bundle does not tell.
  let uncertainty: Uncertainty?
  /// The position of the decision among the outputs.
  let decision: Int
  /// How many answers a run gives.
  let answers: Int
  /// The names of classes, or labels; their places where the bundle names none.
  let classNames: [String]

  init(_ bundle: Bundle, _ path: String) throws(DermError) {
    let graph = bundle.graph
    inputs = graph.inputs.map { graph[$0].name }
    outputs = graph.outputs.map { graph[$0].name }
    do throws(Refusal) {
      (meaning, decision) = try OutputReading.stored(bundle.answer, in: graph, labels: bundle.labels?.count)
      uncertainty = try Uncertainty.stored(bundle.explanation, for: meaning)
    } catch {
      throw .unsupportedModel("\(path): \(error)")
    }
    answers = OutputRows(graph, output: decision).batch
    let type = graph.type(of: graph.outputs[decision])
    guard type.element == .float32 else {
      throw .unsupportedModel("\(path): output \(oneLine(meaning.output)) is \(type), expected float32")
    }
    guard answers * meaning.count == type.count else {
      throw .unsupportedModel(
        "\(path): output \(oneLine(meaning.output)) is \(type), expected \(answers) times \(meaning.count) numbers")
    }
    let labels = bundle.labels ?? []
    classNames = (0..<meaning.classCount).map { labels.indices.contains($0) ? labels[$0] : "\($0)" }
  }

  /// The input that images go to: the only one, or the only one that is like an image.
  func image(_ plan: Plan, _ path: String) throws(DermError) -> Int {
    guard let odd = plan.inputs.indices.first(where: { !Interface.takesFloats(plan.inputs[$0].type) }) else {
      let images = plan.inputs.indices.filter { plan.inputs.count == 1 || plan.inputs[$0].type.rank == 4 }
      guard let image = images.first, images.count == 1 else {
        throw .unsupportedModel(
          "\(path): expected one input for images; its inputs are \(oneLine(inputs.joined(separator: ", ")))")
      }
      return image
    }
    throw .unsupportedModel("\(path): input \(oneLine(inputs[odd])) is \(plan.inputs[odd].type), expected float32")
  }

  /// Whether an input is float32, or was before the plan left quantizing it to us.
  private static func takesFloats(_ type: TensorType) -> Bool {
    type.element == .float32 || type.element == .int8 && type.quantization != nil
  }
}
