/// What a page shows beside a report: single samples and what was timed. None of it is in `model.report.json`.
package struct ReportIllustrations: Sendable {
  package var changed: ChangedImages?
  /// Of the images whose maps differ most, in the report's order; nil for those that are not shown.
  package var maps: [MapPictures?] = []
  package var latency: Latency?
  /// What was taken for granted about preprocessing because nobody said it.
  package var assumption: String?

  package init(changed: ChangedImages? = nil, latency: Latency? = nil, assumption: String? = nil) {
    self.changed = changed
    self.latency = latency
    self.assumption = assumption
  }
}

/// The labelled samples on which both models decide otherwise, those that matter most first.
package struct ChangedImages: Sendable {
  /// What the other decision means for a patient, the worst first.
  package enum Kind: Int, Sendable, CaseIterable {
    /// A finding that is there, which only the float model finds.
    case missed
    /// A finding that is not there, which only the compiled model finds.
    case falseAlarm
    case becameWrong
    /// Wrong in another way.
    case bothWrong
    /// Of several labels fewer are wrong.
    case closer
    case becameRight

    var words: String {
      switch self {
      case .missed: "missed, float finds it"
      case .falseAlarm: "false alarm, not by float"
      case .becameWrong: "wrong, float is right"
      case .bothWrong: "both wrong"
      case .closer: "closer than float"
      case .becameRight: "right, float is wrong"
      }
    }

    func sentence(_ count: Int) -> String {
      let number = Figures.grouped(count)
      return switch self {
      case .missed: "\(number) missed that float finds"
      case .falseAlarm: "\(Figures.count(count, "false alarm")) that float does not raise"
      case .becameWrong: "\(number) wrong where float is right"
      case .bothWrong: "\(number) wrong either way"
      case .closer: "\(number) closer to right than float"
      case .becameRight: "\(number) right where float is wrong"
      }
    }
  }

  /// What a model says: classes with their probabilities.
  package struct Decision: Sendable {
    package let names: [String]
    package let probabilities: [Double]

    package init(names: [String], probabilities: [Double]) {
      self.names = names
      self.probabilities = probabilities
    }
  }

  package struct Image: Sendable {
    package let file: String
    package let kind: Kind
    /// The right class, or all right labels.
    package let labels: [String]
    package let float: Decision
    package let compiled: Decision
    /// A small JPEG file of it.
    package var thumbnail: [UInt8]?

    package init(
      file: String, kind: Kind, labels: [String], float: Decision, compiled: Decision, thumbnail: [UInt8]? = nil
    ) {
      self.file = file
      self.kind = kind
      self.labels = labels
      self.float = float
      self.compiled = compiled
      self.thumbnail = thumbnail
    }
  }

  /// What a page shows at most.
  package static let limit = 50

  /// At most `limit`, in the order they are shown.
  package let images: [Image]
  /// How many there are.
  package let count: Int

  package init(images: [Image], count: Int) {
    self.images = Array(images.prefix(ChangedImages.limit))
    self.count = max(count, self.images.count)
  }
}

/// Where both models look at an image: the image with each map over it.
package struct MapPictures: Sendable {
  /// A JPEG file, and its size in pixels.
  package struct Picture: Sendable {
    package let bytes: [UInt8]
    package let width: Int
    package let height: Int

    package init(bytes: [UInt8], width: Int, height: Int) {
      self.bytes = bytes
      self.width = width
      self.height = height
    }
  }

  package let float: Picture
  package let compiled: Picture

  package init(float: Picture, compiled: Picture) {
    self.float = float
    self.compiled = compiled
  }
}

/// How long one image took on one thread of this machine, at best.
package struct Latency: Sendable {
  package let float: Double
  package let compiled: Double
  package let runs: Int
  /// What the kernels used: `avx512vnni`.
  package let instructionSet: String

  package init(float: Double, compiled: Double, runs: Int, instructionSet: String) {
    self.float = float
    self.compiled = compiled
    self.runs = runs
    self.instructionSet = instructionSet
  }
}
