import Answers
import Quantization

extension OutputMeaning {
  /// What small changes of the numbers cost: the second-order part of `OutputCost`.
  var answerKind: AnswerKind {
    switch task {
    case .none: .numbers
    case .multilabel: scores == .logits ? .labelLogits : .labelProbabilities
    case .binary where isSingleScore: scores == .logits ? .labelLogits : .labelProbabilities
    case .binary, .multiclass: scores == .logits ? .classLogits : .classProbabilities
    }
  }
}
