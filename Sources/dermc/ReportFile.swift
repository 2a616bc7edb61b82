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
        throw Diagnostic.usage("--report \(path): expected a name ending in .json, .md or .html")
      }
      return ReportFile(path: path, format: format)
    }
  }

  func write(_ report: Report) throws {
    let bytes: [UInt8] =
      switch format {
      case .json: report.json.prettyBytes()
      case .md: Array(MarkdownReport.make(report).utf8)
      case .html: Array(HTMLReport.make(report).utf8)
      }
    do throws(FileError) {
      try OutputFile.write(bytes, to: path)
    } catch {
      throw Diagnostic.refused("\(error)")
    }
  }
}
