import ArgumentParser
import Compiler
import Quantization
import Tensors
import Texts

struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Count what a model's values are on samples, or a part of them, for compile --calib.",
    discussion: """
      The file holds counts, no images. Parts may be counted anywhere and merged in any order: the bundle that dermc
      compile makes of them is the same as from one run over all samples. A shard is by position among the samples that
      --samples chooses, in the order of their paths.

      EXAMPLES
        dermc calibrate model.onnx data/calib -o all.calib
        dermc calibrate model.onnx data/calib --shard 3/16 -o part3.calib
        dermc calibrate model.onnx data/calib --shard 3/16 --samples 100000 --seed 1 -o part3.calib
        dermc calibrate model.onnx files.txt --anonymous --min-samples 50 -o here.calib
        dermc calibrate model.onnx images --site basel --anonymous --min-samples 50 -o basel.calib
        dermc merge part*.calib -o all.calib
        dermc compile model.onnx --int8 --calib all.calib --eval data/val
        dermc calibrate model.onnx data/calib --moments all.calib --shard 3/16 -o part3.moments
      """)

  @Argument(help: "The float model: .onnx, .tflite or .derm.")
  var model: String

  @Argument(
    help: ArgumentHelp(
      "Folder of images or tensors like those the model will see; or a list of files, .txt or .csv, or tars.",
      valueName: "data")
  )
  var data: String

  @Option(
    help: ArgumentHelp(
      """
      Gather second moments of what layers multiply, by which compile --moments rounds weights, in the int8 network \
      that these counts of the same samples give.
      """, valueName: "counts"))
  var moments: String?

  @Option(help: "How ranges of activations are chosen for --moments, as for compile; mse unless given.")
  var range: RangeEstimator?

  @Option(
    help: ArgumentHelp(
      "For --moments: keep this node in float, as for compile. May be given several times.", valueName: "node"))
  var keepFloat: [String] = []

  @Option(help: ArgumentHelp("Which part of how many to count, as 3/16; all unless given.", valueName: "i/n"))
  var shard: String?

  @Option(parsing: .unconditional, help: "Choose this many samples of all, by --seed, before they are divided.")
  var samples: Int?

  @Option(help: "Seed of the choice of samples.")
  var seed: UInt64 = 0

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the counts.", valueName: "file"))
  var output: String

  @Flag(help: "Refuse whatever there is a warning of, such as samples that cannot be read.")
  var strict = false

  @OptionGroup(title: "Parts that leave a house") var part: PartOptions
  @OptionGroup(title: "How images become inputs") var preprocessing: PreprocessingOptions
  @OptionGroup(title: "What is known of samples") var dataOptions: DataOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    if let samples, samples < 1 { throw Refusal.usage("--samples \(samples): expected at least 1") }
    var count = CalibrationCount(
      model: model, data: data, settings: try preprocessing.settings(data: dataOptions), output: output,
      threads: try common.threadCount())
    if let moments {
      var request = MomentRequest(counts: moments)
      request.estimator = range ?? request.estimator
      request.keptFloat = keepFloat
      count.moments = request
    } else if let option = range.map({ "--range \($0.rawValue)" }) ?? keepFloat.first.map({ "--keep-float \($0)" }) {
      throw Refusal.usage("\(option): says how counts are used: give it to dermc compile, or here with --moments FILE")
    }
    if let shard { count.shard = try Shard(shard) }
    count.samples = samples
    count.seed = seed
    count.isStrict = strict
    count.site = part.site
    count.isAnonymous = part.anonymous
    count.fewestSamples = part.minSamples
    try Outputs.check([output], inputs: [model, data] + (moments.map { [$0] } ?? []))
    let result = try count.run(observer: Watcher(common))
    try result.file.commit()
    if !common.quiet { Console.output("\(Printable.name(output, limit: 400)): \(result.text)") }
  }
}
