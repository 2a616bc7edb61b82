import ArgumentParser
import Compiler
import Reports
import Tensors

struct GateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gate",
    abstract: "Check a report against a budget; exit 1 when it is broken.",
    discussion: """
      The keys of a budget are listed in docs/json.md.

      EXAMPLES
        dermc gate model.report.json --budget budget.json
      """)

  @Argument(help: "A report that dermc compile wrote (.json).")
  var report: String

  @Option(help: ArgumentHelp("The budget: a JSON file.", valueName: "file"))
  var budget: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    let gate = try GateCheck(report, budget: budget).run()
    if !common.quiet { Console.text(gate.text) }
    guard gate.passes else { throw Refusal(.failed, file: report, reason: "the budget is broken") }
  }
}
