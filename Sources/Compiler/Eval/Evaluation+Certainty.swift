import Answers
import DataSets
import Hashing
import Metrics
import Reports
import Tensors

extension Evaluation {
  /// How that proves which the bundle tells of how sure answers are; nil where it tells nothing of these. And what to
  /// warn of.
  func certainty(
    _ scored: Scored, _ decision: DecisionOutput, outputs: [[Float]]
  ) throws(Refusal) -> (report: UncertaintyReport?, warnings: [String]) {
    let (found, doubt) = try model.uncertainty(
      for: decision.meaning, overridesPreprocessing: scored.overridesPreprocessing)
    guard let found else { return (nil, doubt.map { [$0] } ?? []) }
    let (samples, used) = (scored.samples, scored.used)
    let distances = scored.model.distances.map { distances in used.compactMap { distances[$0] } }
    var report = UncertaintyReport(
      fitted: found.summary, data: Report.DataSummary(count: found.samples, sha256: found.data))
    report.measured = try CertaintyComparison(
      float: nil,
      compiled: found.outcomes(
        decision, runs: outputs, labels: used.map { samples.labels[$0] }, distances: distances),
      groups: samples.groups?.groups(of: used))
    report.classes = (0..<decision.meaning.classCount).map(samples.classes.className)
    let isSame = scored.data.map { $0.sha256 == found.data } ?? false
    let warning =
      "\(path): how sure answers are was fitted on these images, on which it looks better than it is: measure it on "
      + "others"
    return (report, isSame ? [warning] : [])
  }

  /// What to warn of where a folder that was divided is measured whole; to be asked once all samples were read.
  func undivided(_ data: LabelledData) throws(Refusal) -> String? {
    guard !isHeldOut, let stored = try model.storedUncertainty()?.found, let split = stored.split else { return nil }
    let set = data.loader.data
    let hashes = data.loader.contentHashes
    let fitted = Set(set.split(share: split.share, seed: split.seed).first.map { set.samples[$0].path })
    guard DataIdentity(hashes: fitted.compactMap { hashes[$0] }).sha256.hex == stored.data else { return nil }
    return "\(path): how sure answers are was fitted on a share of these images, on which it looks better than it is: "
      + "leave them out with --held-out"
  }

  /// Labelled samples without those that how sure answers are was fitted on, where these were a share of the folder.
  ///
  /// - Parameter warns: whether to say where it is another folder
  func heldOut(
    of data: LabelledData, _ binding: DataBinding, warns: Bool
  ) throws(Refusal) -> LabelledData {
    guard let stored = try model.storedUncertainty()?.found, let split = stored.split else {
      throw .usage(
        "--held-out: \(model.path) does not tell of a divided folder; dermc compile --calibrate-probabilities "
          + "split:0.5 --eval DIR makes a bundle that does")
    }
    guard split.group == data.groups?.column else {
      func by(_ column: String?) -> String { column.map { "by \($0)" } ?? "without groups" }
      throw Refusal(
        file: path, reason: "was divided \(by(split.group)), and is told \(by(data.groups?.column)) now",
        remedy: "give the same --table and --group")
    }
    let (fit, rest) = try binding.divided(data, split)
    guard warns else { return rest }
    try fit.loader.hashFiles()
    if fit.loader.summary.sha256 != stored.data {
      try observer.warn(
        "\(path): is not, file by file, the folder that was divided: images that how sure answers are was fitted on may "
          + "be among those measured", isStrict: isStrict)
    }
    return rest
  }
}
