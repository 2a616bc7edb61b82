import ArgumentParser
import Compiler
import Reports
import Tensors

struct GateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gate",
    abstract: "Check reports against a budget, and against an earlier build; exit 1 when it is broken.",
    discussion: """
      The keys of a budget are listed in docs/json.md. Limits under "against_baseline" say how much worse figures may be
      than those of the report that --baseline names: of the same model, measured on the same images. Reports that were
      compiled with --report-predictions are compared image by image.

      EXAMPLES
        dermc gate model.report.json --budget budget.json
        dermc gate model.report.json --budget budget.json --baseline released/model.report.json
        dermc gate a.report.json b.report.json --budget budget.json
        dermc gate model.report.json --budget budget.json --baseline released/model.report.json --bench --threads 1
      """)

  @Argument(help: "Reports that dermc compile wrote (.json).")
  var reports: [String]

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("The budget: a JSON file. Given once for all reports, or once for each.", valueName: "file"))
  var budget: [String]

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "The report of an earlier build to compare with. Given once for all reports, or once for each.",
      valueName: "report"))
  var baseline: [String] = []

  @Flag(help: "Compare with a baseline of another model all the same.")
  var otherModel = false

  @Flag(help: "Time the bundles beside the reports, in turn with the baseline's, for limits on latency.")
  var bench = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    guard !otherModel || !baseline.isEmpty else { throw Refusal.usage("--other-model: needs --baseline REPORT") }
    var check = GateCheck(reports, budgets: budget, baselines: baseline)
    check.allowsOtherModel = otherModel
    if bench { check.timingThreads = try common.threadCount() }
    let run = try check.run()
    if !common.quiet { Console.text(GateText.make(run)) }
    guard let first = run.broken.first else { return }
    let others = run.broken.count - 1
    throw Refusal(
      .failed, file: first.report,
      reason: "the budget is broken" + (others > 0 ? ", and of \(Figures.count(others, "other report"))" : ""))
  }
}
