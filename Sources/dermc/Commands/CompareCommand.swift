import ArgumentParser
import Compiler
import Reports
import Tensors

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract:
      "Compare builds of a model by their reports: sizes, accuracy by class, images that are decided otherwise.",
    discussion: """
      Each report is compared with the first, as dermc gate --baseline does: image by image where both were compiled with
      --report-predictions. A star marks changes that chance does not explain.

      EXAMPLES
        dermc compare released/model.report.json model.report.json
        dermc compare a.report.json b.report.json c.report.json --report builds.html
      """)

  @Argument(help: "Reports that dermc compile wrote (.json): two or more, the oldest first.")
  var reports: [String]

  @Flag(help: "Compare with reports of another model all the same.")
  var otherModel = false

  @Flag(help: "Time the bundles beside the reports, each in turn with the first.")
  var bench = false

  @Flag(help: "Print JSON.")
  var json = false

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Also write it here: .json, .md or .html by the name's ending.", valueName: "file"))
  var report: [String] = []

  @OptionGroup var common: CommonOptions

  func run() throws {
    let files = try ReportFile.all(report)
    try Outputs.check(files.map(\.path), inputs: reports)
    let comparison = try GateCheck.compare(
      reports, allowsOtherModel: otherModel, timingThreads: bench ? try common.threadCount() : nil)
    try StagedFile.commit(files.map { file throws(Refusal) in try file.stage(comparison) })
    if json {
      Console.json(comparison.json)
    } else if !common.quiet {
      Console.text(CompareText.make(comparison))
    }
  }
}
