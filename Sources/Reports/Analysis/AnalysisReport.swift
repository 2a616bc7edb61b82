import Texts

/// What rounding to int8 costs a model's answers, place by place.
package struct AnalysisReport: Sendable {
  /// A mean over samples, and its standard error.
  package struct Cost: Sendable, Equatable {
    package let mean: Double
    package let standardError: Double

    package init(mean: Double, standardError: Double) {
      self.mean = mean
      self.standardError = standardError
    }
  }

  /// What is rounded.
  package enum Kind: String, Sendable {
    /// The weights and the bias of a layer.
    case weights
    /// What a layer, or any other node, gives.
    case output
    /// What the model is given.
    case input
  }

  package struct Place: Sendable {
    /// The node, or the input of the model.
    package let name: String
    /// Empty for an input.
    package let op: String
    package let kind: Kind
    /// Of this place alone, foretold; nil where that is not known.
    package let foretold: Cost?
    /// Of this and all places before it, foretold.
    package let foretoldUpTo: Double?
    /// Why it is not known.
    package let reason: String
    /// Layers that this place's rounding ends with, if they are kept in float.
    package let layers: [String]
    /// How many bytes larger these layers then are.
    package let extraBytes: Int
    /// Of this place alone, measured.
    package var measured: Cost?

    package init(
      name: String, op: String, kind: Kind, foretold: Cost?, foretoldUpTo: Double?, reason: String, layers: [String],
      extraBytes: Int
    ) {
      self.name = name
      self.op = op
      self.kind = kind
      self.foretold = foretold
      self.foretoldUpTo = foretoldUpTo
      self.reason = reason
      self.layers = layers
      self.extraBytes = extraBytes
    }
  }

  package let model: String
  /// Samples that costs are means over; ranges were taken from `rangingSamples` others.
  package let samples: Int
  package let rangingSamples: Int
  /// How ranges were chosen.
  package let estimator: String
  /// Layers whose channels were scaled against each other before.
  package var equalizedLayers = 0
  /// Whether costs are divergences in nats, else squared errors relative to the square of the outputs.
  package let isDivergence: Bool
  /// In the order of the network.
  package var places: [Place]
  /// Of all weights, all values, and everything, foretold.
  package let weights: Cost
  package let values: Cost
  package let together: Cost
  /// Of the int8 network, measured.
  package let measured: Cost
  /// The fraction of samples that it decides as the float network does; nil for models that decide nothing.
  package let agreement: Double?

  package init(
    model: String, samples: Int, rangingSamples: Int, estimator: String, isDivergence: Bool, places: [Place],
    weights: Cost, values: Cost, together: Cost, measured: Cost, agreement: Double?
  ) {
    self.model = model
    self.samples = samples
    self.rangingSamples = rangingSamples
    self.estimator = estimator
    self.isDivergence = isDivergence
    self.places = places
    self.weights = weights
    self.values = values
    self.together = together
    self.measured = measured
    self.agreement = agreement
  }

  /// Positions of the places whose cost is known, the worst first.
  package var ranking: [Int] {
    places.indices.filter { places[$0].foretold != nil }
      .sorted { (cost($1), $0) < (cost($0), $1) }
  }

  /// What was done to the network before; nil where nothing was.
  var equalizedText: String? {
    equalizedLayers > 0 ? "channels of \(Figures.count(equalizedLayers, "layer")) equalized" : nil
  }

  func cost(_ index: Int) -> Double { places[index].foretold?.mean ?? 0 }

  /// The sum of what the places cost alone.
  var sum: Double { places.indices.reduce(0) { $0 + cost($1) } }
}

// MARK: What to do about it

extension AnalysisReport {
  /// Below this, divergences are those of rounding errors that no decision hangs on.
  private static let littleCost = 0.001
  /// A place with this share of the sum is worth being named.
  private static let largeShare = 0.1
  /// Fewer samples than these say little about ranges.
  private static let fewSamples = 32
  private static let mostAdvice = 3

  /// What to do, in plain words, the most useful first.
  package var advice: [String] {
    var lines: [String] = []
    if isDivergence, measured.mean < AnalysisReport.littleCost, agreement ?? 1 >= 0.99 {
      lines.append("int8 changes the answers very little: there is nothing to be done")
    } else {
      lines += ranking.filter { cost($0) >= AnalysisReport.largeShare * sum }.prefix(AnalysisReport.mostAdvice)
        .compactMap { remedy(places[$0], share: cost($0) / sum) }
      if lines.isEmpty {
        lines.append("no place stands out: costs are spread, and few layers in float would change little")
      }
    }
    if measured.mean > 2 * together.mean + 2 * measured.standardError {
      lines.append(
        "int8 costs more than is foretold: errors are too large for it, so go by what is measured")
    }
    if samples + rangingSamples < AnalysisReport.fewSamples {
      lines.append("\(samples + rangingSamples) images are few: give more, so that ranges hold what the model will see")
    } else if values.mean > 4 * weights.mean, lines.count < 2 {
      lines.append("most is lost in values, not in weights: more calibration images or another --range may help")
    }
    return lines
  }

  private func remedy(_ place: Place, share: Double) -> String? {
    guard !place.layers.isEmpty else { return nil }
    let name = AnalysisReport.whole(place.name)
    let what: String
    switch place.kind {
    case .weights: what = "the weights of \(name)"
    case .output: what = "the output of \(name)"
    case .input: what = "the input \(name)"
    }
    let options = place.layers.map { "--keep-float \(AnalysisReport.whole($0))" }.joined(separator: " ")
    let price = place.extraBytes > 0 ? ", for \(Figures.bytes(place.extraBytes)) more" : ""
    return "\(what): \(Figures.percent(share, 0)) of the sum; dermc compile \(options) avoids it\(price)"
  }

  /// A name that has to be typed again is not shortened.
  private static func whole(_ name: String) -> String { Printable.name(name, limit: 400) }
}
