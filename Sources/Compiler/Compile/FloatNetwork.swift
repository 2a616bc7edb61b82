import IR
import Quantization
import Reports
import Runtime
import Tensors

/// The float network that is quantized, and what recipes learn of it on the same calibration samples.
final class FloatNetwork {
  /// What follows from samples: by their positions.
  typealias Samples = [Int]

  let graph: Graph
  /// Serves calibration and comparison alike: plans hold a copy of all weights.
  let plan: Plan
  /// What was taken away from the graph after it was simplified.
  let pruned: Pruning.Outcome
  /// Whether several recipes are compiled from it.
  let isShared: Bool

  let observations: SharedWork<Samples, [ValueID: Observation]>
  /// What it answers, as int8 networks are judged by; nil where there are too few samples.
  let judges: SharedWork<Samples, OutputJudge?>
  /// The estimator of ranges that was searched, by the samples that judged.
  let ranges: SharedWork<Samples, RangeSearch.Choice>
  /// The same network with channels equalized, and whether that is taken, by what was asked.
  let equalized: SharedWork<EqualizationSearch.Question, EqualizationSearch.Choice?>
  /// The int8 network by the estimator of its ranges.
  let networks: SharedWork<RangeEstimator, UnroundedNetwork>
  let steps: SharedWork<RangedSamples, WeightSteps>

  /// Samples that an int8 network with ranges by an estimator is run on.
  struct RangedSamples: Equatable {
    let ranges: RangeEstimator
    let samples: Samples
  }

  init(_ graph: Graph, _ pruned: Pruning.Outcome = .init(), isShared: Bool) throws(Refusal) {
    self.graph = graph
    self.pruned = pruned
    self.isShared = isShared
    plan = try Preparation.plan(graph)
    observations = SharedWork(keeps: isShared)
    judges = SharedWork(keeps: isShared)
    ranges = SharedWork(keeps: isShared)
    equalized = SharedWork(keeps: isShared)
    networks = SharedWork(keeps: isShared)
    steps = SharedWork(keeps: isShared)
  }
}
