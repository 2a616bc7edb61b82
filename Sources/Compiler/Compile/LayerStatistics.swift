import Answers
import DataSets
import IR
import Math
import Quantization
import Runtime
import Tensors

/// What calibration samples tell of the layers of a float graph: what their weights are multiplied with, and how much
/// the answer suffers from errors in what they compute.
///
/// Inputs are looked at in the plain int8 network, where sums are of integers: exact, and the same on every machine.
struct LayerStatistics {
  let quantizer: Quantizer
  let moments: [NodeID: InputMoments]
  let sensitivity: NetworkSensitivity

  /// - Parameter check: fails where the samples do not do
  init(
    _ graph: Graph, _ decision: DecisionOutput, _ calibration: CalibrationData, seed: UInt64, threads: Int,
    observer: any WorkObserver, check: ([ValueID: Observation]) throws(Refusal) -> Void
  ) throws(Refusal) {
    let samples = calibration.calibration
    let loader = calibration.loader
    let plan = try Preparation.plan(graph)
    observer.begin("Observing", count: samples.count)
    let observations = Calibrator(plan, of: graph, observing: Quantizer.valuesToObserve(graph)).run(
      loader, samples: samples, threads: threads
    ) { _ in observer.advance() }
    observer.end()
    try check(observations)
    quantizer = Quantizer(graph, observations: observations, options: Quantizer.Options())
    let model = try quantizer.run()
    observer.begin("Gathering moments", count: samples.count)
    moments = MomentGatherer(try Preparation.plan(model.graph), of: model, samples: samples.count).run(
      loader, samples: samples, threads: threads
    ) { _ in observer.advance() }
    observer.end()
    let measure = try SensitivityMeasure(
      graph, output: decision.position, answer: decision.meaning.answerKind, batch: decision.rows.batch,
      math: MathLibrary.kernels.math())
    observer.begin("Measuring sensitivities", count: samples.count)
    sensitivity = measure.run(loader, samples: samples, seed: seed, threads: threads) { _ in observer.advance() }
    observer.end()
  }

  /// What is known of layers with weights, and why of others nothing is.
  func layers(of nodes: [Node], in graph: Graph) -> (known: [WeightPruning.Layer], unknown: [NodeID: String]) {
    var known: [WeightPruning.Layer] = []
    var unknown: [NodeID: String] = [:]
    for node in nodes {
      if let weights = node.inputs[1], graph[weights].uses.count > 1 {
        unknown[node.id] = "other layers share its weights"
      } else if let layer = quantizer.layer(node.id), let moments = moments[node.id], moments.rows > 0 {
        if let sensitivity = sensitivity.layers[layer.output] {
          known.append(WeightPruning.Layer(node: node.id, layer.weights, sensitivity, moments))
        } else {
          unknown[node.id] = sensitivity.unknown[layer.output].map { "\($0)" } ?? "nothing depends on it"
        }
      } else {
        unknown[node.id] = "what it is given was not observed"
      }
    }
    return (known, unknown)
  }
}
