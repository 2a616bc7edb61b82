import ArgumentParser
import CanonicalJSON
import Compiler
import Explanations
import Tensors

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a model on an image, a tensor or a folder of them.",
    discussion: """
      With .npy the tensor is taken in the model's own input layout, any number of inputs along its first dimension.
      Of a model with several outputs the one that decides is shown; --output-name picks another.

      EXAMPLES
        dermc run model.derm lesion.jpg
        dermc run model.derm lesion.jpg --top 3 --json
        dermc run model.derm batch.npy --output logits.npy
        dermc run model.derm lesion.jpg --output-name embedding --task none --output embedding.npy
        dermc run model.derm lesion.jpg --input metadata=54,1,2
        dermc run model.derm lesion.jpg --explain where.png --class mel
        dermc run model.derm photos --explain maps/
      """)

  @Argument(help: "The model: .onnx, .tflite or .derm.")
  var model: String

  @Argument(help: "An image (.jpg, .png, .webp, .tif, .bmp), a tensor file (.npy, .npz, .pb), or a folder of them.")
  var input: String

  @Option(help: ArgumentHelp("Write the raw output tensor here.", valueName: "file.npy"))
  var output: String?

  @Option(parsing: .unconditional, help: "How many classes to show, best first.")
  var top = 3

  @Option(
    help: ArgumentHelp(
      "Show where the model looks for the class decided for: the map over the image (.png, .jpg) or its numbers (.npy); for a folder of images a folder, as maps/.",
      valueName: "file"))
  var explain: String?

  @Option(
    name: .customLong("class"), help: ArgumentHelp("The class to explain, by name or number.", valueName: "class"))
  var explainedClass: String?

  @Option(help: "How the map is made; the last two need no gradient, and run the model many times.")
  var method: ExplanationMethod?

  @Flag(help: "Print JSON.")
  var json = false

  @Flag(help: "Refuse whatever there is a warning of, such as samples that cannot be read.")
  var strict = false

  @OptionGroup(title: "How images become inputs") var preprocessing: PreprocessingOptions
  @OptionGroup(title: "What the answer means") var answer: AnswerOptions
  @OptionGroup(title: "What is known of samples") var dataOptions: DataOptions
  @OptionGroup var arithmetic: MathOptions
  @OptionGroup var trust: TrustOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    guard top > 0 else { throw Refusal.usage("--top \(top): expected at least 1") }
    let settings = try preprocessing.settings(data: dataOptions)
    let threads = try common.threadCount()
    let explanation = try explanationRequest()
    let files = [output, explanation?.isFolder == true ? nil : explain].compactMap(\.self)
    try Outputs.check(files, inputs: [model, input])
    let loaded = try LoadedModel(path: model, size: settings.freeSize, trusting: try trust.keys())
    let predictions = try Prediction(
      loaded, on: input, settings: settings, answer: try answer.settings(), threads: threads,
      math: arithmetic.math, isStrict: strict, explanation: explanation, observer: Watcher(common)
    ).run()
    if let output {
      try predictions.write(to: output)
    }
    if json {
      Console.json(predictions.json(top: top))
    } else if !common.quiet {
      Console.text(predictions.text(top: top))
    }
  }

  private func explanationRequest() throws(Refusal) -> ExplanationRequest? {
    guard let explain else {
      guard explainedClass == nil, method == nil else {
        throw .usage("--class and --method say what --explain FILE shows: give that too")
      }
      return nil
    }
    return try ExplanationRequest(path: explain, method: method ?? .gradcam, className: explainedClass)
  }
}
