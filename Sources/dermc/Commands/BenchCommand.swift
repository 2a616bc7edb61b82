import ArgumentParser
import Compiler
import Reports

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure how long one inference takes.",
    discussion: """
      Quote the best of many runs: the machine's noise only ever adds.

      EXAMPLES
        dermc bench model.derm --threads 1
        dermc bench model.derm --per-layer
      """)

  @Argument(help: "The model: .onnx or .derm.")
  var model: String

  @Flag(help: "Also show every layer.")
  var perLayer = false

  @Flag(help: "Print JSON, layers included.")
  var json = false

  @Option(help: "Height and width of the input, as 96 or 96x128, where the model leaves them free.")
  var size: String?

  @OptionGroup var arithmetic: MathOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let settings = try DataSettings(size: size)
    let loaded = try LoadedModel(path: model, size: settings.freeSize)
    let result = try Benchmark(loaded, threads: try common.threadCount(), math: try arithmetic.library())
    if json {
      Console.json(result.json)
    } else {
      Console.text(result.text(title: model, perLayer: perLayer))
    }
  }
}
