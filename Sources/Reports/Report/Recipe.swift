package import Bundles
package import CanonicalJSON
package import Quantization

/// How much time a compilation takes so that less is lost.
package enum Effort: String, Sendable, CaseIterable {
  /// Ranges come from one pass over the calibration samples, by `mse`; weights are rounded to nearest.
  case fast
  /// Ranges are those of the estimator, and weights those of the rounding, that cost least at the network's output.
  case `default`
  /// What is chosen is learned again from all calibration samples, those that judged included.
  case max

  /// The estimator of ranges; nil where it is searched.
  package var estimator: RangeEstimator? { self == .fast ? .mse : nil }

  /// How weights are rounded; nil where it is searched.
  package var rounding: WeightRounding.Method? { self == .fast ? .nearest : nil }

  /// What biases make up for; nil where it is searched.
  package var biases: BiasMethod? { self == .fast ? .weights : nil }

  /// Whether channels are equalized; nil where it is searched.
  package var equalizes: Bool? { self == .fast ? false : nil }
}

/// Everything that decides what a compilation does.
///
/// With the source file and the calibration data it determines the bundle's bytes.
package struct Recipe: Sendable, Equatable {
  package enum PruneScope: String, Sendable, CaseIterable {
    case global
    case layer
  }

  /// What tells weights that go from those that stay.
  package enum PruneMethod: String, Sendable, CaseIterable {
    /// Their magnitudes.
    case magnitude
    /// The share they have of their layer.
    case adaptive
    /// What the answer loses on calibration samples; the weights that stay make up for those that go.
    case obs
  }

  /// How a bundle holds weights.
  package enum Store: String, Sendable, CaseIterable {
    /// Coded so that the file is small; expanded when it is read.
    case compact
    /// As they are: a larger file that loads faster, as weights are read where they lie in it.
    case raw

    package var compression: BundleWriter.Compression { self == .raw ? .rawConstants : .smallest }
  }

  /// What a compilation is to reach: steps of weights that are coarser than int8 makes them, or layers that stay float.
  package enum Target: Sendable, Equatable {
    /// A bundle of at most so many bytes.
    case bytes(Int)
    /// A bundle so many times smaller than the model.
    case ratio(Double)
    /// The smallest bundle whose answers are, by the mean, at most this far from the float model's: the divergence
    /// KL(float || int8) in nats, or the relative squared error of models that decide nothing.
    case cost(Double)
    /// At least this share of the samples decided as the float model does; the fewest layers in float.
    case agreement(Double)
    /// At most this share of the samples no longer decided rightly, if the float model's probabilities are right; the
    /// fewest layers in float.
    case drop(Double)

    /// Whether steps of weights are chosen for it, and with them how weights are rounded.
    package var choosesSteps: Bool {
      switch self {
      case .bytes, .ratio, .cost: true
      case .agreement, .drop: false
      }
    }
  }

  package var int8 = false
  /// How ranges of activations are chosen; nil for the estimator that costs least at the network's output.
  package var estimator: RangeEstimator? = .mse
  /// How weights are rounded; nil for the way that costs least at the network's output.
  package var rounding: WeightRounding.Method? = .nearest
  package var correctsBias = true
  /// What biases make up for, where they do; nil for what costs least at the network's output.
  package var biases: BiasMethod? = .weights
  /// Whether channels of activations are scaled against each other; nil for what costs less at the network's output.
  package var equalizes: Bool? = false
  /// Names of nodes that stay float.
  package var keptFloat: [String] = []
  /// Whether rounded weights and biases that were chosen are learned again from all samples.
  package var learnsAgain = false
  /// What to reach; nil for plain int8.
  package var target: Target?
  /// The fraction of weights to zero, 0 for none.
  package var pruneFraction = 0.0
  /// The fraction of multiplications to save by removing channels, 0 for none.
  package var channelFraction = 0.0
  package var pruneScope = PruneScope.global
  package var pruneMethod = PruneMethod.magnitude
  /// How many calibration samples to use, nil for all.
  package var samples: Int?
  package var seed: UInt64 = 0
  package var store = Store.compact

  /// What stands for an estimator or a rounding where none was asked for.
  package static let searched = "auto"
  private static let equalized = "always"

  package init() {}

  /// Whether something is taken away from the model.
  package var isPruning: Bool { pruneFraction > 0 || channelFraction > 0 }

  /// Whether the network's output decides something.
  package var isSearched: Bool { estimator == nil || rounding == nil || biases == nil || equalizes == nil }

  /// The recipe as the bundle's provenance stores it.
  package var json: JSON {
    var members: JSONObject = [
      "int8": .bool(int8),
      "range": .string(estimator?.rawValue ?? Recipe.searched),
      "bias_correction": .bool(correctsBias),
      "prune": .double(pruneFraction),
      "prune_scope": .string(pruneScope.rawValue),
      "samples": samples.map { .int($0) } ?? .null,
      "seed": .int(Int(truncatingIfNeeded: seed)),
      "store": .string(store.rawValue),
    ]
    if rounding != .nearest { members["rounding"] = .string(rounding?.rawValue ?? Recipe.searched) }
    if biases != .weights { members["biases"] = .string(biases?.rawValue ?? Recipe.searched) }
    if equalizes != false { members["equalize"] = .string(equalizes == nil ? Recipe.searched : Recipe.equalized) }
    if !keptFloat.isEmpty { members["keep_float"] = .strings(keptFloat) }
    if learnsAgain { members["learn_again"] = .bool(true) }
    if let target { members["target"] = target.json }
    if channelFraction > 0 { members["prune_channels"] = .double(channelFraction) }
    if isPruning { members["prune_method"] = .string(pruneMethod.rawValue) }
    return .object(members)
  }

  /// Reads what `json` writes; what is missing is as it is unless asked for.
  package init(_ node: JSONNode) throws(JSONError) {
    int8 = try node.optional("int8")?.bool() ?? int8
    if let range = try node.optional("range") {
      estimator = try range.string() == Recipe.searched ? nil : try range.choice()
    }
    if let node = try node.optional("rounding") {
      rounding = try node.string() == Recipe.searched ? nil : try node.choice()
    }
    if let node = try node.optional("biases") {
      biases = try node.string() == Recipe.searched ? nil : try node.choice()
    }
    if let node = try node.optional("equalize") {
      equalizes = try node.string() == Recipe.searched ? nil : true
    }
    correctsBias = try node.optional("bias_correction")?.bool() ?? correctsBias
    keptFloat = try node.optional("keep_float")?.strings() ?? keptFloat
    pruneFraction = try node.optional("prune")?.double() ?? pruneFraction
    pruneScope = try node.optional("prune_scope")?.choice() ?? pruneScope
    channelFraction = try node.optional("prune_channels")?.double() ?? channelFraction
    pruneMethod = try node.optional("prune_method")?.choice() ?? pruneMethod
    samples = try node.optional("samples")?.int()
    if let node = try node.optional("seed") { seed = UInt64(bitPattern: Int64(try node.int())) }
    store = try node.optional("store")?.choice() ?? store
    learnsAgain = try node.optional("learn_again")?.bool() ?? learnsAgain
    target = try node.optional("target").map { (node) throws(JSONError) in try Target(node) }
  }
}

extension Recipe.Target {
  /// One member, named after what is asked for.
  fileprivate var json: JSON {
    switch self {
    case .bytes(let bytes): ["bytes": .int(bytes)]
    case .ratio(let ratio): ["ratio": .double(ratio)]
    case .cost(let cost): ["cost": .double(cost)]
    case .agreement(let share): ["agreement": .double(share)]
    case .drop(let drop): ["drop": .double(drop)]
    }
  }

  fileprivate init(_ node: JSONNode) throws(JSONError) {
    if let bytes = try node.optional("bytes") {
      self = .bytes(try bytes.int())
    } else if let ratio = try node.optional("ratio") {
      self = .ratio(try ratio.double())
    } else if let share = try node.optional("agreement") {
      self = .agreement(try share.double())
    } else if let drop = try node.optional("drop") {
      self = .drop(try drop.double())
    } else {
      self = .cost(try node["cost"].double())
    }
  }
}
