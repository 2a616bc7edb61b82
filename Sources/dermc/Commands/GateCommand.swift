import ArgumentParser
import CanonicalJSON
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
    let checked: Report
    let limits: Budget
    do {
      checked = try Report(json: read(report))
    } catch let error as JSONError {
      throw Diagnostic.refused("\(report): \(error)")
    }
    do {
      limits = try Budget(json: read(budget), name: budget)
    } catch let error as JSONError {
      throw Diagnostic.refused("\(error)")
    }
    let gate = Gate(checked, limits)
    if !common.quiet { Console.text(gate.text) }
    guard gate.passes else { throw Diagnostic(.failed, "\(report): the budget is broken") }
  }

  private func read(_ path: String) throws -> JSON {
    do {
      return try JSON(parsing: MappedFile.contents(of: path))
    } catch let error as FileError {
      throw Diagnostic.refused("\(error)")
    }
  }
}
