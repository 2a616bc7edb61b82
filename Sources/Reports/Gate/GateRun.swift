/// Reports that were held against budgets.
package struct GateRun: Sendable {
  package struct Item: Sendable {
    /// The files, as they were named.
    package let report: String
    package let budget: String
    package let baseline: String?
    /// The name of the source model.
    package let model: String
    package let gate: Gate

    package init(report: String, model: String, budget: String, baseline: String?, gate: Gate) {
      self.report = report
      self.model = model
      self.budget = budget
      self.baseline = baseline
      self.gate = gate
    }
  }

  /// The version that checks.
  package let dermc: String
  package let items: [Item]

  package init(dermc: String, items: [Item]) {
    self.dermc = dermc
    self.items = items
  }

  package var passes: Bool { items.allSatisfy(\.gate.passes) }
  /// The reports whose budgets are broken.
  package var broken: [Item] { items.filter { !$0.gate.passes } }
}
