import Answers
import ArgumentParser
import Compiler
import Tensors

/// How sure answers are to be taken: what is fitted on labelled data and stored in the bundle.
struct UncertaintyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Folder of labelled data, apart from --eval and from what the model was trained on, to fit how sure its answers \
      are: calibrated probabilities, prediction sets, when to abstain. They go into the bundle. With compile also \
      split:0.5, a share of --eval, whose others are then reported on.
      """, valueName: "dir"))
  var calibrateProbabilities: String?

  @Option(
    help: """
      How prediction sets are made: lac, the smallest on average, unless given; aps, larger for harder images; raps, \
      aps without long tails.
      """)
  var conformal: PredictionSets.Method?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "With which probability the right class is in the set; 0.9 unless given.", valueName: "fraction"))
  var coverage: String?

  @Flag(help: "Let the coverage hold for each class by itself, melanoma as well; sets get larger.")
  var coverageByClass = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Abstain below a confidence, so that at most this share of the answers given is wrong, with 95 % certainty.",
      valueName: "fraction"))
  var maxRisk: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Which share of images like those fitted on may be taken for unlike them; 0.05 unless given.",
      valueName: "fraction"))
  var falseAlarms: String?

  @Option(
    help: """
      What images unlike those fitted on are told by: energy, of the model's output, unless given; mahalanobis, how far \
      the features before its last layers are from theirs, which finds more of them.
      """)
  var unlike: UncertaintySettings.Unlike?

  func settings() throws(Refusal) -> UncertaintySettings? {
    try UncertaintySettings(
      path: calibrateProbabilities, method: conformal, coverage: coverage, isByClass: coverageByClass, risk: maxRisk,
      falseAlarms: falseAlarms, unlike: unlike)
  }
}
