import ArgumentParser
import Compiler
import Quantization
import Reports
import Tensors

struct AnalyzeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "analyze",
    abstract: "Find out what rounding to int8 costs, layer by layer, and what to do about the worst.",
    discussion: """
      No labels are needed. Ranges are taken from one half of the images, costs from the other. What each layer's weights
      and each value cost alone is foretold from gradients of the float model's answers; the worst are measured too, with
      nothing but that place rounded.

      EXAMPLES
        dermc analyze model.onnx --calib data/calib
        dermc analyze model.onnx --calib data/calib --measure 20 --rows 50
        dermc analyze model.onnx --calib data/calib --report analysis.html
        dermc analyze model.onnx --calib data/calib --json
      """)

  @Argument(help: "The float model: .onnx, .tflite or .derm.")
  var model: String

  @Option(help: ArgumentHelp("Folder of images or tensors like those the model will see.", valueName: "dir"))
  var calib: String

  @Option(help: "How ranges of activations are chosen; unless given, as compile chooses.")
  var range: RangeEstimator?

  @Flag(
    inversion: .prefixedNo,
    help: "Scale the channels of activations against each other; unless given, where compile does.")
  var equalize: Bool?

  @Option(parsing: .unconditional, help: "Use this many calibration samples, chosen by --seed.")
  var samples: Int?

  @Option(help: "Seed of the choice of samples, and of the changes that gradients are of.")
  var seed: UInt64 = 0

  @Option(parsing: .unconditional, help: "How many of the worst places to measure.")
  var measure = 8

  @Option(parsing: .unconditional, help: "How many of the worst places to list.")
  var rows = 20

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Also write all places here, with a plot in .html: .json, .md or .html by the name's ending.", valueName: "file"))
  var report: [String] = []

  @Flag(help: "Print JSON, all places in the order of the network.")
  var json = false

  @OptionGroup(title: "How images become inputs") var preprocessing: PreprocessingOptions
  @OptionGroup(title: "What is known of samples") var dataOptions: DataOptions
  @OptionGroup(title: "What the answer means") var answer: AnswerOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    guard measure >= 0 else { throw Refusal.usage("--measure \(measure): expected at least 0") }
    guard rows >= 0 else { throw Refusal.usage("--rows \(rows): expected at least 0") }
    if let samples, samples < 2 { throw Refusal.usage("--samples \(samples): expected at least 2") }
    let files = try ReportFile.all(report)
    try Outputs.check(files.map(\.path), inputs: [model])
    let settings = try preprocessing.settings(data: dataOptions)
    var recipe = Recipe()
    recipe.int8 = true
    recipe.estimator = range
    recipe.equalizes = equalize
    recipe.samples = samples
    recipe.seed = seed
    let analysis = try Analysis(
      LoadedModel(path: model, size: settings.freeSize), on: calib, recipe: recipe, settings: settings,
      answer: answer.settings(), measured: measure, threads: common.threadCount(), observer: Watcher(common)
    ).run()
    try StagedFile.commit(try files.map { try $0.stage(analysis) })
    if json {
      Console.json(analysis.json)
    } else {
      Console.text(AnalysisText.make(analysis, rows: rows))
    }
  }
}
