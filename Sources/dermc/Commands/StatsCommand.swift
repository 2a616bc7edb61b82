import ArgumentParser
import Compiler
import Reports

struct StatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Count a model's parameters, MACs, FLOPs, bytes and activation memory.",
    discussion: """
      MACs are those of convolutions and matrix products; FLOPs = 2 x MACs.

      EXAMPLES
        dermc stats model.onnx
        dermc stats model.derm --per-layer
        dermc stats model.onnx --memory --json
      """)

  @Argument(help: "The model: .onnx, .tflite or .derm.")
  var model: String

  @Flag(help: "Also list every layer.")
  var perLayer = false

  @Flag(help: "Also tell what running the model takes of memory here; this makes it ready to run, weights packed.")
  var memory = false

  @Flag(help: "Print JSON, layers included.")
  var json = false

  @Option(help: "Height and width of the input, as 96 or 96x128, where the model leaves them free.")
  var size: String?

  @OptionGroup var common: CommonOptions

  func run() throws {
    let found = try Counting(model, size: DataSettings(size: size).freeSize, plansMemory: memory).run()
    if json {
      Console.json(found.statistics.json(perLayer: true))
    } else {
      Console.text(StatsText.make(found.statistics, title: model, fileBytes: found.fileBytes, perLayer: perLayer))
    }
  }
}
