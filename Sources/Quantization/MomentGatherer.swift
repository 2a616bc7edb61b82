import CKernels
package import IR
import Math
import Operators
package import Runtime
import Synchronization
import Tensors
import Threads

/// Runs an int8 graph on calibration samples and gathers the moments of its layers' inputs. Memory does not grow with
/// the number of samples.
package struct MomentGatherer {
  private let plan: Plan
  private let layers: [LayerStep]
  private let samples: Int

  /// The most columns between which covariances are gathered; fewer where those of all layers would take more bytes.
  private let longestBlock: Int
  static let mostColumns = 1024
  private static let mostBytes = 128 << 20

  /// - Parameters:
  ///   - plan: a plan of the model's graph whose layers are steps of their own
  ///   - samples: how many will be looked at in all
  package init(_ plan: Plan, of model: QuantizedModel, samples: Int) {
    self.plan = plan
    self.samples = samples
    let layers = LayerStep.all(plan, of: model)
    var longest = MomentGatherer.mostColumns
    func bytes(_ longest: Int) -> Int {
      layers.reduce(0) { $0 + InputMoments.bytes(groups: $1.groups, length: $1.length, longestBlock: longest) }
    }
    while longest > 16, bytes(longest) > MomentGatherer.mostBytes { longest /= 2 }
    longestBlock = longest
    self.layers = layers
  }

  /// What is gathered for each layer, by the float graph's nodes, in the order of the network.
  package var forms: [(layer: NodeID, form: InputMoments.Form)] {
    layers.map { ($0.source, InputMoments.Form(of: $0, longestBlock: longestBlock)) }
  }

  /// The moments of each layer, by the float graph's nodes, in the samples with the given indices, a share on each
  /// thread. The result does not depend on the number of threads.
  ///
  /// - Parameter first: the number that the source's first sample has among all samples that will be looked at
  package func run(
    _ source: any SampleSource, samples: [Int], numberedFrom first: Int = 0, threads: Int,
    progress: (@Sendable (Int) -> Void)? = nil
  ) -> [NodeID: InputMoments] {
    precondition(samples.count <= self.samples, "\(samples.count) samples are given where \(self.samples) were meant")
    let shared = forms.map { SharedMoments(InputMoments($0.form)) }
    let workers = Workers(threads: min(threads, max(1, samples.count)))
    let next = SharedCounter()
    // Sums of more would not fit; the first ones are as good as others.
    let count = min(samples.count, InputMoments.mostRows)
    workers.run(units: workers.count) { _, lanes in
      for _ in lanes {
        let lane = Lane(plan, layers, shared, samples: self.samples, numberedFrom: first)
        while let position = next.take(below: count) {
          lane.add(samples[position], of: source)
          progress?(position)
        }
        lane.flush()
      }
    }
    return Dictionary(
      uniqueKeysWithValues: zip(layers, shared).map { ($0.source, $1.moments.withLock { $0 }) })
  }

  /// One thread's executor and rows.
  private final class Lane {
    private let executor: Executor
    private let scratch: MomentScratch
    private let first: Int
    private var byStep: [(layer: LayerStep, positions: Int, rows: InputRows)?]

    init(
      _ plan: Plan, _ layers: [LayerStep], _ shared: [SharedMoments], samples: Int, numberedFrom first: Int
    ) {
      self.first = first
      executor = Executor(plan, workers: Workers(threads: 1))
      let largest = shared.map { shared in
        shared.moments.withLock { $0.mostProducts }
      }
      scratch = MomentScratch(layers.map(\.shape), products: largest.max() ?? 0)
      byStep = [(layer: LayerStep, positions: Int, rows: InputRows)?](repeating: nil, count: plan.steps.count)
      for (layer, moments) in zip(layers, shared) {
        let rows = InputRows(layer.shape, layer.quantization, moments: moments)
        let positions = InputRows.positions(layer.shape, images: layer.images, samples: samples)
        byStep[layer.index] = (layer, positions, rows)
      }
    }

    func add(_ sample: Int, of source: any SampleSource) {
      let isWritten = executor.withInputs { source.write(sample, into: $0) }
      // One that cannot be used was told of by its source.
      if !isWritten { return }
      for step in byStep.indices {
        executor.run(step: step)
        guard let (layer, positions, rows) = byStep[step] else { continue }
        executor.withInputs(ofStep: step) { inputs in
          guard let x = inputs.first ?? nil else { preconditionFailure("a layer has no input") }
          rows.add(x.pointer(), images: layer.images, positions: positions, sample: first + sample, scratch: scratch)
        }
      }
    }

    func flush() {
      for layer in byStep { layer?.rows.flush(scratch) }
    }
  }
}
