import CanonicalJSON
package import Reports
package import Tensors

/// What `dermc gate` does: holds a report against a budget, both read from files.
package struct GateCheck {
  private let report: String
  private let budget: String

  package init(_ report: String, budget: String) {
    self.report = report
    self.budget = budget
  }

  package func run() throws(Refusal) -> Gate {
    let measured: Report
    let bytes = try MappedFile.contents(of: report)
    do throws(JSONError) {
      measured = try Report(json: JSON(parsing: bytes))
    } catch {
      throw Refusal(file: report, reason: "\(error)")
    }
    let limits = try MappedFile.contents(of: budget)
    do throws(JSONError) {
      return Gate(measured, try Budget(json: JSON(parsing: limits), name: budget))
    } catch {
      throw Refusal("\(error)")
    }
  }
}
