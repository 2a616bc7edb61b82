package import CanonicalJSON
import DataSets
import Metrics
import NumPyFiles
import Reports
import Runtime
package import Tensors
import Texts

/// What `dermc run` does: a model's outputs on some samples, and their best classes.
package struct Predictions: Sendable {
  /// One sample's outputs.
  package struct Row: Sendable {
    package let name: String
    package let values: [Float]
  }

  package let rows: [Row]
  /// The shape of all outputs in one tensor.
  private let shape: [Int]
  private let labels: [String]?

  /// - Parameter isStrict: whether to refuse what there is to warn of, such as samples that cannot be read
  package init(
    _ model: LoadedModel, on path: String, settings: DataSettings, threads: Int, math: MathLibrary, isStrict: Bool,
    observer: any WorkObserver
  ) throws(Diagnostic) {
    let binding = try DataBinding(model, settings: settings)
    let loader = try binding.unlabelled(at: path)
    try observer.warn(binding.assumption(for: [loader]), isStrict: isStrict)
    let plan = try Preparation.plan(Preparation.executable(model), on: math, fusesRows: true)
    observer.note(plan, threads: threads)
    observer.begin("Running", count: loader.count)
    let outputs = Inference.run(
      plan, on: loader, samples: Array(0..<loader.count), threads: threads
    ) { observer.advance() }
    observer.end()
    // What ends the work names the sample itself, so there is no need for a warning before.
    guard outputs.contains(where: { $0 != nil }) else {
      throw loader.count == 1
        ? .refused(loader.skipped.first ?? "\(path): could not be used") : loader.nothingReadable(path)
    }
    try observer.report(loader, isStrict: isStrict)
    let outputRows = binding.outputRows
    shape = outputRows.shape(runs: outputs.count { $0 != nil })
    labels = binding.labels
    rows = zip(loader.samples, outputs).flatMap { sample, values in
      let batch = outputRows.batch
      return (values.map(outputRows.rows) ?? []).enumerated().map { index, values in
        Row(name: batch == 1 ? sample.name : "\(sample.name)[\(sample.index * batch + index)]", values: values)
      }
    }
  }

  /// Writes the outputs as one float32 tensor: that of the model for one input, else joined or stacked along the first
  /// dimension.
  package func write(to path: String) throws(FileError) {
    try NumPyFile.write(Tensor(rows.flatMap(\.values), shape: shape), to: path)
  }

  /// The best classes of a sample, with their probabilities.
  ///
  /// These are a softmax where outputs are not probabilities already; a single output has none.
  private func best(_ row: Row, _ top: Int) -> [(label: String, probability: Double?, index: Int)] {
    let probabilities = (try? Scores(rows: [row.values]))?.probabilities()
    let scores = probabilities ?? row.values.map(Double.init)
    let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
    return order.prefix(top).map { index in
      let label = labels.flatMap { $0.indices.contains(index) ? $0[index] : nil } ?? "\(index)"
      return (label, probabilities?[index], index)
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
    let top = min(top, rows.first?.values.count ?? 0)
    var table = TextTable([("", .left)] + (0..<top).flatMap { _ in [("", .left), ("", .right)] })
    for row in rows {
      let cells = best(row, top).flatMap { best in
        let figure = best.probability.map { Figures.percent($0) } ?? Figures.decimal(Double(row.values[best.index]), 4)
        return [Printable.name(best.label), figure]
      }
      table.add([Printable.name(row.name, limit: 200)] + cells)
    }
    return table.lines(indent: 0).joined(separator: "\n") + "\n"
  }
}
