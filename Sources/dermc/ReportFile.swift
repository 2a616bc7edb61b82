import CanonicalJSON
import Compiler
import Reports
import Tensors

/// A report in the form its file's ending names.
struct ReportFile {
  let path: String
  private let format: Format

  private enum Format: String, CaseIterable { case json, md, html }

  /// The files for some paths, each once; other endings are refused before any work is done.
  static func all(_ paths: [String]) throws -> [ReportFile] {
    var seen: Set<String> = []
    return try paths.filter { seen.insert($0).inserted }.map { path in
      guard let format = Format.allCases.first(where: { path.hasSuffix(".\($0.rawValue)") }) else {
        throw Refusal.usage("--report \(path): expected a name ending in .json, .md or .html")
      }
      return ReportFile(path: path, format: format)
    }
  }

  /// Whether it shows pictures.
  var showsPictures: Bool { format == .html }

  /// Whether it shows what is not in `model.report.json`.
  var isForPeople: Bool { format != .json }

  /// Writes the report aside, to be committed together with other files.
  func stage(_ report: Report, _ illustrations: ReportIllustrations) throws(Refusal) -> StagedFile {
    try stage(
      json: report.json, markdown: MarkdownReport.make(report, illustrations),
      html: HTMLReport.make(report, illustrations))
  }

  func stage(_ analysis: AnalysisReport) throws(Refusal) -> StagedFile {
    try stage(
      json: analysis.json, markdown: MarkdownReport.make(analysis),
      html: HTMLReport.make(analysis, dermc: Provenance.version))
  }

  func stage(_ comparison: BuildComparison) throws(Refusal) -> StagedFile {
    try stage(
      json: comparison.json, markdown: MarkdownReport.make(comparison),
      html: HTMLReport.make(comparison, dermc: Provenance.version))
  }

  private func stage(
    json: @autoclosure () -> JSON, markdown: @autoclosure () -> String, html: @autoclosure () -> String
  ) throws(Refusal) -> StagedFile {
    let bytes: [UInt8] =
      switch format {
      case .json: json().prettyBytes()
      case .md: Array(markdown().utf8)
      case .html: Array(html().utf8)
      }
    return try StagedFile(bytes, for: path)
  }
}
