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
      "The smallest bundle whose answers diverge from the float model's by at most this KL, in nats, on calibration samples apart; layers stay float where int8 alone diverges more.",
      valueName: "kl"))
  var maxKl: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Keep layers in float until at least this many percent of calibration samples apart are decided as the float model does, as 99.5.",
      valueName: "percent"))
  var minAgreement: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Keep layers in float until accuracy drops by at most this many percentage points, as 0.2, by the float model's own probabilities on calibration samples apart.",
      valueName: "points"))
  var maxDrop: Double?

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
    if let minAgreement {
      guard minAgreement > 0, minAgreement <= 100 else {
        throw Refusal.usage("--min-agreement \(minAgreement): expected a percentage above 0, up to 100, as 99.5")
      }
      targets.append(("--min-agreement", .agreement(minAgreement / 100)))
    }
    if let maxDrop {
      guard maxDrop >= 0, maxDrop < 100 else {
        throw Refusal.usage("--max-drop \(maxDrop): expected percentage points from 0 to below 100, as 0.2")
      }
      targets.append(("--max-drop", .drop(maxDrop / 100)))
    }
    guard let first = targets.first else { return nil }
    guard targets.count == 1 else {
      throw Refusal.usage("\(first.option) and \(targets[1].option) exclude each other: give one")
    }
    guard isQuantizing else { throw Refusal.usage("\(first.option): needs --int8 and --calib DIR") }
    return first.target
  }
}
