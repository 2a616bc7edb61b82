package import CanonicalJSON
import IR
import Math
import Reports
import Runtime
import Tensors

/// What `dermc bench` measures: latency of one inference, batch 1.
package struct Benchmark: Sendable {
  package struct Layer: Sendable {
    package let name: String
    package let op: String
    package let implementation: String
    package let output: [Int]
    package let macs: Int
    package let bestSeconds: Double
  }

  package let bestSeconds: Double
  package let medianSeconds: Double
  package let runs: Int
  package let threads: Int
  package let layers: [Layer]
  package let arenaBytes: Int
  package let packedBytes: Int

  /// Runs a model for about `seconds`, at least 10 and at most 1,000 times, after a warm-up.
  package init(
    _ model: LoadedModel, threads: Int, math: MathLibrary = .kernels, seconds: Double = 1.5
  ) throws(Diagnostic) {
    let plan = try Preparation.plan(Preparation.executable(model), on: math, fusesRows: true)
    let executor = Executor(plan, workers: Workers(threads: threads))
    func prepare() {
      for index in 0..<executor.inputCount {
        executor.write(SelfTestInput.tensor(plan.inputs[index].type), toInput: index)
      }
    }
    prepare()
    for _ in 0..<3 { executor.run() }
    var times: [Double] = []
    let end = Machine.seconds() + seconds
    while times.count < 10 || (Machine.seconds() < end && times.count < 1000) {
      let start = Machine.seconds()
      executor.run()
      times.append(Machine.seconds() - start)
    }
    times.sort()
    bestSeconds = times[0]
    medianSeconds = times[times.count / 2]
    runs = times.count
    self.threads = threads
    arenaBytes = plan.arenaBytes
    packedBytes = plan.packedBytes
    layers = Benchmark.measureLayers(plan, executor)
  }

  private static func measureLayers(_ plan: Plan, _ executor: Executor) -> [Layer] {
    var best = [Double](repeating: .infinity, count: plan.steps.count)
    for _ in 0..<20 {
      var start = Machine.seconds()
      executor.run { step, _ in
        let now = Machine.seconds()
        best[step] = min(best[step], now - start)
        start = Machine.seconds()
      }
    }
    return zip(plan.steps, best).map { step, seconds in
      Layer(
        name: step.name, op: step.operatorName, implementation: step.kernel.implementation,
        output: step.outputs.first?.type.shape ?? [], macs: step.work.macs, bestSeconds: seconds)
    }
  }

  package var json: JSON {
    .object([
      "best_ms": .double(bestSeconds * 1e3), "median_ms": .double(medianSeconds * 1e3), "runs": .int(runs),
      "threads": .int(threads), "isa": .string(Machine.instructionSet), "arena_bytes": .int(arenaBytes),
      "packed_bytes": .int(packedBytes),
      "layers": .array(
        layers.map { layer in
          .object([
            "name": .string(layer.name), "op": .string(layer.op), "implementation": .string(layer.implementation),
            "output": .ints(layer.output), "macs": .int(layer.macs), "best_ms": .double(layer.bestSeconds * 1e3),
            "gmacs_per_second": .double(layer.bestSeconds > 0 ? Double(layer.macs) / layer.bestSeconds / 1e9 : 0),
          ])
        }),
    ])
  }
}

extension Benchmark {
  /// The figures for people.
  package func text(title: String, perLayer: Bool) -> String {
    var lines = [
      "\(Printable.name(title, limit: 200)): best \(Figures.decimal(bestSeconds * 1e3, 3)) ms, "
        + "median \(Figures.decimal(medianSeconds * 1e3, 3)) ms of \(runs) runs, \(threads) thread\(threads == 1 ? "" : "s"), \(Machine.instructionSet)"
    ]
    if perLayer {
      let total = layers.reduce(0) { $0 + $1.bestSeconds }
      var table = TextTable([
        ("layer", .left), ("operator", .left), ("kernel", .left), ("output", .left), ("us", .right), ("share", .right),
        ("GMAC/s", .right),
      ])
      for layer in layers {
        table.add([
          Printable.name(layer.name, limit: 48), layer.op, layer.implementation, Figures.shape(layer.output),
          Figures.decimal(layer.bestSeconds * 1e6, 1), Figures.percent(total > 0 ? layer.bestSeconds / total : 0),
          layer.macs > 0 ? Figures.decimal(Double(layer.macs) / layer.bestSeconds / 1e9, 1) : "",
        ])
      }
      lines += table.lines(indent: 2)
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
