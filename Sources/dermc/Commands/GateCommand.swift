import ArgumentParser
import Compiler
import Reports
import Tensors

struct GateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gate",
    abstract: "Check reports against a budget, and against an earlier build; exit 1 when it is broken.",
    discussion: """
      The keys of a budget are listed in docs/json.md; --init writes one that a report just keeps. Limits under
      "against_baseline" say how much worse figures may be than those of the report that --baseline names: of the same
      model, measured on the same images. Reports that were compiled with --report-predictions are compared image by
      image.

      Formats: \(GateFormat.all.map { "\($0.name) (\($0.summary))" }.joined(separator: ", ")).

      EXAMPLES
        dermc gate model.report.json --init > budget.json
        dermc gate model.report.json --budget budget.json
        dermc gate model.report.json --budget budget.json --baseline released/model.report.json
        dermc gate a.report.json b.report.json --budget budget.json --format github --write junit=gate.xml
        dermc gate model.report.json --budget budget.json --baseline released/model.report.json --bench --threads 1
      """)

  @Argument(help: "Reports that dermc compile wrote (.json).")
  var reports: [String]

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("The budget: a JSON file. Given once for all reports, or once for each.", valueName: "file"))
  var budget: [String] = []

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

  @Option(help: "How to print the outcome; text unless given.")
  var format: GateFormat?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Also write the outcome to a file, as junit=gate.xml. May be given several times.", valueName: "format=file"))
  var write: [String] = []

  @Flag(name: .customLong("init"), help: "Print a budget that the report keeps, with comments; check nothing.")
  var drafts = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    if drafts { return try draft() }
    guard !budget.isEmpty else {
      throw Refusal.usage("--budget FILE is missing; dermc gate \(reports[0]) --init > budget.json makes one")
    }
    guard !otherModel || !baseline.isEmpty else { throw Refusal.usage("--other-model: needs --baseline REPORT") }
    let files = try write.map(GateCommand.file)
    try Outputs.check(files.map(\.path), inputs: reports + budget + baseline)
    var check = GateCheck(reports, budgets: budget, baselines: baseline)
    check.allowsOtherModel = otherModel
    if bench { check.timingThreads = try common.threadCount() }
    let run = try check.run()
    try StagedFile.commit(
      files.map { file throws(Refusal) in
        try StagedFile(Array(file.format.make(run).utf8), for: file.path)
      })
    if format != nil || !common.quiet { Console.text((format ?? .text).make(run)) }
    if ([format].compactMap(\.self) + files.map(\.format)).contains(where: { $0.name == GateFormat.github.name }) {
      try StepSummary.add(GateFormat.markdown.make(run))
    }
    guard let first = run.broken.first else { return }
    let others = run.broken.count - 1
    throw Refusal(
      .failed, file: first.report,
      reason: "the budget is broken" + (others > 0 ? ", and of \(Figures.count(others, "other report"))" : ""))
  }

  /// `FORMAT=FILE`
  private static func file(_ text: String) throws(Refusal) -> (format: GateFormat, path: String) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, let format = GateFormat.named(parts[0]) else {
      let names = GateFormat.all.map(\.name).joined(separator: ", ")
      throw .usage("--write \(text): expected FORMAT=FILE, as junit=gate.xml; formats are \(names)")
    }
    return (format, parts[1])
  }

  private func draft() throws(Refusal) {
    guard reports.count == 1 else { throw .usage("--init: takes one report, not \(reports.count)") }
    guard budget.isEmpty, baseline.isEmpty, write.isEmpty, format == nil, !bench, !otherModel else {
      throw .usage("--init: writes a budget to standard output and takes nothing but a report")
    }
    Console.json(try BudgetDraft.make(GateCheck.report(reports[0])))
  }
}
