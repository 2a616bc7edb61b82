/// How often each class was right, predicted, and both: all that top-1, precision, recall and F1 need.
package struct ClassCounts: Sendable {
  /// Samples of each class.
  package private(set) var support: [Int]
  /// Samples each class was predicted for.
  package private(set) var predicted: [Int]
  /// Samples of each class that were predicted to be of it.
  package private(set) var correct: [Int]

  /// Counts every sample once.
  package init(labels: [Int], predictions: [Int], classCount: Int) {
    self.init(labels: labels, predictions: predictions, classCount: classCount, weights: nil)
  }

  /// Counts each sample `weights[sample]` times.
  init(labels: [Int], predictions: [Int], classCount: Int, weights: [Int]?) {
    support = [Int](repeating: 0, count: classCount)
    predicted = support
    correct = support
    for sample in labels.indices {
      let weight = weights?[sample] ?? 1
      support[labels[sample]] += weight
      predicted[predictions[sample]] += weight
      if labels[sample] == predictions[sample] { correct[labels[sample]] += weight }
    }
  }

  /// The fraction of samples predicted right.
  package var top1: Double { Double(correct.reduce(0, +)) / Double(total) }

  /// The mean recall of the classes that have samples.
  package var balancedAccuracy: Double {
    let values = support.indices.compactMap(recall)
    return values.reduce(0, +) / Double(values.count)
  }

  private var total: Int { support.reduce(0, +) }

  /// Of the samples predicted to be of the class, the fraction that are; nil where it was never predicted.
  package func precision(_ index: Int) -> Double? {
    predicted[index] == 0 ? nil : Double(correct[index]) / Double(predicted[index])
  }

  /// Of the samples of the class, the fraction predicted to be; nil where there are none.
  package func recall(_ index: Int) -> Double? {
    support[index] == 0 ? nil : Double(correct[index]) / Double(support[index])
  }

  /// Of the samples of other classes, the fraction predicted to be of others; nil where there are none.
  package func specificity(_ index: Int) -> Double? {
    let others = total - support[index]
    return others == 0 ? nil : Double(others - (predicted[index] - correct[index])) / Double(others)
  }

  /// The harmonic mean of precision and recall, 2 TP / (predicted + support); nil where the class has no samples.
  package func f1(_ index: Int) -> Double? {
    support[index] == 0 ? nil : 2 * Double(correct[index]) / Double(predicted[index] + support[index])
  }

  /// The mean F1 of the classes that have samples.
  package var macroF1: Double {
    let values = support.indices.compactMap(f1)
    return values.reduce(0, +) / Double(values.count)
  }
}
