import Answers
import ArgumentParser
import Compiler
import Tensors

/// What a model's answer means: commands that read answers take these.
struct AnswerOptions: ParsableArguments {
  @Option(help: "What the output decides; read from the model unless given.")
  var task: OutputMeaning.Task?

  @Option(help: "What the output's numbers are, where the model does not tell.")
  var scores: OutputMeaning.Scores?

  @Option(help: ArgumentHelp("The output that decides, of a model with several.", valueName: "name"))
  var outputName: String?

  @Option(
    help: ArgumentHelp(
      "Of a binary model the class that is the finding; the second unless given.", valueName: "class"))
  var positive: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "From which probability a finding counts as there: 0.3, or for each label 0.3,0.5.", valueName: "fraction"))
  var threshold: String?

  /// - Parameter measures: of commands that measure answers
  func settings(_ measures: MeasureOptions? = nil) throws(Refusal) -> AnswerSettings {
    try AnswerSettings(
      task: task, scores: scores, output: outputName, positive: positive, threshold: threshold,
      sensitivity: measures?.sensitivity, specificities: measures?.atSpecificity ?? [])
  }
}

/// What to measure on labelled data: commands that do take these.
struct MeasureOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Choose a binary model's threshold so that this share of the positive labelled samples is found, as 0.95; --threshold youden chooses the best sum of sensitivity and specificity.",
      valueName: "fraction"))
  var sensitivity: String?

  @Option(
    help: ArgumentHelp(
      "Also tell how much of a class is found where this share of all else is answered otherwise, as mel=0.9.",
      valueName: "class=fraction"))
  var atSpecificity: [String] = []

  @Option(
    help: ArgumentHelp("Write what is said of each labelled sample here: .csv or .json.", valueName: "file"))
  var predictions: String?
}
