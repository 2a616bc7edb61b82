package import Answers
package import CanonicalJSON
import NumPyFiles
import Reports
package import Tensors
import Texts

/// A model's outputs on some samples, and what they say.
package struct Predictions: Sendable {
  /// One sample's outputs.
  package struct Row: Sendable {
    package let name: String
    package let values: [Float]
    package let answer: Answer
    /// How sure it is; nil where the bundle does not tell.
    package let certainty: Certainty?
  }

  package let rows: [Row]
  let decision: DecisionOutput
  /// The shape of all outputs in one tensor.
  let shape: [Int]
  let labels: [String]?
  /// Where the model looked, for each row; empty where that is not asked for.
  let explanations: [Explanation]

  /// Writes the outputs as one float32 tensor: that of the model for one input, else joined or stacked along the first
  /// dimension.
  package func write(to path: String) throws(Refusal) {
    try NumPyFile.write(Tensor(rows.flatMap(\.values), shape: shape), to: path)
  }

  private func label(_ index: Int) -> String { (labels ?? []).className(index) }

  /// The classes to show: of a binary model the one decided for first, else the most probable ones; of a model that
  /// decides nothing its first numbers.
  private func shown(_ row: Row, _ top: Int) -> [Int] {
    switch decision.meaning.task {
    case .none: Array(row.values.indices.prefix(top))
    case .binary: Array((row.answer.decided + row.answer.decided.map { 1 - $0 }).prefix(top))
    case .multiclass, .multilabel: Array(row.answer.ranking.prefix(top))
    }
  }

  private func probability(_ row: Row, _ index: Int) -> Double? {
    row.answer.probabilities.isEmpty ? nil : row.answer.probabilities[index]
  }

  package func json(top: Int) -> JSON {
    .array(
      rows.enumerated().map { index, row in
        var object: JSONObject = [
          "input": .string(row.name),
          "task": .string(decision.meaning.task.rawValue),
          "decided": .strings(row.answer.decided.map(label)),
          "top": .array(
            shown(row, top).map {
              .object([
                "class": .string(label($0)), "index": .int($0), "probability": .finite(probability(row, $0)),
              ])
            }),
          "output": .array(row.values.map { JSON.finite(Double($0)) }),
        ]
        if let certainty = row.certainty { object["certainty"] = json(certainty) }
        if explanations.indices.contains(index) { object["explanation"] = explanations[index].json }
        return .object(object)
      })
  }

  private func json(_ certainty: Certainty) -> JSON {
    var object: JSONObject = [
      "abstains": .bool(certainty.abstains), "why": .strings(certainty.reasons.map(\.text)),
      "set": .strings(certainty.set.map(label)), "confidence": .finite(Double(certainty.confidence)),
      "energy": .finite(certainty.energy.map { Double($0) }),
      "probabilities": .array(certainty.probabilities.map { JSON.finite($0) }),
    ]
    if let distance = certainty.distance { object["distance"] = .finite(Double(distance)) }
    return .object(object)
  }

  /// The calibrated probability of the class decided for, the set, and whether to take the answer.
  private func cells(_ certainty: Certainty, _ answer: Answer) -> [String] {
    let calibrated = answer.decided.first.map { Figures.percent(certainty.probabilities[$0]) } ?? ""
    let set = certainty.set.map { Printable.name(label($0)) }.joined(separator: ", ")
    return [
      "calibrated \(calibrated)", "set {\(set)}", certainty.abstains ? "abstains: \(certainty.why)" : "answers",
    ]
  }

  /// A line for each sample.
  package func text(top: Int) -> String {
    let isMultiLabel = decision.meaning.task == .multilabel
    let count = rows.map { shown($0, top).count }.max() ?? 0
    let columns: [(String, TextTable.Alignment)] = [("", .left), ("", .right)] + (isMultiLabel ? [("", .left)] : [])
    let certain: [(String, TextTable.Alignment)] =
      rows.contains { $0.certainty != nil } ? [("", .left), ("", .left), ("", .left)] : []
    var table = TextTable([("", .left)] + (0..<count).flatMap { _ in columns } + certain)
    for row in rows {
      let cells = shown(row, top).flatMap { index in
        let figure =
          probability(row, index).map { Figures.percent($0) } ?? Figures.decimal(Double(row.values[index]), 4)
        return [Printable.name(label(index)), figure]
          + (isMultiLabel ? [row.answer.decided.contains(index) ? "yes" : "no"] : [])
      }
      let rest = row.certainty.map { self.cells($0, row.answer) } ?? []
      table.add([Printable.name(row.name, limit: 200)] + cells + rest)
    }
    let maps = zip(rows, explanations).map { $1.text($0.name) }
    return (table.lines(indent: 0) + maps).joined(separator: "\n") + "\n"
  }
}
