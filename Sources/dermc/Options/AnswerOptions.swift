import ArgumentParser
import Compiler

/// What a model's answer means: commands that read answers take these.
struct AnswerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What the output decides: multiclass, binary, multilabel or none; read from the model unless given.",
      valueName: "task"))
  var task: String?

  @Option(
    help: ArgumentHelp(
      "What the output's numbers are, where the model does not tell.", valueName: "logits|probabilities"))
  var scores: String?

  @Option(help: ArgumentHelp("The output that decides, of a model with several.", valueName: "name"))
  var outputName: String?

  @Option(
    help: ArgumentHelp("Of a binary model the class that is the finding; the second unless given.", valueName: "class"))
  var positive: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "From which probability a finding counts as there: 0.3, for each label 0.3,0.5, or youden to choose it on the labelled data.",
      valueName: "fraction"))
  var threshold: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Choose the threshold at which this share of the positive labelled samples is found, as 0.95.",
      valueName: "fraction"))
  var sensitivity: String?

  func settings() throws(Diagnostic) -> AnswerSettings {
    try AnswerSettings(
      task: task, scores: scores, output: outputName, positive: positive, threshold: threshold,
      sensitivity: sensitivity)
  }
}
