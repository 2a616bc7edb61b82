import ArgumentParser
import Compiler
import Texts

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Convert between ONNX and dermc's own format, with the same outputs.",
    discussion: """
      An int8 bundle becomes ONNX in the QDQ form: int8 tensors between QuantizeLinear and DequantizeLinear.
      Float models keep raw weights in .derm, compiled bundles keep theirs as they were compiled, unless --store says
      otherwise.

      EXAMPLES
        dermc convert model.onnx -o model.derm
        dermc convert model.derm -o again.onnx
        dermc convert model.derm -o fast.derm --store raw
      """)

  @Argument(help: "The model: .onnx, .tflite or .derm.")
  var model: String

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write: .derm or .onnx.", valueName: "file"))
  var output: String

  @OptionGroup var storage: StoreOption

  @OptionGroup(title: "How images become inputs") var preprocessing: PreprocessingOptions

  @OptionGroup(title: "What the answer means") var answer: AnswerOptions
  @OptionGroup var labels: LabelOption

  @OptionGroup var common: CommonOptions

  func run() throws {
    try Conversion.checkName(output)
    try Outputs.check([output], inputs: [model])
    let settings = try preprocessing.settings(labels: labels)
    let loaded = try LoadedModel(path: model, size: settings.freeSize, readsSelfTest: true)
    try Conversion(
      loaded, to: output, settings: settings, answer: try answer.settings(), store: storage.store
    ).run()
    if !common.quiet { Console.output("written  \(Printable.name(output, limit: 400))") }
  }
}
