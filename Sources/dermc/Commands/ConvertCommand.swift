import ArgumentParser
import Compiler
import Tensors
import Texts

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Convert between ONNX and dermc's own format, to plain C or to a web page, with the same outputs.",
    discussion: """
      An int8 bundle becomes ONNX in the QDQ form: int8 tensors between QuantizeLinear and DequantizeLinear.
      Float models keep raw weights in .derm, compiled bundles keep theirs as they were compiled, unless --store says
      otherwise. A folder gets a program in C99 that needs nothing of dermc and computes the same bits: docs/plain-c.md.
      With --web it gets a page that classifies images in the browser and loads nothing from elsewhere: docs/browser.md.

      EXAMPLES
        dermc convert model.onnx -o model.derm
        dermc convert model.derm -o again.onnx
        dermc convert model.derm -o fast.derm --store raw
        dermc convert model.derm -o sure.derm --calibrate-probabilities data/dev --coverage 0.9
        dermc convert model.derm -o model_c/
        dermc convert large.derm -o large_c/ --weights-file
        dermc convert model.derm -o site/ --web
      """)

  @Argument(help: "The model: .onnx, .tflite or .derm.")
  var model: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where to write: .derm, .onnx, or a folder/ for plain C or a page.", valueName: "file"))
  var output: String

  @Flag(help: "Write a web page that runs the model, as index.html in the folder.")
  var web = false

  @Option(help: "Name of the functions and files in plain C; the model's unless given.")
  var name: String?

  @Flag(help: "Write plain C's weights to a file that the app maps or reads, not as arrays in the source.")
  var weightsFile = false

  @OptionGroup var storage: StoreOption

  @OptionGroup(title: "How images become inputs") var preprocessing: PreprocessingOptions

  @OptionGroup(title: "What the answer means") var answer: AnswerOptions
  @OptionGroup(title: "How sure it is") var uncertainty: UncertaintyOptions
  @OptionGroup(title: "What is known of samples") var dataOptions: DataOptions

  @OptionGroup var common: CommonOptions

  func run() throws {
    let format = try Conversion.format(of: output, isWeb: web)
    if format != .plainC, let option = name != nil ? "--name" : weightsFile ? "--weights-file" : nil {
      throw Refusal.usage("\(option): is of plain C, which -o model_c/ asks for")
    }
    switch format {
    case .plainC, .webPage: try PlainCConversion.check(folder: output, name: name)
    case .derm, .onnx: try Outputs.check([output], inputs: [model])
    }
    let settings = try preprocessing.settings(data: dataOptions)
    let certainty = try uncertainty.settings().map {
      BundleCertainty($0, threads: try common.threadCount(), observer: Watcher(common))
    }
    if format != .derm, let data = uncertainty.calibrateProbabilities {
      throw Refusal.usage("--calibrate-probabilities \(data): is kept in bundles, which -o model.derm asks for")
    }
    let loaded = try LoadedModel(path: model, size: settings.freeSize, readsSelfTest: true)
    let warning = try Conversion(
      loaded, to: output, settings: settings, answer: try answer.settings(), store: storage.store,
      certainty: certainty
    ).run(format, name: name, hasWeightsFile: weightsFile)
    guard !common.quiet else { return }
    if let warning { Console.message("warning: \(model): \(warning)") }
    Console.output("written  \(Printable.name(output, limit: 400))")
  }
}
