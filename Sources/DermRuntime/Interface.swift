import Answers
import Bundles
import CanonicalJSON
import IR

/// A bundle's inputs and outputs by name, and what its decision means.
struct Interface {
  let inputs: [String]
  let outputs: [String]
  let meaning: OutputMeaning
  /// The position of the decision among the outputs.
  let decision: Int

  init(_ bundle: Bundle, _ path: String) throws(DermError) {
    let graph = bundle.graph
    inputs = graph.inputs.map { graph[$0].name }
    outputs = graph.outputs.map { graph[$0].name }
    do {
      (meaning, decision) = try OutputReading.stored(bundle.answer, in: graph, labels: bundle.labels?.count)
    } catch {
      throw DermError("\(path): \(error)")
    }
  }
}
