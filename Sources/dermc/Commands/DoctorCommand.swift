import ArgumentParser
import CanonicalJSON
import Compiler
import Tensors
import Texts

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Find out how a model wants its images: scale, mean, std, colours, resizing, order of classes.",
    discussion: """
      Runs the model on some images under each convention of the field. With labels (a folder for each class, or a
      labels.csv) it compares what the answers get right; without, how inputs fit what BatchNormalization has stored, else
      how different the answers are. Give the float model: a compiled bundle shows only whether its stored preprocessing
      is the best.

      EXAMPLES
        dermc doctor model.onnx data/val
        dermc doctor model.onnx data/val --output . && dermc compile model.onnx --preprocess preprocess.json ...
        dermc doctor model.onnx images --samples 500 --json
      """)

  @Argument(help: "The model: .onnx, .tflite or .derm.")
  var model: String

  @Argument(help: ArgumentHelp("Folder of images, labelled or not.", valueName: "dir"))
  var data: String

  @Option(parsing: .unconditional, help: "How many images to look at, as many of each class where they are labelled.")
  var samples = 200

  @Option(parsing: .unconditional, help: "Which images: the same number gives the same choice.")
  var seed: UInt64 = 0

  @Flag(help: "Look at the images only, not at their labels.")
  var ignoreLabels = false

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write preprocess.json and classes.txt into this folder.", valueName: "dir"))
  var output: String?

  @Flag(help: "Replace preprocess.json and classes.txt where they exist.")
  var overwrite = false

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "How images become inputs") var preprocessing: PreprocessingOptions
  @OptionGroup(title: "What is known of samples") var dataOptions: DataOptions
  @OptionGroup(title: "What the answer means") var answer: AnswerOptions
  @OptionGroup var arithmetic: MathOptions
  @OptionGroup var trust: TrustOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    guard samples > 0 else { throw Refusal.usage("--samples \(samples): expected at least 1") }
    let settings = try preprocessing.settings(data: dataOptions)
    let files = try output.map { try DoctorFiles(folder: $0, replaces: overwrite) }
    let loaded = try LoadedModel(path: model, size: settings.freeSize, trusting: try trust.keys())
    let findings = try Doctor(
      loaded, on: data, settings: settings, answer: try answer.settings(), samples: samples, seed: seed,
      usesLabels: !ignoreLabels, threads: try common.threadCount(), math: arithmetic.math,
      observer: Watcher(common)
    ).run()
    if json {
      Console.json(findings.json)
    } else if !common.quiet {
      Console.text(DoctorText.make(findings))
    }
    for path in try files?.write(findings) ?? [] where !json && !common.quiet {
      Console.output("written  \(Printable.name(path, limit: 400))")
    }
  }
}
