package import CanonicalJSON
package import Runtime

/// Everything a compilation has to say about itself, as plain values.
///
/// Nothing here names a folder, a clock or a host: the same model, recipe and data give the same report.
package struct Report: Sendable, Equatable {
  /// The version of the JSON form; a change of a field's meaning or name raises it.
  package static let schema = 1

  /// The version of dermc that compiled.
  package var dermc: String
  package var source: Source
  /// What was asked for; nil where a report does not say.
  package var recipe: Recipe?
  /// The file that was written.
  package var bundle: BundleFile?
  /// The figures of the source model, without layers; nil where a report does not have them.
  package var stats: ModelStatistics?
  package var compiled: CompiledFigures
  /// What the model's answer means.
  package var answer: AnswerSummary?
  /// How images became inputs, as the bundle stores it; null where none did.
  package var preprocessing: JSON = .null
  /// What was pruned; nil where nothing was.
  package var pruning: PruningSummary?
  /// What channels were removed; nil where none were to be.
  package var channels: ChannelSummary?
  package var calibration: CalibrationSummary?
  /// The samples ranges were taken from, and those the models were compared on.
  package var calibrationData: DataSummary?
  package var evaluationData: DataSummary?
  package var accuracy: AccuracyReport?
  /// How sure answers are to be taken; nil where that was not asked for.
  package var uncertainty: UncertaintyReport?
  /// Whether both models look at the same places; nil where that was not asked for.
  package var explanations: ExplanationFidelity?
  package var passes: [PassSummary] = []
  package var layers: [LayerReport] = []
  package var warnings: [String] = []
  /// What both models say of each labelled sample; nil where that was not asked for.
  package var predictions: AnsweredSamples?

  package init(dermc: String, source: Source, recipe: Recipe?, stats: ModelStatistics?, compiled: CompiledFigures) {
    self.dermc = dermc
    self.source = source
    self.recipe = recipe
    self.stats = stats
    self.compiled = compiled
  }

  /// The model file that went in.
  package struct Source: Sendable, Equatable {
    /// The file's name, without its folders.
    package let file: String
    package let format: String
    package let bytes: Int
    package let sha256: String

    /// - Parameter path: where the file is; only its last part is kept
    package init(path: String, format: String, bytes: Int, sha256: String) {
      file = Report.fileName(path)
      self.format = format
      self.bytes = bytes
      self.sha256 = sha256
    }
  }

  package struct BundleFile: Sendable, Equatable {
    /// The file's name, without its folders.
    package let file: String
    package let bytes: Int
    package let sha256: String
    package let sections: [SectionSize]

    /// What is not in sections: header, table of contents, the padding between sections.
    package var containerBytes: Int { max(0, bytes - sections.reduce(0) { $0 + $1.storedBytes }) }

    /// - Parameter path: where the file is; only its last part is kept
    package init(path: String, bytes: Int, sha256: String, sections: [SectionSize]) {
      file = Report.fileName(path)
      self.bytes = bytes
      self.sha256 = sha256
      self.sections = sections
    }
  }

  package struct SectionSize: Sendable, Equatable {
    package let name: String
    package let codec: String
    package let rawBytes: Int
    package let storedBytes: Int

    package init(name: String, codec: String, rawBytes: Int, storedBytes: Int) {
      self.name = name
      self.codec = codec
      self.rawBytes = rawBytes
      self.storedBytes = storedBytes
    }
  }

  /// What the compiled model is made of.
  package struct CompiledFigures: Sendable, Equatable {
    package var parameters: Int
    package var macs: Int
    /// Bytes of constants before any coding.
    package var bytes: Int
    /// As `ModelStatistics.peakActivationBytes`.
    package var peakActivationBytes: Int
    /// What running it takes on the machine that compiled.
    package var memory: PlanMemory
    /// MACs without those by weights that are zero.
    package var effectiveMACs: Int

    package init(
      parameters: Int, macs: Int, bytes: Int, peakActivationBytes: Int, memory: PlanMemory, effectiveMACs: Int
    ) {
      self.parameters = parameters
      self.macs = macs
      self.bytes = bytes
      self.peakActivationBytes = peakActivationBytes
      self.memory = memory
      self.effectiveMACs = effectiveMACs
    }
  }

  /// Which output decides, and what its numbers mean.
  package struct AnswerSummary: Sendable, Equatable {
    /// In words: `binary (one logit, threshold 0.5000), positive: mel`.
    package let description: String
    /// As the bundle stores it.
    package let stored: JSON

    package init(description: String, stored: JSON) {
      self.description = description
      self.stored = stored
    }
  }

  /// Which samples were used: the same files give the same hash, wherever they lie and whatever they are called.
  package struct DataSummary: Sendable, Equatable {
    package let count: Int
    package let sha256: String

    package init(count: Int, sha256: String) {
      self.count = count
      self.sha256 = sha256
    }
  }

  /// What became of weights that could be set to zero.
  package struct PruningSummary: Sendable, Equatable {
    /// `magnitude`, `adaptive` or `obs`.
    package let method: String
    /// The weights of layers that are pruned, and how many of them are zero.
    package let weights: Int
    package let zeros: Int
    /// What removing a weight may cost the answer at most; nil where that was not measured.
    package let threshold: Double?

    package init(method: String, weights: Int, zeros: Int, threshold: Double?) {
      self.method = method
      self.weights = weights
      self.zeros = zeros
      self.threshold = threshold
    }
  }

  /// What became of channels that could be removed, each counted once however many values have it.
  package struct ChannelSummary: Sendable, Equatable {
    /// `magnitude`, `adaptive` or `obs`.
    package let method: String
    package let channels: Int
    package let removed: Int
    /// Multiplications before and after.
    package let macsBefore: Int
    package let macs: Int

    package init(method: String, channels: Int, removed: Int, macsBefore: Int, macs: Int) {
      self.method = method
      self.channels = channels
      self.removed = removed
      self.macsBefore = macsBefore
      self.macs = macs
    }
  }

  package struct CalibrationSummary: Sendable, Equatable {
    /// Samples the ranges were taken from.
    package var samples: Int
    /// Samples kept out of calibration to compare float and compiled on.
    package var heldBack: Int
    /// Samples that could not be read.
    package var skipped: [SkippedFile]
    /// In how many parts they were counted before; nil where the compilation looked at them itself.
    package var parts: Int?
    /// In how many parts second moments were gathered before; nil where they come from no file.
    package var momentParts: Int?
    /// The sites that counted them, where they have names.
    package var sites: [String] = []
    /// How ranges were chosen: `mse`, `minmax`, ...
    package var estimator: String
    package var seed: Int
    /// How the estimator was found; nil where it was asked for.
    package var search: SearchSummary?
    /// The layers whose channels were equalized.
    package var equalizedLayers = 0
    /// How it was found out whether to equalize; nil where there was nothing to.
    package var channelSearch: SearchSummary?
    /// How weights were rounded: `nearest` or `compensated`.
    package var rounding = "nearest"
    /// What biases make up for: `weights` or `network`.
    package var biases = "weights"
    /// How both were found, in this order; nil where they were asked for.
    package var weightSearch: SearchSummary?
    /// How the steps of weights were found; nil where they are those of plain int8.
    package var steps: StepSearchSummary?
    /// Which nodes stay float for the answers' sake; nil where no limit asked for it.
    package var precision: PrecisionSearchSummary?

    package init(samples: Int, heldBack: Int, skipped: [SkippedFile] = [], estimator: String, seed: Int) {
      self.samples = samples
      self.heldBack = heldBack
      self.skipped = skipped
      self.estimator = estimator
      self.seed = seed
    }
  }

  /// What each way of doing something cost at the network's output.
  package struct SearchSummary: Sendable, Equatable {
    package struct Candidate: Sendable, Equatable {
      /// One for each thing that was chosen.
      package let names: [String]
      /// The mean over samples of the divergence from the float model, or of the relative squared error.
      package let cost: Double
      package let standardError: Double

      package init(_ names: [String], cost: Double, standardError: Double) {
        self.names = names
        self.cost = cost
        self.standardError = standardError
      }

      package var name: String { names.joined(separator: " + ") }
    }

    /// Samples the candidates were judged on, which took no part in making them.
    package let samples: Int
    /// Whether costs are divergences KL(float || int8); else relative squared errors.
    package let isDivergence: Bool
    package let candidates: [Candidate]

    package init(samples: Int, isDivergence: Bool, candidates: [Candidate]) {
      self.samples = samples
      self.isDivergence = isDivergence
      self.candidates = candidates
    }
  }

  /// How the steps of weights were found that a target asked for.
  package struct StepSearchSummary: Sendable, Equatable {
    package struct Candidate: Sendable, Equatable {
      /// The number T that all steps follow from.
      package let distortion: Double
      /// The bundle's size.
      package let bytes: Int
      /// The mean over samples of the divergence from the float model, or of the relative squared error; nil where it
      /// was not measured.
      package let cost: Double?

      package init(distortion: Double, bytes: Int, cost: Double?) {
        self.distortion = distortion
        self.bytes = bytes
        self.cost = cost
      }
    }

    /// Samples the candidates were judged on, which had no part in the rounding of weights.
    package let samples: Int
    /// Whether costs are divergences KL(float || int8); else relative squared errors.
    package let isDivergence: Bool
    /// In the order they were tried.
    package let candidates: [Candidate]
    /// The one that was taken.
    package let chosen: Int

    package init(samples: Int, isDivergence: Bool, candidates: [Candidate], chosen: Int) {
      self.samples = samples
      self.isDivergence = isDivergence
      self.candidates = candidates
      self.chosen = chosen
    }
  }

  package struct SkippedFile: Sendable, Equatable {
    /// The file's name below the calibration folder.
    package let file: String
    package let reason: String

    package init(file: String, reason: String) {
      self.file = file
      self.reason = reason
    }
  }

  /// What one pass did.
  package struct PassSummary: Sendable, Equatable {
    package var pass: String
    package var applied: Int
    package var noEffect: Int
    package var refused: Int
    /// A line for each candidate the pass left alone: the node, and why.
    package var notes: [String]

    package init(pass: String, applied: Int, noEffect: Int = 0, refused: Int = 0, notes: [String] = []) {
      self.pass = pass
      self.applied = applied
      self.noEffect = noEffect
      self.refused = refused
      self.notes = notes
    }
  }

  /// What a path ends with: reports name files without their folders.
  package static func fileName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
