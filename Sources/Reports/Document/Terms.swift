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
  static let sensitivity = Document.Term(
    name: "Sensitivity",
    meaning: "of the images with the finding, the share called so. Lower sensitivity means more missed cases.")
  static let specificity = Document.Term(
    name: "Specificity",
    meaning: "of the images without it, the share called so. Lower specificity means more false alarms.")
  static let ppv = Document.Term(
    name: "PPV", meaning: "of the images called positive, the share that are (positive predictive value, precision).")
  static let npv = Document.Term(
    name: "NPV", meaning: "of the images called negative, the share that are (negative predictive value).")
  static let balancedAccuracy = Document.Term(
    name: "Balanced accuracy",
    meaning:
      "the mean of the shares of each class that are recognised; of two classes that of sensitivity and specificity.")
  static let f1 = Document.Term(name: "F1", meaning: "the harmonic mean of sensitivity and PPV.")
  static let binaryAUC = Document.Term(
    name: "AUC (ROC)",
    meaning:
      "how often an image with the finding is given a higher probability of it than one without; 50 % is guessing.")
  static let averagePrecision = Document.Term(
    name: "Average precision",
    meaning: "the mean PPV over all thresholds at which another case is found: the area below precision and recall."
  )
  /// Those of a finding, in the order of its table.
  static let measures = [sensitivity, specificity, ppv, npv, balancedAccuracy, f1, binaryAUC, averagePrecision]
  static let sensitivityAtSpecificity = Document.Term(
    name: "Sensitivity at a specificity",
    meaning:
      "how much of a class is found when its threshold is set so that at least the stated share of all else is not "
      + "taken for it.")
  static let accuracy = Document.Term(
    name: "Accuracy",
    meaning: "the share of images decided rightly. Where a finding is rare, never finding it scores well, too.")
  static let account = Document.Term(
    name: "Stored",
    meaning:
      "what a layer's constants take in the file. Constants are coded together; each has the share of their bytes that "
      + "the information in it has. Padding and constants of no layer are a line of their own.")
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
  static let labelAgreement = Document.Term(
    name: "Agreement", meaning: "the share of images to which both models give the same labels, right or wrong.")
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
    name: "Peak activations",
    meaning: "the memory for intermediate results at the layer that needs most, were layers computed one by one.")
  static let memory = Document.Term(
    name: "Memory",
    meaning:
      "all that one thread needs to run the model: the buffer of intermediate results with layers computed together, "
      + "what a thread works with, and the weights.")
  static let sparsity = Document.Term(name: "Sparsity", meaning: "the share of a layer's weights that are zero.")
}
