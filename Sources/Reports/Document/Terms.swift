/// The words of a report that not every reader knows, each in a sentence.
enum Terms {
  static let recall = Document.Term(
    name: "Recall",
    meaning: "of the images that show a class, the share recognised as it. Lower recall means more missed cases.")
  static let precision = Document.Term(
    name: "Precision",
    meaning:
      "of the images answered as a class, the share that really show it. Lower precision means more false alarms.")
  static let change = Document.Term(
    name: "Change",
    meaning:
      "compiled minus float in percentage points (pp), and in brackets the range that holds with 95 % confidence "
      + "for images like these (paired bootstrap). A range that contains 0 may be chance; a wide one means too few "
      + "images to tell. Where no image changed, the range is what their number still allows (rule of three).")
  static let top1 = Document.Term(
    name: "Top-1", meaning: "the share of images whose most probable class is the right one.")
  static let macroF1 = Document.Term(
    name: "Macro-F1",
    meaning:
      "the mean over classes of F1, which balances recall and precision; a rare class counts as much as a common one.")
  static let auc = Document.Term(
    name: "AUC",
    meaning:
      "how often an image of a class is given a higher score for it than an image of another class, as a mean over "
      + "classes; 50 % is guessing.")
  static let ece = Document.Term(
    name: "Calibration error",
    meaning: "how far stated confidence is, on average, from the share of answers that are right (ECE).")
  static let agreement = Document.Term(
    name: "Agreement", meaning: "the share of images for which both models answer the same class first, right or wrong."
  )
  static let outputSQNR = Document.Term(
    name: "Output SQNR",
    meaning:
      "the strength of the model's outputs over the error compiling brings to them; 20 dB is an error of a tenth, "
      + "40 dB of a hundredth.")
  static let layerSQNR = Document.Term(
    name: "SQNR",
    meaning:
      "signal to quantization noise: the strength of a layer's output over the error that all int8 arithmetic up to "
      + "it brings to it; 20 dB is an error of a tenth, 40 dB of a hundredth.")
  static let cosine = Document.Term(
    name: "Cosine", meaning: "how far the outputs of both models point the same way, 1 being exactly.")
  static let divergence = Document.Term(
    name: "KL divergence",
    meaning: "the information about the float model's probabilities that the compiled model's lose, in nats; 0 is none."
  )
  static let mcNemar = Document.Term(
    name: "McNemar's p",
    meaning: "how probable a difference in right answers at least this large would be if both models were equally good."
  )
  static let macs = Document.Term(
    name: "MACs",
    meaning: "multiply-accumulates of convolutions and matrix products for one input; the work of an answer.")
  static let effectiveMACs = Document.Term(
    name: "Effective MACs", meaning: "those by weights that are not zero.")
  static let peak = Document.Term(
    name: "Peak activations", meaning: "the memory for intermediate results at the step that needs most.")
  static let sparsity = Document.Term(name: "Sparsity", meaning: "the share of a layer's weights that are zero.")
}
