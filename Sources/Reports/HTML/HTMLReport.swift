/// The report as one page that needs nothing else: no scripts, no fonts, no files beside it.
package enum HTMLReport {
  package static func make(
    _ report: Report, _ illustrations: ReportIllustrations = ReportIllustrations()
  ) -> String {
    HTMLPage.write(Document(report, illustrations), generator: "dermc \(report.dermc)")
  }

  /// - Parameter dermc: the version that compared
  package static func make(_ comparison: BuildComparison, dermc: String) -> String {
    HTMLPage.write(Document(comparison), generator: "dermc \(dermc)")
  }

  /// - Parameter dermc: the version that analysed
  package static func make(_ analysis: AnalysisReport, dermc: String) -> String {
    HTMLPage.write(Document(analysis), generator: "dermc \(dermc)")
  }
}
