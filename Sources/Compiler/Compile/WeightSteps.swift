import IR
import Quantization
import Runtime
import Tensors

/// A network whose weights follow from one number, `Distortion`.
struct WeightSteps {
  let allocation: StepAllocation
  /// Layers whose weights do not, and why.
  let unknown: [String]
  private let network: UnroundedNetwork
  private let compensations: [NodeID: ErrorCompensation]
  private let means: [NodeID: [Double]]

  init(_ network: UnroundedNetwork, _ moments: [NodeID: InputMoments], _ sensitivity: NetworkSensitivity) {
    self.network = network
    compensations = ErrorCompensation.all(moments, threads: network.threads)
    means = moments.mapValues(\.means)
    var layers: [StepAllocation.Layer] = []
    var unknown: [String] = []
    for (node, compensation) in compensations.sorted(by: { $0.key < $1.key }) {
      guard let layer = network.quantizer.layer(node) else { continue }
      guard let known = sensitivity.layers[layer.output] else {
        unknown.append("\(layer.name): \(sensitivity.unknown[layer.output].map { "\($0)" } ?? "nothing depends on it")")
        continue
      }
      layers.append(StepAllocation.Layer(node: node, layer.weights, known, compensation))
    }
    allocation = StepAllocation(layers)
    self.unknown = unknown
  }

  /// An estimate of what the levels take.
  func bits(_ distortion: Distortion) -> Double { allocation.bits(distortion, threads: network.threads) }

  /// The steps of each layer.
  func roundings(_ distortion: Distortion) -> [NodeID: WeightRounding] {
    let biasSteps = allocation.biasSteps(distortion)
    var roundings: [NodeID: WeightRounding] = [:]
    for (node, scales) in allocation.scales(distortion) {
      roundings[node] = WeightRounding(scales: scales)
      roundings[node]?.biasSteps = biasSteps[node]
    }
    return roundings
  }

  /// The network whose layers are each rounded by itself.
  func apart(_ distortion: Distortion) throws(Refusal) -> QuantizedModel {
    var roundings = roundings(distortion)
    for (node, compensation) in compensations {
      roundings[node, default: .nearest].compensation = compensation
      roundings[node]?.inputMeans = means[node]
    }
    return try network.rounded(roundings)
  }
}
