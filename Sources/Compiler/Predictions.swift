package import CanonicalJSON
import DataSets
import Metrics
import NumPyFiles
import Reports
import Runtime
package import Tensors

/// What `dermc run` does: a model's outputs on some samples, and their best classes.
package struct Predictions: Sendable {
  /// One sample's outputs.
  package struct Row: Sendable {
    package let name: String
    package let values: [Float]
  }

  package let rows: [Row]
  /// Samples that could not be read.
  package let problems: [String]
  private let shape: [Int]
  private let labels: [String]?

  package init(
    _ model: LoadedModel, on path: String, settings: DataSettings, threads: Int
  ) throws(Diagnostic) {
    let binding = try DataBinding(model, settings: settings)
    let loader = try binding.unlabelled(at: path)
    let plan = try Preparation.plan(Preparation.executable(model))
    let samples = Array(loader.samples.indices)
    let isSingle = samples.count == 1
    let outputs =
      isSingle
      ? Inference.runOne(plan, on: loader, sample: 0, threads: threads)
      : Inference.run(plan, on: loader, samples: samples, threads: threads)
    rows = samples.compactMap { index in outputs[index].map { Row(name: loader.samples[index].name, values: $0) } }
    problems = loader.problems.map { "\($0.sample.path): \($0.reason)" }
    guard !rows.isEmpty else { throw .refused(problems.first ?? "\(path): holds no samples") }
    labels = binding.labels
    shape = Array(plan.outputs[0].type.shape.dropFirst())
  }

  /// Writes the outputs as one float32 tensor [samples, ...].
  package func write(to path: String) throws(FileError) {
    try NumPyFile.write(Tensor(rows.flatMap(\.values), shape: [rows.count] + shape), to: path)
  }

  /// The best classes of every sample with their probabilities (a softmax where outputs are not probabilities already).
  private func best(_ row: Row, _ top: Int) -> [(label: String, probability: Double, index: Int)] {
    let probabilities = (try? Scores(rows: [row.values]))?.probabilities() ?? row.values.map(Double.init)
    let order = probabilities.indices.sorted { (probabilities[$1], $0) < (probabilities[$0], $1) }
    return order.prefix(top).map { index in
      let label = labels.flatMap { $0.indices.contains(index) ? $0[index] : nil } ?? "\(index)"
      return (label, probabilities[index], index)
    }
  }

  package func json(top: Int) -> JSON {
    .array(
      rows.map { row in
        .object([
          "input": .string(row.name),
          "top": .array(
            best(row, top).map {
              .object(["class": .string($0.label), "index": .int($0.index), "probability": .finite($0.probability)])
            }),
          "output": .array(row.values.map { JSON.finite(Double($0)) }),
        ])
      })
  }

  package func text(top: Int) -> String {
    var table = TextTable([("", .left)] + (0..<top).flatMap { _ in [("", .left), ("", .right)] })
    for row in rows {
      let cells = best(row, top).flatMap { [$0.label, Figures.percent($0.probability)] }
      table.add([row.name] + cells + [String](repeating: "", count: 2 * top - cells.count))
    }
    return table.lines(indent: 0).joined(separator: "\n") + "\n"
  }
}
