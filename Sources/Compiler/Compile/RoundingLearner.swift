import DataSets
import IR
import Quantization
import Runtime
import Tensors

/// Learns from samples how the weights of an int8 network are to be rounded.
struct RoundingLearner {
  let network: UnroundedNetwork
  /// A plan of the float graph.
  let float: Plan
  /// A plan of the network rounded to nearest, whose layers are steps of their own.
  let int8: Plan
  let loader: SampleLoader
  let threads: Int
  let observer: any WorkObserver

  init(
    _ network: UnroundedNetwork, float: Plan, loader: SampleLoader, observer: any WorkObserver
  ) throws(Refusal) {
    self.network = network
    self.float = float
    self.loader = loader
    self.observer = observer
    threads = network.threads
    int8 = try Preparation.plan(network.nearest.graph)
  }

  /// How each layer is rounded for what those before it have become, by `RoundingWalk`: of as many samples as fit into
  /// memory side by side.
  func walk(
    _ samples: [Int], _ roundings: [NodeID: WeightRounding] = [:]
  ) throws(Refusal) -> [NodeID: WeightRounding] {
    let some = Array(samples.prefix(RoundingWalk.mostSamples(int8, float)))
    observer.begin("Rounding layer by layer", count: int8.steps.count)
    defer { observer.end() }
    return try RoundingWalk(int8, of: network.nearest, float: float, quantizer: network.quantizer).run(
      loader, samples: some, roundings, threads: threads
    ) { [observer] _ in observer.advance() }
  }

  /// What layers multiply in the network rounded to nearest.
  ///
  /// - Parameter most: of samples whose moments will be merged
  func moments(_ samples: [Int], ofAtMost most: Int) -> [NodeID: InputMoments] {
    observer.begin("Gathering moments", count: samples.count)
    defer { observer.end() }
    return MomentGatherer(int8, of: network.nearest, samples: most).run(loader, samples: samples, threads: threads) {
      [observer] _ in observer.advance()
    }
  }

  /// What errors of layers cost at the float network's output.
  func sensitivities(_ measure: SensitivityMeasure, _ samples: [Int], seed: UInt64) -> NetworkSensitivity {
    observer.begin("Measuring sensitivities", count: samples.count)
    defer { observer.end() }
    return measure.run(loader, samples: samples, seed: seed, threads: threads) { [observer] _ in observer.advance() }
  }
}
