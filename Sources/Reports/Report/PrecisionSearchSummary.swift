import CanonicalJSON
package import Metrics
import Texts

extension Report {
  /// Which nodes stay float so that answers hold a limit, and how they were found.
  package struct PrecisionSearchSummary: Sendable, Equatable {
    /// What is limited.
    package enum Measure: String, Sendable, CaseIterable {
      /// The mean divergence KL(float || compiled), in nats.
      case divergence = "kl"
      /// The mean squared error relative to the square of the outputs, of models that decide nothing.
      case squaredError = "squared_error"
      /// The share of samples that are decided otherwise.
      case disagreement
      /// The accuracy lost if the float model's probabilities are right.
      case drop
    }

    package struct Trial: Sendable, Equatable {
      /// How many nodes were in float.
      package let kept: Int
      /// Their multiply-accumulates.
      package let macs: Int
      /// What the limit was held against: the larger one of what was seen and what was foretold, with its error.
      package let loss: Double

      package init(kept: Int, macs: Int, loss: Double) {
        self.kept = kept
        self.macs = macs
        self.loss = loss
      }
    }

    package struct Kept: Sendable, Equatable {
      package let name: String
      package let op: String
      /// The divergence, or squared error, that it gives back, foretold.
      package let foretold: Double
      /// What its weights take more, before any coding.
      package let extraBytes: Int
      package let macs: Int

      package init(name: String, op: String, foretold: Double, extraBytes: Int, macs: Int) {
        self.name = name
        self.op = op
        self.foretold = foretold
        self.extraBytes = extraBytes
        self.macs = macs
      }
    }

    /// Samples that judged, which had no part in the rounding of weights.
    package let samples: Int
    package let measure: Measure
    /// What may be lost at most.
    package let limit: Double
    /// In the order they were tried; the first has nothing in float but what the user keeps.
    package let trials: [Trial]
    /// The one that was taken.
    package let chosen: Int
    /// What was lost on the samples, and its 95 % interval.
    package let seen: Estimate
    /// The same as samples' margins and their errors foretell it; nil of what is no decision. The limit holds with its
    /// standard error to spare.
    package let foretold: AnalysisReport.Cost?
    /// The nodes that stay float, the most useful first.
    package let kept: [Kept]

    package init(
      samples: Int, measure: Measure, limit: Double, trials: [Trial], chosen: Int, seen: Estimate,
      foretold: AnalysisReport.Cost?, kept: [Kept]
    ) {
      self.samples = samples
      self.measure = measure
      self.limit = limit
      self.trials = trials
      self.chosen = chosen
      self.seen = seen
      self.foretold = foretold
      self.kept = kept
    }
  }
}

extension Report.PrecisionSearchSummary {
  var json: JSON {
    [
      "samples": .int(samples), "measure": .string(measure.rawValue), "limit": .double(limit),
      "candidates": .array(
        trials.map { ["kept": .int($0.kept), "macs": .int($0.macs), "loss": .finite($0.loss)] }),
      "chosen": .int(chosen), "loss": .estimate(seen), "foretold": foretold?.json ?? .null,
      "kept": .array(
        kept.map {
          [
            "name": .string($0.name), "op": .string($0.op), "foretold": .finite($0.foretold),
            "extra_bytes": .int($0.extraBytes), "macs": .int($0.macs),
          ]
        }),
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    var trials: [Trial] = []
    for element in try node.elements(of: "candidates") {
      trials.append(
        Trial(
          kept: try element.count("kept"), macs: try element.count("macs"),
          loss: try element.optional("loss")?.double() ?? .infinity))
    }
    var kept: [Kept] = []
    for element in try node.elements(of: "kept") {
      kept.append(
        Kept(
          name: try element["name"].string(), op: try element["op"].string(),
          foretold: try element.optional("foretold")?.double() ?? 0, extraBytes: try element.count("extra_bytes"),
          macs: try element.count("macs")))
    }
    self.init(
      samples: try node.count("samples"), measure: try node["measure"].choice(), limit: try node["limit"].double(),
      trials: trials, chosen: try node.count("chosen"), seen: try node.estimate("loss") ?? Estimate(.infinity),
      foretold: try node.optional("foretold").map { (node) throws(JSONError) in try AnalysisReport.Cost(node) },
      kept: kept)
  }
}

// MARK: In words

extension Report.PrecisionSearchSummary {
  /// What was lost and what was asked for: `agreement 96.9 % (89.3 … 99.1), 95.2 % by margins, on 64 samples; asked for
  /// 95.0 %; int8 alone 92.2 %`.
  var text: String {
    let interval =
      if let low = seen.low, let high = seen.high, low < high { " (\(range(low, high)))" } else { "" }
    let margins = foretold.map { ", \(figure($0.mean)) by margins," } ?? ""
    let plain = chosen > 0 ? trials.first.map { "; int8 alone \(figure($0.loss))" } ?? "" : ""
    return "\(name) \(figure(seen.value))\(interval)\(margins) on \(Figures.count(samples, "sample")); "
      + "asked for \(figure(limit))\(plain)"
  }

  /// What stays float, the most useful first.
  var keptText: String? {
    guard !kept.isEmpty else { return nil }
    let names = kept.prefix(3).map { Printable.name($0.name) }.joined(separator: ", ")
    let more = kept.count > 3 ? " and \(Figures.grouped(kept.count - 3)) more" : ""
    return "\(Figures.count(kept.count, "node")) in float for it: \(names)\(more)"
  }

  var name: String {
    switch measure {
    case .divergence: "KL"
    case .squaredError: "squared error"
    case .disagreement: "agreement"
    case .drop: "drop"
    }
  }

  /// A loss as it was asked for.
  func figure(_ loss: Double) -> String {
    switch measure {
    case .divergence, .squaredError: Figures.decimal(loss, 5)
    case .disagreement: Figures.percent(1 - loss)
    case .drop: "\(Figures.decimal(100 * loss, 2)) points"
    }
  }

  private func range(_ low: Double, _ high: Double) -> String {
    switch measure {
    case .divergence, .squaredError: "\(Figures.decimal(low, 5)) … \(Figures.decimal(high, 5))"
    case .disagreement: "\(Figures.decimal(100 * (1 - high), 1)) … \(Figures.decimal(100 * (1 - low), 1))"
    case .drop: "\(Figures.decimal(100 * low, 2)) … \(Figures.decimal(100 * high, 2))"
    }
  }
}
