import ArgumentParser
import Compiler

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Convert between ONNX and dermc's own format, with the same outputs.",
    discussion: """
      EXAMPLES
        dermc convert model.onnx -o model.derm
        dermc convert model.derm -o again.onnx
      """)

  @Argument(help: "The model: .onnx or .derm.")
  var model: String

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write: .derm or .onnx.", valueName: "file"))
  var output: String

  @OptionGroup(title: "How images become inputs") var preprocessing: PreprocessingOptions

  func run() throws {
    guard output != model else {
      throw Diagnostic.usage("the output would replace the model: give another name with -o")
    }
    let settings = try preprocessing.settings()
    let loaded = try LoadedModel(path: model, size: settings.freeSize)
    try Conversion(loaded, settings: settings).write(to: output)
  }
}
