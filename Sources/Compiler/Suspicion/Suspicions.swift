package import Answers
package import Images
package import Metrics
package import Reports

/// What speaks against the data, the preprocessing or the labels a model is used with.
package enum Suspicions {
  /// What is known; what is nil or empty is not looked at.
  package struct Evidence: Sendable {
    /// How images become inputs.
    package var preprocessing: Preprocessing?
    /// How inputs fit the first BatchNormalization of the float model as it was read.
    package var normalization: NormalizationFit?
    /// What the decision output means.
    package var meaning: OutputMeaning?
    /// The model's numbers for all samples there are.
    package var outputs: [[Float]] = []
    /// The names of classes or labels, in the model's order.
    package var classes: [String] = []
    /// The model's answers to labelled samples, by right class (row) and answered class (column): of one class of
    /// several, or of two.
    package var confusion: [[Int]]?
    /// The area under the model's ROC curve: of the finding, or the mean of several.
    package var auc: Estimate?
    /// Labelled samples of each class, or of each label.
    package var support: [Int] = []
    /// The layers of the compiled model.
    package var layers: [LayerReport] = []

    package init() {}
  }

  /// One sentence for each suspicion: what is wrong, and what to do.
  package static func all(_ evidence: Evidence) -> [String] {
    var sentences: [String?] = [
      evidence.preprocessing.flatMap(ScaleSuspicion.sentence),
      evidence.normalization.flatMap(NormalizationSuspicion.sentence),
      evidence.meaning.flatMap { ScoresSuspicion.sentence(evidence.outputs, as: $0) },
    ]
    let isFinding = evidence.meaning?.task == .binary
    if let auc = evidence.auc, isFinding || evidence.meaning?.task == .multilabel {
      let order = isFinding ? OrderSuspicion.sentence(auc: auc, classes: evidence.classes) : nil
      sentences.append(order ?? ChanceSuspicion.sentence(auc: auc))
    } else if let confusion = evidence.confusion {
      // Answers that fit another order are no better than chance in this one.
      sentences.append(
        OrderSuspicion.sentence(confusion: confusion, classes: evidence.classes)
          ?? ChanceSuspicion.sentence(confusion: confusion, classes: evidence.classes))
    }
    sentences.append(SmallClassSuspicion.sentence(support: evidence.support, classes: evidence.classes))
    sentences.append(LayerNoiseSuspicion.sentence(evidence.layers))
    return sentences.compactMap(\.self)
  }
}
