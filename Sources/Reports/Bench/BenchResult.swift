package import Math
package import Runtime

/// What `dermc bench` measured: the latency of one inference of a model, and of another beside it where there is one.
package struct BenchResult: Sendable {
  package var model: BenchModel
  /// The model it is compared with, measured in turn with it.
  package var against: BenchModel?
  package var threads: Int
  package var instructionSet: String
  /// What the machine can do at most; empty where it was not measured.
  package var peaks: [BenchLayer.Precision: PeakRate]
  /// The most memory the process had at once, with all it took to read and measure both models; nil where the system
  /// does not tell.
  package var peakProcessBytes: Int?

  package init(
    model: BenchModel, against: BenchModel?, threads: Int, instructionSet: String,
    peaks: [BenchLayer.Precision: PeakRate], peakProcessBytes: Int? = nil
  ) {
    self.model = model
    self.against = against
    self.threads = threads
    self.instructionSet = instructionSet
    self.peaks = peaks
    self.peakProcessBytes = peakProcessBytes
  }

  /// The part of the peak at which layers compute; nil where they multiply nothing or no peak is known.
  package func peakShare(_ layer: BenchLayer) -> Double? {
    guard layer.macs > 0, layer.bestSeconds > 0, let limit = limit(layer) else { return nil }
    return limit / layer.bestSeconds
  }

  /// Seconds a layer takes beyond those its multiply-accumulates take at the peak; nil where no peak is known.
  package func beyondLimit(_ layer: BenchLayer) -> Double? {
    limit(layer).map { max(0, layer.bestSeconds - $0) }
  }

  /// A model's layers, those first that lose most time to the limit.
  package func furthestFromLimit(_ model: BenchModel) -> [BenchLayer] {
    model.layers.enumerated().compactMap { index, layer in beyondLimit(layer).map { (index, layer, $0) } }
      .sorted { ($1.2, $0.0) < ($0.2, $1.0) }.map(\.1)
  }

  private func limit(_ layer: BenchLayer) -> Double? {
    guard let peak = peaks[layer.precision], peak.macsPerSecond > 0 else { return nil }
    return Double(layer.macs) / peak.macsPerSecond
  }
}

/// One model's part of it.
package struct BenchModel: Sendable {
  package var name: String
  package var bestSeconds: Double
  package var medianSeconds: Double
  package var runs: Int
  /// From the path to a graph: every byte checked, compressed weights expanded.
  package var loadSeconds: Double
  /// From the graph to something that runs: kernels chosen, weights packed, memory laid out.
  package var prepareSeconds: Double
  package var memory: PlanMemory
  package var layers: [BenchLayer]
  /// The best of each turn the model had; models that are measured together take turns.
  package var turns: [Double] = []

  package init(
    name: String, bestSeconds: Double, medianSeconds: Double, runs: Int, loadSeconds: Double, prepareSeconds: Double,
    memory: PlanMemory, layers: [BenchLayer]
  ) {
    self.name = name
    self.bestSeconds = bestSeconds
    self.medianSeconds = medianSeconds
    self.runs = runs
    self.loadSeconds = loadSeconds
    self.prepareSeconds = prepareSeconds
    self.memory = memory
    self.layers = layers
  }

  package var layerSeconds: Double { layers.reduce(0) { $0 + $1.bestSeconds } }
  package var macs: Int { layers.reduce(0) { $0 + $1.macs } }

  /// What the model multiplies in: int8 where any layer does.
  var precision: BenchLayer.Precision {
    layers.contains { $0.macs > 0 && $0.precision == .int8 } ? .int8 : .float32
  }
}

/// One step of a plan.
package struct BenchLayer: Sendable {
  package enum Precision: String, Sendable, CaseIterable {
    case float32
    case int8
  }

  package var name: String
  package var op: String
  /// The kernel that was chosen.
  package var implementation: String
  package var output: [Int]
  package var macs: Int
  package var precision: Precision
  package var bestSeconds: Double
  /// Names of the nodes of the source model that the step computes.
  package var origins: [String]

  package init(
    name: String, op: String, implementation: String, output: [Int], macs: Int, precision: Precision,
    bestSeconds: Double, origins: [String]
  ) {
    self.name = name
    self.op = op
    self.implementation = implementation
    self.output = output
    self.macs = macs
    self.precision = precision
    self.bestSeconds = bestSeconds
    self.origins = origins
  }

  package var macsPerSecond: Double { bestSeconds > 0 ? Double(macs) / bestSeconds : 0 }
}
