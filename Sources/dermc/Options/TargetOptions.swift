import ArgumentParser
import Reports
import Tensors
import Texts

/// How small the bundle is to be, or how near its answers: one of them.
struct TargetOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Coarser steps of weights until the bundle takes at most this: bytes, or with KB, MB (1000) or KiB, MiB (1024).",
      valueName: "size"))
  var targetSize: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Coarser steps of weights until the bundle is this many times smaller.", valueName: "factor"))
  var targetRatio: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The smallest bundle whose answers diverge from the float model's by at most this KL, in nats, on calibration samples apart.",
      valueName: "kl"))
  var maxKl: Double?

  /// What was asked for; nil where nothing was.
  ///
  /// - Parameter isQuantizing: whether --int8 is given
  func target(isQuantizing: Bool) throws -> Recipe.Target? {
    var targets: [(option: String, target: Recipe.Target)] = []
    if let text = targetSize {
      guard let bytes = ByteCount.parse(text), bytes > 0 else {
        throw Refusal.usage("--target-size \(text): expected bytes, as in 900KB, 0.8MB or 850000")
      }
      targets.append(("--target-size", .bytes(bytes)))
    }
    if let targetRatio {
      guard targetRatio > 1, targetRatio.isFinite else {
        throw Refusal.usage("--target-ratio \(targetRatio): expected how many times smaller, above 1")
      }
      targets.append(("--target-ratio", .ratio(targetRatio)))
    }
    if let maxKl {
      guard maxKl > 0, maxKl.isFinite else { throw Refusal.usage("--max-kl \(maxKl): expected a divergence above 0") }
      targets.append(("--max-kl", .cost(maxKl)))
    }
    guard let first = targets.first else { return nil }
    guard targets.count == 1 else {
      throw Refusal.usage("\(first.option) and \(targets[1].option) exclude each other: give one")
    }
    guard isQuantizing else { throw Refusal.usage("\(first.option): needs --int8 and --calib DIR") }
    return first.target
  }
}
