import Answers
import DataSets
import IR
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
    let observations = ObservedValues.gather(graph, plan, loader, samples, threads: threads, observer: observer)
    try check(observations)
    let options = Quantizer.Options()
    quantizer = Quantizer(graph, observations: observations, options: options)
    let network = try UnroundedNetwork(quantizer, by: options.estimator, threads: threads)
    let learner = try RoundingLearner(network, float: plan, loader: loader, observer: observer)
    moments = learner.moments(samples, ofAtMost: samples.count)
    sensitivity = learner.sensitivities(try SensitivityMeasure(graph, decision), samples, seed: seed)
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
