import IR
import Math
package import Reports
import Runtime
package import Tensors
import Threads

/// Measures what `dermc bench` says: how long one inference takes, batch 1, and what each layer's part in it is.
package struct Benchmark {
  private let path: String
  private let other: String?
  private let measuresPeak: Bool
  private let threads: Int
  private let math: MathLibrary
  private let size: (height: Int, width: Int)?
  private let fusesRows: Bool
  /// About how long each model runs.
  private let seconds: Double

  /// - Parameters:
  ///   - path: the model
  ///   - other: another that is measured in turn with it, so that what disturbs the machine disturbs both
  ///   - measuresPeak: whether to find out what the machine can do at most, too
  ///   - size: height and width for ONNX models that leave them free
  ///   - fusesRows: whether chains of layers are computed band by band, as they are when a model just runs
  package init(
    _ path: String, against other: String? = nil, measuresPeak: Bool, threads: Int, math: MathLibrary = .kernels,
    size: (height: Int, width: Int)? = nil, fusesRows: Bool = true, seconds: Double = 1.5
  ) {
    self.path = path
    self.other = other
    self.measuresPeak = measuresPeak
    self.threads = threads
    self.math = math
    self.size = size
    self.fusesRows = fusesRows
    self.seconds = seconds
  }

  package func run() throws(Refusal) -> BenchResult {
    var subjects = [try subject(path)]
    if let other { subjects.append(try subject(other)) }
    for subject in subjects { subject.warmUp() }
    let end = Machine.seconds() + seconds * Double(subjects.count)
    while subjects.contains(where: { $0.times.count < 10 })
      || (Machine.seconds() < end && subjects.contains { $0.times.count < 1000 })
    {
      for subject in subjects where subject.times.count < 1000 { subject.measure() }
    }
    for _ in 0..<20 {
      for subject in subjects { subject.measureLayers() }
    }
    let workers = Workers(threads: threads)
    let peaks: [BenchLayer.Precision: PeakRate] =
      measuresPeak ? [.float32: .float32(workers), .int8: .int8(workers)] : [:]
    return BenchResult(
      model: subjects[0].result(path), against: other.map { subjects[1].result($0) }, threads: threads,
      instructionSet: Machine.instructionSet, peaks: peaks, peakProcessBytes: Machine.peakProcessBytes)
  }

  /// A model made ready to run, and how long that takes at best: loading and preparing are repeated up to 20 times,
  /// for a third of the time they run.
  private func subject(_ path: String) throws(Refusal) -> Subject {
    var load = Double.infinity
    var prepare = Double.infinity
    var subject: Subject?
    let end = Machine.seconds() + seconds / 3
    for attempt in 0..<20 where attempt == 0 || Machine.seconds() < end {
      // Its memory goes before the next one's comes.
      subject = nil
      let start = Machine.seconds()
      let model = try LoadedModel(path: path, size: size)
      let loaded = Machine.seconds()
      let graph = try Preparation.executable(model)
      let plan = try Preparation.plan(graph, on: math, fusesRows: fusesRows)
      let executor = Executor(plan, workers: Workers(threads: threads))
      load = min(load, loaded - start)
      prepare = min(prepare, Machine.seconds() - loaded)
      subject = Subject(graph, executor)
    }
    guard let subject else { throw Refusal(.defect, file: path, reason: "nothing was measured") }
    subject.load = load
    subject.prepare = prepare
    return subject
  }
}

/// One of the models that are measured in turn.
private final class Subject {
  private let graph: Graph
  private let executor: Executor
  private let inputs: [Tensor]
  private var layers: [Double]
  private(set) var times: [Double] = []
  private var turns: [Double] = []
  var load = 0.0
  var prepare = 0.0

  init(_ graph: Graph, _ executor: Executor) {
    self.graph = graph
    self.executor = executor
    inputs = executor.plan.inputs.map { SelfTestInput.tensor($0.type) }
    layers = [Double](repeating: .infinity, count: executor.plan.steps.count)
  }

  /// Gives the model its inputs again: a run may have used their memory, and what it left there, read as numbers, need
  /// not take the time that numbers take.
  private func writeInputs() {
    for (index, input) in inputs.enumerated() { executor.write(input, toInput: index) }
  }

  func warmUp() {
    for _ in 0..<3 {
      writeInputs()
      executor.run()
    }
  }

  func measure() {
    // The other model has emptied the caches: the first run only fills them again.
    executor.run()
    var best = Double.infinity
    for _ in 0..<5 {
      writeInputs()
      let start = Machine.seconds()
      executor.run()
      let time = Machine.seconds() - start
      times.append(time)
      best = min(best, time)
    }
    turns.append(best)
  }

  func measureLayers() {
    executor.run()
    writeInputs()
    var start = Machine.seconds()
    executor.run { step, _ in
      let now = Machine.seconds()
      layers[step] = min(layers[step], now - start)
      start = now
    }
  }

  func result(_ name: String) -> BenchModel {
    let plan = executor.plan
    let sorted = times.sorted()
    var model = BenchModel(
      name: name, bestSeconds: sorted[0], medianSeconds: sorted[sorted.count / 2], runs: sorted.count,
      loadSeconds: load, prepareSeconds: prepare, memory: plan.memory,
      layers: zip(plan.steps, layers).map { step, seconds in
        let isInt8 = step.nodes.contains { node in
          graph[node]?.inputs.first?.map { graph.type(of: $0).element == .int8 } ?? false
        }
        return BenchLayer(
          name: step.name, op: step.operatorName, implementation: step.kernel.implementation,
          output: step.outputs.first?.type.shape ?? [], macs: step.work.macs, precision: isInt8 ? .int8 : .float32,
          bestSeconds: seconds, origins: step.nodes.flatMap { graph[$0]?.origins ?? [] })
      })
    model.turns = turns
    return model
  }
}
