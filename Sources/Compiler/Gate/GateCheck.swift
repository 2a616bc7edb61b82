import CanonicalJSON
package import Reports
import Tensors

/// What `dermc gate` does: holds a report against a budget, both read from files.
package struct GateCheck {
  private let report: String
  private let budget: String

  package init(_ report: String, budget: String) {
    self.report = report
    self.budget = budget
  }

  package func run() throws(Diagnostic) -> Gate {
    let measured: Report
    let bytes = try contents(of: report)
    do throws(JSONError) {
      measured = try Report(json: JSON(parsing: bytes))
    } catch {
      throw .refused("\(report): \(error)")
    }
    let limits = try contents(of: budget)
    do throws(JSONError) {
      return Gate(measured, try Budget(json: JSON(parsing: limits), name: budget))
    } catch {
      throw .refused("\(error)")
    }
  }

  private func contents(of path: String) throws(Diagnostic) -> [UInt8] {
    do throws(FileError) { return try MappedFile.contents(of: path) } catch { throw .refused("\(error)") }
  }
}
