import Answers
import DataSets
import Explanations
import IR
import Runtime
import Tensors

/// A network with the features its images are told apart by.
struct PooledNetwork {
  /// As it is executed, with the activation as a further output.
  let plan: Plan
  let pooled: PooledActivation

  /// - Parameters:
  ///   - graph: as it is executed
  ///   - path: of the model, for messages
  /// - Throws: where it has no features
  init(_ graph: Graph, _ decision: DecisionOutput, _ binding: DataBinding, path: String) throws(Refusal) {
    var graph = graph
    pooled = try PooledNetwork.pooled(&graph, decision, binding, path: path)
    plan = try Preparation.plan(graph, fusesRows: true)
  }

  /// The features of a graph, which gets them as a further output.
  static func pooled(
    _ graph: inout Graph, _ decision: DecisionOutput, _ binding: DataBinding, path: String
  ) throws(Refusal) -> PooledActivation {
    let input = try binding.imageInput().position
    do throws(Refusal) {
      return try PooledActivation(lastOf: &graph, input: input, output: decision.position)
    } catch {
      throw error.of(file: path)
    }
  }

  /// What `take` makes of the features of each sample.
  ///
  /// - Throws: where a sample cannot be read that could before
  func run<Result: Sendable>(
    on loader: SampleLoader, samples: [Int], threads: Int, _ observer: any WorkObserver, _ name: String,
    take: @Sendable ([Double]) -> Result
  ) throws(Refusal) -> [Result] {
    observer.begin(name, count: samples.count)
    defer { observer.end() }
    let found = Inference.run(
      plan, on: loader, samples: samples, threads: threads, progress: { observer.advance() }, lane: {},
      take: { [pooled] executor, _, _ in take(pooled.features(executor)) })
    return try zip(samples, found).map { (sample, result) throws(Refusal) in
      guard let result else { throw Refusal(file: loader.samples[sample].path, reason: "could not be read again") }
      return result
    }
  }
}

extension LoadedModel {
  /// What measures how far images are from those the bundle tells of; nil where it tells nothing of the kind.
  ///
  /// - Parameter graph: as it is executed; gets the activation as a further output
  func probe(_ uncertainty: Uncertainty?, in graph: inout Graph) throws(Refusal) -> DistanceProbe? {
    guard let distance = uncertainty?.distance else { return nil }
    do throws(Refusal) { return try DistanceProbe(distance, in: &graph) } catch { throw error.of(file: path) }
  }
}
