import ArgumentParser
import CanonicalJSON
import Compiler
import Quantization
import Reports
import Tensors

struct CompileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile",
    abstract: "Compile a model into a bundle, and report what changed.",
    discussion: """
      Writes model.derm and model.report.json beside the model, or where -o points.

      EXAMPLES
        dermc compile model.onnx --int8 --calib data/calib
        dermc compile model.onnx --int8 --calib data/calib --eval data/val --report model.html
        dermc compile model.onnx --int8 --calib data/calib --eval data/val --sensitivity 0.95 --report page.html
        dermc compile model.onnx --int8 --calib data/calib --calibrate-probabilities data/dev --max-risk 0.1
        dermc compile model.onnx --int8 --calib data/calib --preprocess preprocess.json --strict
        dermc compile model.onnx --int8 --calib data/calib --target-ratio 10
        dermc compile model.onnx --int8 --calib data/calib --min-agreement 98
        dermc compile model.onnx --int8 --calib data/calib --store raw
        dermc compile model.onnx --int8 --calib all.calib --eval data/val
        dermc compile model.onnx --int8 --calib all.calib --moments all.moments --eval data/val
        dermc compile model.onnx --int8 --calib data/calib --keep-float /features/0/Conv
        dermc compile model.onnx --prune 0.5 --calib data/calib -o small.derm
        dermc compile model.onnx --int8 --calib data/calib --prune-channels 0.3
        dermc compile model.onnx --int8 --calib data/calib --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225
      """)

  @Argument(help: "The model: .onnx, .tflite or .derm.")
  var model: String

  @Flag(help: "Quantize to int8; needs --calib.")
  var int8 = false

  @Option(
    help: ArgumentHelp(
      "Folder of images or tensors to calibrate with; or what dermc calibrate counted of them.", valueName: "dir|file"))
  var calib: String?

  @Option(
    help: ArgumentHelp(
      "What dermc calibrate --moments gathered of the samples counted in --calib: rounds weights by it.",
      valueName: "file"))
  var moments: String?

  @Option(
    help: ArgumentHelp(
      "A CSV file of the calibration data: whose images they are, inputs beside the image; --table unless given.",
      valueName: "file.csv"))
  var calibTable: String?

  @Option(help: ArgumentHelp("Folder of labelled data to measure accuracy on.", valueName: "dir"))
  var eval: String?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Fraction of the weights to set to zero.", valueName: "fraction"))
  var prune: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Fraction of the multiplications to save by removing whole channels: a smaller, faster network.",
      valueName: "fraction"))
  var pruneChannels: Double?

  @Option(
    help: """
      What tells weights that go: their magnitude, their share of the layer (adaptive), or what the answer loses on \
      calibration samples, those that stay making up for it (obs). With --calib obs, else adaptive, unless given.
      """)
  var pruneMethod: Recipe.PruneMethod?

  @Option(help: "How ranges of activations are chosen; --effort decides unless given.")
  var range: RangeEstimator?

  @Option(help: "How weights are rounded; --effort decides unless given.")
  var rounding: WeightRounding.Method?

  @Option(help: "What biases make up for; --effort decides unless given.")
  var biases: BiasMethod?

  @Flag(
    inversion: .prefixedNo,
    help: """
      Scale the channels of activations against each other where weights take it back; --effort decides unless given.
      """)
  var equalize: Bool?

  @Option(
    help: """
      Time to take so that less is lost: by default ranges and rounding are what costs least on calibration samples; \
      fast tries nothing, max learns what was chosen again from all of them.
      """)
  var effort: Effort?

  @OptionGroup var recipes: RecipeOptions

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the bundle.", valueName: "bundle"))
  var output: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Also write the report here: .json, .md or .html by the name's ending.", valueName: "file"))
  var report: [String] = []

  @Flag(
    help: """
      Show small pictures of the images that are decided otherwise, or with --explanations looked at otherwise, in \
      .html reports. Without it no image data are in a report, so that patients' pictures do not leave the machine by \
      accident.
      """)
  var thumbnails = false

  @Option(
    help: ArgumentHelp(
      "Also write the figures here as JSON without lists, for dvc metrics and experiment trackers.", valueName: "file"))
  var metrics: String?

  @Flag(help: "Compare where both models look on the images of --eval; takes two more runs of each.")
  var explanations = false

  @Flag(
    help: """
      Put what both models say of each labelled image into the .json report, so that dermc gate --baseline compares \
      builds image by image.
      """)
  var reportPredictions = false

  @Flag(help: "Time both models on one thread; .html and .md reports show it, and so differ from run to run.")
  var latency = false

  @Flag(help: "Refuse whatever there is a warning of, such as samples that cannot be read.")
  var strict = false

  @OptionGroup(title: "How small") var targets: TargetOptions
  @OptionGroup var storage: StoreOption
  @OptionGroup(title: "How images become inputs") var preprocessing: PreprocessingOptions
  @OptionGroup(title: "What the answer means") var answer: AnswerOptions
  @OptionGroup(title: "What to measure") var measures: MeasureOptions
  @OptionGroup(title: "How sure it is") var uncertainty: UncertaintyOptions
  @OptionGroup(title: "What is known of samples") var dataOptions: DataOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let settings = try preprocessing.settings(data: dataOptions)
    let output = self.output ?? replacingExtension(model, with: "derm")
    var request = CompilationRequest(
      model: model, recipe: try recipe(), settings: settings, output: output, threads: try common.threadCount())
    request.calibrationPath = calib
    request.momentsPath = moments
    request.calibrationTable = calibTable
    request.evaluationPath = eval
    request.uncertainty = try uncertainty.settings()
    request.answer = try answer.settings(measures)
    request.isStrict = strict
    request.showsThumbnails = thumbnails
    request.measuresLatency = latency
    request.reportsPredictions = reportPredictions
    request.comparesExplanations = explanations
    let reports = try ReportFile.all([replacingExtension(output, with: "report.json")] + report)
    if thumbnails, eval == nil || !reports.contains(where: \.showsPictures) {
      throw Refusal.usage("--thumbnails: needs --eval DIR and --report FILE.html, which shows them")
    }
    if reportPredictions, eval == nil {
      throw Refusal.usage("--report-predictions: needs --eval DIR, whose images it tells of")
    }
    if explanations, eval == nil {
      throw Refusal.usage("--explanations: needs --eval DIR, on whose images it compares where both models look")
    }
    if latency, !reports.contains(where: \.isForPeople) {
      throw Refusal.usage("--latency: needs --report FILE.html or FILE.md, which shows it")
    }
    if let path = measures.predictions {
      guard eval != nil else { throw Refusal.usage("--predictions \(path): needs --eval DIR") }
      try PredictionTable.checkName(path)
    }
    let paths = [output] + reports.map(\.path) + [measures.predictions, metrics].compactMap(\.self)
    try Outputs.check(paths, inputs: [model])

    let compiled = try Compilation(request, observer: Watcher(common)).run()
    // All files appear, or none.
    var others = try reports.map { try $0.stage(compiled.report, compiled.illustrations) }
    if let path = measures.predictions, let table = compiled.predictions { others.append(try table.stage(for: path)) }
    if let metrics { others.append(try StagedFile(compiled.report.metrics.prettyBytes(), for: metrics)) }
    try Outputs.commit(compiled.bundle, with: others)
    if !common.quiet { Console.text(SummaryText.make(compiled.report, files: paths)) }
  }

  private func recipe() throws -> Recipe {
    if !int8, let option = int8Options.first(where: \.isGiven)?.name { throw Refusal.usage("\(option): needs --int8") }
    let isCounted = int8 && (calib.map(CalibrationCount.isCounted) ?? false)
    if isCounted, let effort, effort != .fast {
      throw Refusal.usage(
        "--effort \(effort.rawValue): tries out what images answer, and \(calib ?? "") holds counts, no images: give "
          + "--calib the folder, or leave it out")
    }
    let effort = effort ?? (isCounted ? .fast : .default)
    var recipe = try recipes.recipe()
    recipe.int8 = int8
    recipe.estimator = range ?? (int8 ? effort.estimator : .mse)
    recipe.rounding = int8 ? rounding ?? (moments == nil ? effort.rounding : .compensated) : .nearest
    recipe.biases = int8 ? biases ?? effort.biases : .weights
    recipe.equalizes = int8 ? equalize ?? effort.equalizes : false
    recipe.learnsAgain = int8 && effort == .max
    recipe.target = try targets.target(isQuantizing: int8)
    if recipe.target?.choosesSteps == true,
      let option = rounding.map({ _ in "--rounding" }) ?? biases.map({ _ in "--biases" })
    {
      throw Refusal.usage("\(option): where a size or a cost is asked for, that decides; leave it out")
    }
    if let prune {
      guard prune >= 0, prune < 1 else {
        throw Refusal.usage("--prune \(prune): expected a fraction from 0 to below 1")
      }
      recipe.pruneFraction = prune
    }
    if let pruneChannels {
      guard pruneChannels >= 0, pruneChannels < 1 else {
        throw Refusal.usage("--prune-channels \(pruneChannels): expected a fraction from 0 to below 1")
      }
      recipe.channelFraction = pruneChannels
    }
    recipe.pruneMethod = pruneMethod ?? (calib == nil ? .adaptive : .obs)
    if let name = recipe.keptFloat.first, !int8 { throw Refusal.usage("--keep-float \(name): needs --int8") }
    recipe.store = storage.store ?? .compact
    return recipe
  }

  /// Options that say how numbers become int8, and nothing where they stay float.
  private var int8Options: [(name: String, isGiven: Bool)] {
    [
      ("--moments", moments != nil), ("--range", range != nil), ("--rounding", rounding != nil),
      ("--biases", biases != nil),
      (equalize == false ? "--no-equalize" : "--equalize", equalize != nil), ("--effort", effort != nil),
    ]
  }
}

/// A path with another ending.
func replacingExtension(_ path: String, with ending: String) -> String {
  let slash = path.lastIndex(of: "/")
  let start = slash.map { path.index(after: $0) } ?? path.startIndex
  guard let dot = path[start...].lastIndex(of: "."), dot != start else { return "\(path).\(ending)" }
  return "\(path[..<dot]).\(ending)"
}
