package import Metrics
import Reports
import Texts

/// A model that is no better than one that has not looked at the images.
package enum ChanceSuspicion {
  private static let remedy = "check the preprocessing and the labels (dermc doctor MODEL DATA)"

  /// Of several classes: top-1 is not above the share of the commonest class, as far as the samples tell.
  ///
  /// A model that was trained for rare classes gives up top-1 for them, so one whose balanced accuracy is clearly twice
  /// that of guessing is not suspected.
  ///
  /// - Parameter confusion: samples by right class (row) and answered class (column)
  package static func sentence(confusion: [[Int]], classes: [String]) -> String? {
    let support = confusion.map { $0.reduce(0, +) }
    let samples = support.reduce(0, +)
    guard samples > 0, let most = support.max(), let commonest = support.firstIndex(of: most), most < samples else {
      return nil
    }
    let right = confusion.indices.reduce(0) { $0 + (confusion[$1].indices.contains($1) ? confusion[$1][$1] : 0) }
    let accuracy = Estimate(share: right, of: samples)
    let majority = Double(most) / Double(samples)
    guard let low = accuracy.low, low <= majority else { return nil }
    let present = support.indices.filter { support[$0] > 0 }
    if present.count > 2, leastBalanced(confusion, support, present) > 2 / Double(present.count) { return nil }
    return "the model's top-1, \(Figures.percent(accuracy)), is not above that of always answering "
      + "\(Printable.name(classes.className(commonest), limit: 40)), \(Figures.percent(majority)): \(remedy)"
  }

  /// Of a finding, or of several: the area under the ROC curve, or their mean, reaches 0.5.
  package static func sentence(auc: Estimate) -> String? {
    guard let low = auc.low, let high = auc.high, low <= 0.5, high >= 0.5 else { return nil }
    return "the model ranks no better than chance (AUC \(Figures.decimal(auc.value, 3)), "
      + "\(Figures.decimal(low, 3)) to \(Figures.decimal(high, 3))): \(remedy)"
  }

  /// The lower end of the interval of the balanced accuracy: recalls are independent shares.
  private static func leastBalanced(_ confusion: [[Int]], _ support: [Int], _ present: [Int]) -> Double {
    var (mean, variance) = (0.0, 0.0)
    for index in present where confusion[index].indices.contains(index) {
      let n = Double(support[index])
      let recall = Double(confusion[index][index]) / n
      // One more right and one more wrong: a class without a miss is not certain.
      let smoothed = (recall * n + 1) / (n + 2)
      mean += recall
      variance += smoothed * (1 - smoothed) / n
    }
    return (mean - 1.96 * variance.squareRoot()) / Double(present.count)
  }
}
