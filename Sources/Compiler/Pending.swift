import CanonicalJSON
import Reports

enum EvaluationText {
  static func make(_ a: ModelAccuracy, samples: Int) -> String { "\(a.top1 ?? 0) \(a.macroF1 ?? 0)\n" }
  static func make(_ a: AccuracyReport) -> String { String(decoding: a.json.prettyBytes(), as: UTF8.self) }
}
