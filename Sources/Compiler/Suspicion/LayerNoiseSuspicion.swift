package import Reports
import Texts

/// Layers whose noise of quantization is more than a tenth of their signal.
package enum LayerNoiseSuspicion {
  static let leastDecibels = 10.0

  package static func sentence(_ layers: [LayerReport]) -> String? {
    let noisy = layers.filter { ($0.outputSQNR ?? .infinity) < leastDecibels }
    guard let worst = noisy.min(by: { ($0.outputSQNR ?? 0) < ($1.outputSQNR ?? 0) }) else { return nil }
    let (own, all) = (macs(noisy), macs(layers))
    let share = all > 0 ? Figures.percent(own / all) + " of the MACs" : Figures.count(layers.count, "layer") + " in all"
    let least = "\(Printable.name(worst.name)) (\(worst.op), \(Figures.decibels(worst.outputSQNR)))"
    let count = noisy.count == 1 ? "layer \(least) is" : "\(Figures.count(noisy.count, "layer")) are"
    return "\(count) below \(Figures.decimal(leastDecibels, 0)) dB (\(share))"
      + (noisy.count == 1 ? "" : ", least of all \(least)")
      + ": give more calibration samples, or another --range"
  }

  private static func macs(_ layers: [LayerReport]) -> Double { layers.reduce(0) { $0 + Double($1.macs) } }
}
