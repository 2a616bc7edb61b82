import Answers
import DataSets
import IR
import Reports
import Tensors

/// The images of a folder, with labels where it has some that the model can be held against.
struct DoctorData: Sendable {
  let decision: DecisionOutput
  /// Class names: those given, or the data's; nil where none are known or they are only numbers.
  let names: [String]?
  let isLabelled: Bool
  /// Why labels that the data have are not used.
  let remark: String?
  private let samples: [Sample]

  /// - Parameter names: class names in the model's order, where they are known
  init(
    _ path: String, model: LoadedModel, names: [String]?, answer: AnswerSettings, table: TableOptions, usesLabels: Bool
  ) throws(Refusal) {
    let inputs = ModelInputs(model.graph.type(of: model.graph.inputs[0]))
    // Whether labels exclude each other is known without their names.
    let hasSets = try DecisionOutput(model, answer, labels: names).meaning.task == .multilabel
    let labelled = try refusing(model) { () throws(Refusal) -> SampleSet? in
      guard usesLabels, !hasSets, try SampleFolder.hasLabels(path, options: table) else { return nil }
      return try SampleFolder.labelled(at: path, classes: names, inputs: inputs, options: table)
    }
    var found = labelled?.samples ?? []
    if labelled == nil {
      found = try refusing(model) { () throws(Refusal) in
        try SampleFolder.samples(at: path, inputs: inputs).samples
      }
    }
    samples = found.filter { SampleFormat(path: $0.path) == .image }
    guard !samples.isEmpty else {
      throw Refusal(file: path, reason: "holds tensors only, and how images become inputs is tried on images")
    }
    let classes = labelled?.classes ?? []
    let isNumbered = classes.allSatisfy { Int($0) != nil }
    decision = try DecisionOutput(model, answer, labels: names ?? (isNumbered ? nil : classes))
    let count = decision.meaning.classCount
    if let names, count > 0, names.count != count {
      throw Refusal(
        file: model.path, reason: "decides among \(count) classes, there are \(names.count) class names (--labels)")
    }
    let highest = samples.reduce(0) { max($0, $1.label ?? 0) }
    isLabelled = labelled != nil && highest < count && (names != nil || isNumbered || classes.count == count)
    self.names = names ?? (isLabelled && !isNumbered ? classes : nil)
    let decided = count == 0 ? "the model decides nothing" : "the model decides among \(count)"
    remark =
      labelled == nil || isLabelled
      ? nil
      : "labels are not used: the data have \(Figures.count(classes.count, "class", plural: "classes")), \(decided)"
  }

  /// Images to look at: as many of each class as there are, up to an equal share; the same choice everywhere.
  func choose(_ count: Int, seed: UInt64) -> [Sample] {
    guard isLabelled else {
      return SampleSelection.choose(count, of: samples.count, seed: seed).map { samples[$0] }
    }
    let classes = Dictionary(grouping: samples.indices) { samples[$0].label ?? 0 }.sorted { $0.key < $1.key }
    var quotas = [Int](repeating: 0, count: classes.count)
    var left = min(count, samples.count)
    while left > 0 {
      let open = classes.indices.filter { quotas[$0] < classes[$0].value.count }
      // Fewer than there are classes left: a seeded choice of them.
      let chosen = SampleSelection.choose(left, of: open.count, seed: seed).map { open[$0] }
      for index in chosen { quotas[index] += 1 }
      left -= chosen.count
    }
    return zip(classes, quotas).flatMap { entry, quota in
      SampleSelection.choose(quota, of: entry.value.count, seed: seed).map { samples[entry.value[$0]] }
    }
  }
}
