import ArgumentParser
import Compiler
import Reports
import Tensors

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Compile by many recipes, and find the bundles that are worth choosing from.",
    discussion: """
      Each bundle is what dermc compile makes with the same options, with its report. All are measured on the same images;
      of size against divergence from float, macro-F1 and latency the Pareto fronts are told: bundles that no other beats
      in both. sweep.json, sweep.csv and sweep.html in the folder say it all. A sweep that was stopped goes on where it
      was, and one with more recipes adds to what is there.

      EXAMPLES
        dermc sweep model.onnx --calib data/calib --eval data/val -o sweep
        dermc sweep model.onnx --calib data/calib --eval data/val -o sweep --ratios plain,5,7.5 --prunes 0,0.5
        dermc sweep model.onnx --calib data/calib -o sweep --precisions int8 --efforts fast --no-latency
      """)

  @Argument(help: "The float model: .onnx, .tflite or .derm.")
  var model: String

  @Option(help: ArgumentHelp("Folder of images or tensors to calibrate with.", valueName: "dir"))
  var calib: String

  @Option(
    help: ArgumentHelp(
      "A CSV file of the calibration data: whose images they are, inputs beside the image; --table unless given.",
      valueName: "file.csv"))
  var calibTable: String?

  @Option(
    help: ArgumentHelp(
      "Folder of labelled data to measure on; held-back calibration samples unless given.", valueName: "dir"))
  var eval: String?

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Folder for the bundles; made where there is none.", valueName: "dir"))
  var output: String

  @Option(help: ArgumentHelp("Precisions: float, int8.", valueName: "list"))
  var precisions = "float,int8"

  @Option(
    help: ArgumentHelp(
      "Efforts of int8: fast, default, max; ratios are reached with the most thorough.", valueName: "list"))
  var efforts = "fast,default"

  @Option(
    help: ArgumentHelp(
      "How many times smaller int8 bundles are to be; plain for the steps of plain int8.", valueName: "list"))
  var ratios = "plain,6,8,10,12"

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Fractions of the weights to set to zero.", valueName: "list"))
  var prunes = "0"

  @OptionGroup var recipes: RecipeOptions

  @Flag(inversion: .prefixedNo, help: "Time each bundle in turn with the float model, on one thread.")
  var latency = true

  @Flag(help: "Start anew in a folder that holds another sweep: its bundles are removed.")
  var force = false

  @OptionGroup var storage: StoreOption
  @OptionGroup(title: "How images become inputs") var preprocessing: PreprocessingOptions
  @OptionGroup(title: "What the answer means") var answer: AnswerOptions
  @OptionGroup(title: "What is known of samples") var dataOptions: DataOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let grid = try SweepGrid(precisions: precisions, efforts: efforts, ratios: ratios, prunes: prunes)
    var recipe = try recipes.recipe()
    // As compile does where there are calibration samples.
    recipe.pruneMethod = .obs
    recipe.store = storage.store ?? .compact
    var compilation = CompilationRequest(
      model: model, recipe: recipe, settings: try preprocessing.settings(data: dataOptions), output: output,
      threads: try common.threadCount())
    compilation.calibrationPath = calib
    compilation.calibrationTable = calibTable
    compilation.evaluationPath = eval
    compilation.answer = try answer.settings()
    var request = SweepRequest(compilation, grid: grid, folder: output)
    request.measuresLatency = latency
    request.startsAnew = force
    let report = try Sweep(request, observer: Watcher(common)).run()
    if !common.quiet {
      Console.text(SweepText.make(report, files: Sweep.summaries.map { "\(output)/\($0)" }))
    }
  }
}
