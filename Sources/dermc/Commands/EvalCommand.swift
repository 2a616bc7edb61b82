import ArgumentParser
import CanonicalJSON
import Compiler
import Tensors
import Texts

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Measure a model on labelled data, alone or against another model.",
    discussion: """
      DIR holds a folder for each class, or files that a table gives their classes: labels.csv with the columns file and
      label, HAM10000_metadata.csv, the ground truth of an ISIC challenge, or another with --table. Of a binary model the
      finding is measured at its threshold, of a multi-label one each label.

      With --shard, or -o alone, scores are written, and nothing is measured before DATA is a file of all of them. What
      is measured then is what one run over all samples measures.

      EXAMPLES
        dermc eval model.derm data/val
        dermc eval model.derm data/val --against model.onnx --json
        dermc eval model.derm data/val --against model.onnx --explanations
        dermc eval model.onnx HAM10000 --table HAM10000_metadata.csv --subgroups sex,age
        dermc eval model.derm data/val --held-out
        dermc eval binary.onnx data/val --threshold 0.3 --predictions predictions.csv
        dermc eval model.derm data/val --against model.onnx --shard 3/16 -o part3.eval
        dermc eval model.derm images --site basel --anonymous --min-samples 50 -o basel.eval
        dermc merge part*.eval -o all.eval
        dermc eval model.derm all.eval --against model.onnx --json
      """)

  @Argument(help: "The model: .onnx, .tflite or .derm.")
  var model: String

  @Argument(
    help: ArgumentHelp("Folder of labelled data, or tars; or scores that were made of them.", valueName: "data"))
  var data: String

  @Option(help: ArgumentHelp("The model to compare with: the float original.", valueName: "model"))
  var against: String?

  @Flag(help: "Compare where both models look, image by image; needs --against.")
  var explanations = false

  @Option(help: ArgumentHelp("Score only this part of how many, as 3/16; needs -o.", valueName: "i/n"))
  var shard: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("Write scores here, to be measured later.", valueName: "file"))
  var output: String?

  @Flag(
    help: """
      Leave out the samples that how sure answers are was fitted on, of a folder that compile \
      --calibrate-probabilities split:FRACTION divided.
      """)
  var heldOut = false

  @Flag(help: "Print JSON.")
  var json = false

  @Flag(help: "Refuse whatever there is a warning of, such as samples that cannot be read.")
  var strict = false

  @OptionGroup(title: "Parts that leave a house, with -o") var sent: PartOptions
  @OptionGroup(title: "How images become inputs") var preprocessing: PreprocessingOptions
  @OptionGroup(title: "What is known of samples") var dataOptions: DataOptions
  @OptionGroup(title: "What the answer means") var answer: AnswerOptions
  @OptionGroup(title: "What to measure") var measures: MeasureOptions
  @OptionGroup var arithmetic: MathOptions
  @OptionGroup var trust: TrustOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let settings = try preprocessing.settings(data: dataOptions)
    let threads = try common.threadCount()
    if let path = measures.predictions {
      try PredictionTable.checkName(path)
      try Outputs.check([path], inputs: [model] + (against.map { [$0] } ?? []))
    }
    if explanations {
      guard against != nil else {
        throw Refusal.usage("--explanations: compares where two models look: give the float model with --against")
      }
      guard output == nil, shard == nil, !Evaluation.isScored(data) else {
        throw Refusal.usage("--explanations: needs images, and scores hold none: give the labelled data themselves")
      }
    }
    let shard = try self.shard.map { try Shard($0) }
    if let shard, output == nil {
      throw Refusal.usage("--shard \(shard.text): needs -o FILE, where scores are written")
    }
    if output == nil, let option = sent.given {
      throw Refusal.usage("\(option): needs -o FILE, where scores are written")
    }
    if let output {
      guard !json, measures.predictions == nil else {
        throw Refusal.usage("-o \(output): writes scores and measures nothing: leave out --json and --predictions")
      }
      try Outputs.check([output], inputs: [model, data] + (against.map { [$0] } ?? []))
    }
    let evaluated = try LoadedModel(path: model, size: settings.freeSize, trusting: try trust.keys())
    let other = try against.map { try LoadedModel(path: $0, size: settings.freeSize) }
    var evaluation = Evaluation(
      evaluated, against: other, on: data, settings: settings, answer: try answer.settings(measures), threads: threads,
      math: arithmetic.math, isStrict: strict, comparesExplanations: explanations, observer: Watcher(common))
    (evaluation.site, evaluation.isAnonymous, evaluation.fewestSamples) = (
      sent.site, sent.anonymous, sent.minSamples
    )
    evaluation.isHeldOut = heldOut
    if let output {
      let part = try evaluation.part(shard ?? .whole, to: output)
      try part.file.commit()
      if !common.quiet { Console.output("\(Printable.name(output, limit: 400)): \(part.text)") }
      return
    }
    let result = try evaluation.run()
    if let path = measures.predictions {
      let table = try result.predictions.stage(for: path)
      try table.commit()
    }
    if json {
      Console.json(result.json)
    } else {
      Console.text(result.text)
    }
  }
}
