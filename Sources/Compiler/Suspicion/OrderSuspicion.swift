package import Metrics
import Reports
import Texts

/// Classes in another order than the model's outputs.
package enum OrderSuspicion {
  /// An order is better where it is in top-1, and balanced accuracy gains this.
  private static let leastGain = 0.05

  /// Of several classes: another order fits the model's answers far better.
  ///
  /// It is not enough to gain: a model that gives one answer for everything fits best where that stands for the
  /// commonest class, and no better than it.
  ///
  /// - Parameter confusion: samples by right class (row) and answered class (column)
  package static func sentence(confusion: [[Int]], classes: [String]) -> String? {
    guard let order = better(confusion: confusion, classes: classes), classes.count == confusion.count else {
      return nil
    }
    let names = order.classes.map { Printable.name(classes[$0], limit: 40) }
    let samples = Double(order.samples)
    return "another order of classes fits far better, top-1 \(Figures.percent(Double(order.right.best) / samples)) "
      + "instead of \(Figures.percent(Double(order.right.given) / samples)): "
      + "if it is the model's, say --labels \(names.joined(separator: ","))"
  }

  /// The better order, where there is one: the best of all, or one in common use that is not surely worse.
  package static func better(confusion: [[Int]], classes: [String]) -> ClassOrder? {
    guard let order = ClassOrder(confusion: confusion, usual: UsualOrders.of(classes)), order.isSignificant else {
      return nil
    }
    let samples = Double(order.samples)
    let most = confusion.map { $0.reduce(0, +) }.max() ?? 0
    guard order.right.best > order.right.given, order.balanced.best - order.balanced.given >= leastGain,
      let low = Estimate(share: order.right.best, of: order.samples).low, low > Double(most) / samples
    else { return nil }
    return order
  }

  /// Of a finding: what the model says speaks for the other class.
  ///
  /// - Parameters:
  ///   - auc: of the class that counts as the finding
  ///   - classes: both, in the model's order
  package static func sentence(auc: Estimate, classes: [String]) -> String? {
    guard let high = auc.high, high < 0.5 else { return nil }
    let swapped = classes.reversed().map { Printable.name($0, limit: 40) }.joined(separator: ",")
    return "the model's score speaks for the other class (AUC \(Figures.decimal(auc.value, 3))): "
      + "the classes are the other way round" + (classes.count == 2 ? ", say --labels \(swapped)" : "")
  }
}
