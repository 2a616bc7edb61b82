import ArgumentParser
import Compiler
import Reports

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure how long one inference takes.",
    discussion: """
      Quote the best of many runs: the machine's noise only ever adds.

      --per-layer shows each layer's time, its multiply-accumulates per second, and what part that is of the most this
      machine can do, which is measured at the same time; then the layers that lose most time to that limit.
      With --against both models run in turn, and layers that compute the same nodes stand side by side.

      The environment variable DERMC_ISA caps the instruction set: scalar, avx2, avxvnni, avx512, avx512vnni, amx; neon,
      neondot, neoni8mm. Results are the same bits under each; it is there to test and to compare speeds.

      EXAMPLES
        dermc bench model.derm --threads 1
        dermc bench model.derm --per-layer --threads 1
        dermc bench model.derm --against model.onnx --per-layer
        dermc bench model.derm --per-layer --unfused
        DERMC_ISA=avx2 dermc bench model.derm
      """)

  @Argument(help: "The model: .onnx, .tflite or .derm.")
  var model: String

  @Option(help: ArgumentHelp("A model to measure in turn with it: the float original.", valueName: "model"))
  var against: String?

  @Flag(help: "Also show every layer, and which are furthest from the machine's limit.")
  var perLayer = false

  @Flag(help: "Run each layer on its own, also those that are otherwise computed together, band by band of rows.")
  var unfused = false

  @Flag(help: "Print JSON, layers included.")
  var json = false

  @Option(help: "Height and width of the input, as 96 or 96x128, where the model leaves them free.")
  var size: String?

  @OptionGroup var arithmetic: MathOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let settings = try DataSettings(size: size)
    let result = try Benchmark(
      model, against: against, measuresPeak: perLayer || json, threads: try common.threadCount(),
      math: arithmetic.math, size: settings.freeSize, fusesRows: !unfused
    ).run()
    if json {
      Console.json(result.json)
    } else {
      Console.text(BenchText.make(result, perLayer: perLayer))
    }
  }
}
