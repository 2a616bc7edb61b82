import Metrics
package import Tensors
import Texts

/// The report of an earlier build, which fits that of a later one.
package struct Baseline: Sendable {
  let report: Report
  /// Both reports' answers to the same images; nil where one of them has none.
  let images: PairedImages?

  /// - Parameters:
  ///   - report: the earlier one
  ///   - current: the later one
  ///   - budget: what is to be compared
  ///   - files: what errors call the two
  ///   - allowsOtherModel: whether the model may have another name
  /// - Throws: where the two are not of one model, one data set, one task or the same classes, or do not tell of the
  ///   same images.
  package init(
    _ report: Report, of current: Report, _ budget: Budget, files: (baseline: String, current: String),
    allowsOtherModel: Bool = false
  ) throws(Refusal) {
    self.report = report
    func mismatch(_ what: String, _ own: String, _ other: String, _ remedy: String) -> Refusal {
      Refusal(
        file: files.current,
        reason: "\(what) \(Printable.name(own)), the baseline \(files.baseline) \(what) \(Printable.name(other))",
        remedy: remedy)
    }
    guard allowsOtherModel || report.source.file == current.source.file else {
      throw mismatch(
        "is of the model", current.source.file, report.source.file,
        "give the baseline of the same model, or --other-model to compare them all the same")
    }
    guard budget.changes.contains(where: { $0.limit.basis == .answers || $0.limit.estimate != nil }),
      let before = report.accuracy, let after = current.accuracy
    else {
      images = nil
      return
    }
    let again = "compile again with the same --eval data"
    guard before.data == after.data else {
      throw mismatch("was measured on", after.data.noun + "s", before.data.noun + "s", again)
    }
    guard before.task == after.task, before.positive == after.positive else {
      func task(_ accuracy: AccuracyReport) -> String {
        [accuracy.task?.rawValue ?? "not known", accuracy.positive.map { "(positive: \($0))" }]
          .compactMap(\.self).joined(separator: " ")
      }
      throw mismatch("has the task", task(after), task(before), "reports of one task are compared")
    }
    guard before.classes == after.classes else {
      throw mismatch(
        "has the classes", after.classes.joined(separator: ", "), before.classes.joined(separator: ", "),
        "reports of the same classes in the same order are compared")
    }
    let data = Baseline.data(report, before)
    let own = Baseline.data(current, after)
    guard data?.sha256 == own?.sha256 || data == nil || own == nil else {
      throw mismatch(
        "was measured on the data", "\(own?.sha256.prefix(12) ?? "")", "\(data?.sha256.prefix(12) ?? "")", again)
    }
    guard before.samples == after.samples else {
      throw mismatch("was measured on a number of images of", "\(after.samples)", "\(before.samples)", again)
    }
    for (old, new) in zip(before.compiled?.perClass ?? [], after.compiled?.perClass ?? []) {
      guard let old = old.sensitivityAtSpecificity?.specificity, let own = new.sensitivityAtSpecificity?.specificity,
        old != own
      else { continue }
      throw mismatch(
        "tells the sensitivity of \(new.name) at the specificity", "\(own)", "\(old)",
        "compile with the same --at-specificity")
    }
    images = try PairedImages(report, current, files)
  }

  /// The files that were measured on; nil where the report does not tell.
  private static func data(_ report: Report, _ accuracy: AccuracyReport) -> Report.DataSummary? {
    let data = accuracy.data == .labelled ? report.evaluationData : report.calibrationData
    return data.flatMap { $0.sha256.isEmpty ? nil : $0 }
  }
}
