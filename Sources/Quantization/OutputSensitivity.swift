package import IR
package import Tensors

/// How much a network's answer suffers from errors at the outputs of a layer, or in a value, for each channel.
///
/// With g the gradient of a random change of the answer (`SensitivityMeasure`), per image
///
///     noise_c = E sum over positions of g_c^2           shift_c = E (sum over positions of g_c)^2
///
/// Errors that differ from position to position at random, with variance s_c^2, then cost about
/// 1/2 sum of noise_c s_c^2 in divergence KL(float || other) of the answer; one e_c that is the same at all positions
/// costs 1/2 sum of shift_c e_c^2.
package struct OutputSensitivity: Sendable, Equatable {
  package let noise: [Double]
  package let shift: [Double]

  package init(noise: [Double], shift: [Double]) {
    self.noise = noise
    self.shift = shift
  }

  /// The least that a channel's noise is counted as: one that the samples showed to matter less than 1 / 10,000 of the
  /// middle one may matter more on others.
  var noiseFloor: Double {
    let known = noise.filter { $0 > 0 }
    return known.isEmpty ? 0 : 1e-4 * known.sorted()[known.count / 2]
  }
}

/// The sensitivities of a network, as far as they are known.
package struct NetworkSensitivity: Sendable {
  /// To errors in what a layer with weights computes before its activation, by its output. Channels are the layer's
  /// outputs.
  package internal(set) var layers: [ValueID: OutputSensitivity] = [:]
  /// To errors in the values that were asked for. Channels are those that a layer behind them meets
  /// with weights of their own.
  package internal(set) var values: [ValueID: OutputSensitivity] = [:]
  /// Why those of a layer or a value are not known: the operator behind it that has no gradient.
  package internal(set) var unknown: [ValueID: Refusal] = [:]
  /// How many samples they are means over.
  package internal(set) var samples = 0
  /// How many were left out because a gradient was NaN or infinite.
  package internal(set) var notFinite = 0
}
