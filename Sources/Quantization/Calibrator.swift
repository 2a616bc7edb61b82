package import IR
import Operators
package import Runtime
import Tensors
import Threads

/// Runs a float graph on calibration samples and observes its values. Memory does not grow with the number of samples.
package struct Calibrator {
  private let plan: Plan
  /// The values to observe, each with the dimension its channels lie along.
  private let channelAxes: [ValueID: Int]
  private let inputs: [ValueID]

  /// - Parameters:
  ///   - plan: a plan of `graph`; for results that do not depend on the machine, one on dermc's own kernels
  ///   - values: those to observe; graph inputs among them are allowed
  package init(_ plan: Plan, of graph: Graph, observing values: Set<ValueID>) {
    self.plan = plan
    channelAxes = Dictionary(uniqueKeysWithValues: values.map { ($0, Int8Form.channelAxis(of: $0, in: graph)) })
    inputs = graph.inputs
  }

  /// Observes the samples with the given indices, a share on each thread. The result does not depend on the number of
  /// threads.
  package func run(
    _ source: any SampleSource, samples: [Int], threads: Int, progress: (@Sendable (Int) -> Void)? = nil
  ) -> [ValueID: Observation] {
    let workers = Workers(threads: min(threads, max(1, samples.count)))
    let lanes = (0..<workers.count).map { _ in Lane(plan, channelAxes: channelAxes, inputs: inputs) }
    let next = SharedCounter()
    workers.run(units: workers.count) { _, range in
      for lane in range {
        while let position = next.take(below: samples.count) {
          lanes[lane].observe(samples[position], of: source)
          progress?(position)
        }
      }
    }
    var merged = lanes[0].observations
    for lane in lanes.dropFirst() {
      for (value, observation) in lane.observations { merged[value, default: Observation()].merge(observation) }
    }
    return merged
  }
}

/// One thread's executor and observations.
private final class Lane {
  private let executor: Executor
  private let channelAxes: [ValueID: Int]
  private let inputs: [ValueID]
  private let scratch: ObservationScratch
  private(set) var observations: [ValueID: Observation] = [:]

  init(_ plan: Plan, channelAxes: [ValueID: Int], inputs: [ValueID]) {
    executor = Executor(plan, workers: Workers(threads: 1))
    self.channelAxes = channelAxes
    self.inputs = inputs
    let places = plan.steps.flatMap(\.outputs) + plan.inputs + plan.aliases.values.joined().map(\.place)
    let channels = places.map { place in
      place.type.rank > 1 ? max(place.type.shape[1], place.type.shape[place.type.rank - 1]) : 0
    }
    scratch = ObservationScratch(channels: channels.max() ?? 0)
  }

  func observe(_ sample: Int, of source: any SampleSource) {
    let isWritten = executor.withInputs { views in
      guard source.write(sample, into: views) else { return false }
      for (index, view) in views.enumerated() {
        add(inputs[index], view.reading)
        addAliases(of: executor.plan.inputs[index], view.reading)
      }
      return true
    }
    guard isWritten else { return }
    executor.run { step, outputs in
      let plan = executor.plan
      for (value, view) in zip(plan.steps[step].values, outputs) { add(value, view) }
      for (place, view) in zip(plan.steps[step].outputs, outputs) { addAliases(of: place, view) }
    }
  }

  /// Values that are only other names of this memory.
  private func addAliases(of place: Plan.Place, _ view: TensorView) {
    for (value, place) in executor.plan.aliases[place.storage] ?? [] {
      add(value, TensorView(place.type, layout: place.layout, base: view.base))
    }
  }

  /// Observes a value if it is one to observe: its channels too, where they lie innermost.
  private func add(_ value: ValueID, _ view: TensorView) {
    guard let axis = channelAxes[value], view.type.element == .float32 else { return }
    var channels = 0
    if axis < view.type.rank {
      let split = AxisSplit(view.shape, axis: axis, layout: view.layout)
      if split.inner == 1 || split.extent == 1 { channels = split.extent }
    }
    observations[value, default: Observation()].add(
      view.elements(Float.self), channels: channels, scratch: scratch)
  }
}
