import Answers
import DataSets
import Images
import Reports
import Runtime
import Tensors
import Threads

extension ChangedImages {
  /// The samples of a table on which both models decide otherwise.
  ///
  /// - Parameters:
  ///   - samples: of the table's rows, for thumbnails; nil for none
  init(_ table: PredictionTable, meaning: OutputMeaning, samples: [Sample]?) {
    let changed = table.rows.indices
      .compactMap { row in table.rows[row].float.map { (row: row, kind: Self.kind(table.rows[row], $0, meaning)) } }
      .filter { table.rows[$0.row].isChanged }
      .sorted { ($0.kind.rawValue, $0.row) < ($1.kind.rawValue, $1.row) }
    let images = changed.prefix(ChangedImages.limit).compactMap { row, kind -> Image? in
      let predicted = table.rows[row]
      guard let float = predicted.float else { return nil }
      let sample = samples.flatMap { $0.indices.contains(row) ? $0[row] : nil }
      return Image(
        file: predicted.file, kind: kind, labels: predicted.labels.map(table.classes.className),
        float: Self.decision(float, table), compiled: Self.decision(predicted.compiled, table),
        thumbnail: sample.flatMap(Self.thumbnail))
    }
    self.init(images: images, count: changed.count)
  }

  private static func kind(_ row: PredictionTable.Row, _ float: Answer, _ meaning: OutputMeaning) -> Kind {
    let (right, before, after) = (Set(row.labels), Set(float.decided), Set(row.compiled.decided))
    switch meaning.task {
    case .binary where right == before && right == [meaning.positive]: return .missed
    case .binary where right == before: return .falseAlarm
    // One label of several may be missed and another gained.
    case .multilabel where !right.intersection(before).isSubset(of: after): return .missed
    case .multilabel where !after.subtracting(right).isSubset(of: before): return .falseAlarm
    case .multilabel: return right == after ? .becameRight : .closer
    case .binary, .multiclass, .none: break
    }
    return right == after ? .becameRight : right == before ? .becameWrong : .bothWrong
  }

  private static func decision(_ answer: Answer, _ table: PredictionTable) -> Decision {
    Decision(
      names: answer.decided.map(table.classes.className),
      probabilities: answer.decided.map { answer.probabilities[$0] })
  }

  /// A small picture of an image file; nil of what is none, or is not there any more.
  private static func thumbnail(_ sample: Sample) -> [UInt8]? {
    guard SampleFormat(path: sample.path) == .image else { return nil }
    return try? sample.image().thumbnail()
  }
}

extension Latency {
  private static let runs = 20
  private static let seconds = 2.0

  /// Runs both models in turn on one thread, so that what disturbs the machine disturbs both: twenty times, or as often
  /// as two seconds allow, after one run that is not counted.
  init(float: Plan, compiled: Plan) {
    let executors = [float, compiled].map { Executor($0, workers: Workers(threads: 1)) }
    let inputs = executors.map { $0.plan.inputs.map { SelfTestInput.tensor($0.type) } }
    var best = [Double.infinity, .infinity]
    var runs = 0
    let end = Machine.seconds() + Latency.seconds
    for round in 0...Latency.runs where round < 2 || Machine.seconds() < end {
      for (model, executor) in executors.enumerated() {
        // A run may have used the memory of its inputs.
        for (index, input) in inputs[model].enumerated() { executor.write(input, toInput: index) }
        let start = Machine.seconds()
        executor.run()
        if round > 0 { best[model] = min(best[model], Machine.seconds() - start) }
      }
      runs = round
    }
    self.init(float: best[0], compiled: best[1], runs: runs, instructionSet: Machine.instructionSet)
  }
}
