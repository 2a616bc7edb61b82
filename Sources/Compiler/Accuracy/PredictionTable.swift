package import Answers
import CanonicalJSON
import DataSets
import Metrics
import Reports
package import Tensors
import Texts

/// What each model says of each sample, a line for each: what `--predictions` writes.
package struct PredictionTable: Sendable {
  package struct Row: Sendable {
    /// The sample's name below its folder.
    package let file: String
    /// The right class, or all right labels; empty where nothing is known or no label holds.
    package let labels: [Int]
    /// What the float model says; nil where one model is measured alone.
    package let float: Answer?
    package let compiled: Answer

    package init(file: String, labels: [Int], float: Answer?, compiled: Answer) {
      self.file = file
      self.labels = labels
      self.float = float
      self.compiled = compiled
    }

    /// Whether both models decide otherwise.
    package var isChanged: Bool { float.map { $0.decided != compiled.decided } ?? false }
  }

  package let classes: [String]
  package let rows: [Row]

  package init(classes: [String], rows: [Row]) {
    self.classes = classes
    self.rows = rows
  }

  /// The answers to labelled samples.
  ///
  /// - Parameters:
  ///   - used: the samples that could be read, in the order of the outputs
  ///   - float: what the float model's output means, and its outputs; nil where one model is measured alone
  ///   - compiled: the same of the compiled model, or of the one alone
  init(
    _ data: LabelledSamples, used: [Int], float: (decision: DecisionOutput, outputs: [[Float]])?,
    compiled: (decision: DecisionOutput, outputs: [[Float]])
  ) {
    let count = compiled.decision.meaning.classCount
    classes = data.classes + (min(data.classes.count, count)..<count).map { "\($0)" }
    rows = used.enumerated().map { position, sample in
      Row(
        file: data.names[sample], labels: data.labelSets?[sample] ?? [data.labels[sample]],
        float: float.map { $0.decision.meaning.answer($0.outputs[position]) },
        compiled: compiled.decision.meaning.answer(compiled.outputs[position]))
    }
  }

  /// The table as a report has it.
  ///
  /// - Parameter used: the samples that the rows are of
  func samples(of data: LabelledSamples, used: [Int]) -> AnsweredSamples {
    func answers(_ answers: [Answer]) -> AnsweredSamples.Answers {
      AnsweredSamples.Answers(decided: answers.map { $0.decided.sorted() }, probabilities: answers.map(\.probabilities))
    }
    let float = rows.compactMap(\.float)
    return AnsweredSamples(
      files: rows.map(\.file), labels: rows.map(\.labels),
      groups: data.groups?.groups(of: used).indices,
      columns: data.subgroups.map { column in
        SubgroupColumn(column.column, values: used.map { column.values[$0] })
      },
      float: float.count == rows.count ? answers(float) : nil, compiled: answers(rows.map(\.compiled)))
  }

  /// Refuses names of formats that cannot be written.
  package static func checkName(_ path: String) throws(Refusal) {
    guard path.hasSuffix(".csv") || path.hasSuffix(".json") else {
      throw .usage("--predictions \(path): expected a name ending in .csv or .json")
    }
  }

  /// Writes the table aside, in the format its name ends in, to be committed together with other files.
  package func stage(for path: String) throws(Refusal) -> StagedFile {
    let bytes = path.hasSuffix(".json") ? json.prettyBytes() : Array(csv.utf8)
    return try StagedFile(bytes, for: path)
  }

  private var hasReference: Bool { rows.contains { $0.float != nil } }

  /// Several labels stand between `|`.
  private func names(_ indices: [Int]) -> String { indices.map(classes.className).joined(separator: "|") }

  /// A header and a line for each sample, as RFC 4180 has it.
  var csv: String {
    let probabilities = classes.map { "p_\($0)" }
    var header = ["file", "label"]
    header += hasReference ? ["float", "compiled", "changed"] : ["decided"]
    header +=
      hasReference
      ? probabilities.map { "float_\($0)" } + probabilities.map { "compiled_\($0)" } : probabilities
    var text = CSVLine.make(header)
    for row in rows {
      var fields = [row.file, names(row.labels)]
      if let float = row.float {
        fields += [names(float.decided), names(row.compiled.decided), row.isChanged ? "1" : "0"]
        fields += float.probabilities.map { "\($0)" }
      } else {
        fields.append(names(row.compiled.decided))
      }
      text += CSVLine.make(fields + row.compiled.probabilities.map { "\($0)" })
    }
    return text
  }

  var json: JSON {
    .object([
      "classes": .strings(classes),
      "predictions": .array(
        rows.map { row in
          var object: JSONObject = [
            "file": .string(row.file), "labels": .strings(row.labels.map(classes.className)),
            "compiled": json(row.compiled),
          ]
          if let float = row.float {
            object["float"] = json(float)
            object["changed"] = .bool(row.isChanged)
          }
          return .object(object)
        }),
    ])
  }

  private func json(_ answer: Answer) -> JSON {
    ["decided": .strings(answer.decided.map(classes.className)), "probabilities": .doubles(answer.probabilities)]
  }
}
