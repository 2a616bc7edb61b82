package import Metrics

/// What `dermc sweep` found: bundles of one model by several recipes, measured on the same samples, and which of them
/// are worth looking at.
package struct SweepReport: Sendable {
  /// The version of the JSON form; a change of a field's meaning or name raises it.
  package static let schema = 1

  /// What must be said wherever points are compared.
  package static let note =
    "the front is chosen on the images it reports, so it looks better than it is; confirm the chosen bundle on others"

  /// One recipe, and what came of it.
  package struct Point: Sendable {
    /// The bundle's name without its ending.
    package let name: String
    /// The options that `dermc compile` makes the same bundle with.
    package let options: [String]
    package let result: Result

    package init(name: String, options: [String], result: Result) {
      self.name = name
      self.options = options
      self.result = result
    }
  }

  package enum Result: Sendable {
    case bundle(Bundle)
    /// Why the recipe cannot be followed.
    case outOfReach(String)
  }

  package struct Bundle: Sendable {
    /// What `dermc compile` reports of it.
    package let report: Report
    /// The mean over samples of the divergence KL(float || compiled), or of the squared error relative to the outputs'
    /// square; nil where nothing was compared.
    package let cost: Estimate?
    /// How long one input takes; nil where that was not measured.
    package let latency: Latency?

    package init(report: Report, cost: Estimate?, latency: Latency?) {
      self.report = report
      self.cost = cost
      self.latency = latency
    }
  }

  /// The bundle and the float model, run in turn on one thread.
  package struct Latency: Sendable, Equatable {
    package struct Times: Sendable, Equatable {
      package let best: Double
      package let median: Double

      /// In seconds.
      package init(best: Double, median: Double) {
        self.best = best
        self.median = median
      }
    }

    package let compiled: Times
    package let float: Times
    /// What the kernels used: `avx512vnni`.
    package let instructionSet: String

    package init(compiled: Times, float: Times, instructionSet: String) {
      self.compiled = compiled
      self.float = float
      self.instructionSet = instructionSet
    }

    /// The bundle's time over the float model's.
    package var ratio: Double? { float.best > 0 ? compiled.best / float.best : nil }
  }

  /// What bundles are compared in beside their size.
  package enum Measure: String, Sendable, CaseIterable {
    case cost
    case macroF1 = "macro_f1"
    case latency
  }

  package let dermc: String
  package let source: Report.Source
  /// Whether costs are divergences; else relative squared errors.
  package let isDivergence: Bool
  /// The smallest bundle first, those out of reach last.
  package let points: [Point]

  package init(dermc: String, source: Report.Source, isDivergence: Bool, points: [Point]) {
    self.dermc = dermc
    self.source = source
    self.isDivergence = isDivergence
    self.points = points.enumerated().sorted { one, other in
      (one.element.bytes ?? .max, one.offset) < (other.element.bytes ?? .max, other.offset)
    }.map(\.element)
  }

  /// What the bundles were measured on; nil where nothing was.
  package var accuracy: AccuracyReport? { points.lazy.compactMap { $0.bundle?.report.accuracy }.first }

  /// What compiling warned of, whatever the recipe.
  package var warnings: [String] {
    let bundles = points.compactMap(\.bundle)
    return (bundles.first?.report.warnings ?? []).filter { warning in
      bundles.allSatisfy { $0.report.warnings.contains(warning) }
    }
  }

  /// What it warned of for one point, but not for all.
  package func warnings(of point: Point) -> [String] {
    let common = warnings
    return (point.bundle?.report.warnings ?? []).filter { !common.contains($0) }
  }

  /// Positions of the points on the front of size against a measure, by size; empty where it is not known of any.
  package func front(_ measure: Measure) -> [Int] {
    ParetoFront.positions(
      points.map { point in
        (x: point.bytes.map(Double.init) ?? .nan, y: point.bundle.flatMap { $0.loss(measure) } ?? .nan)
      })
  }

  /// The measures whose fronts a point is on.
  package func fronts(of position: Int) -> [Measure] { Measure.allCases.filter { front($0).contains(position) } }
}

extension SweepReport.Point {
  package var bundle: SweepReport.Bundle? {
    if case .bundle(let bundle) = result { bundle } else { nil }
  }

  /// Bytes of the bundle.
  package var bytes: Int? { bundle?.report.bundle?.bytes }

  package var reason: String? {
    if case .outOfReach(let reason) = result { reason } else { nil }
  }
}

extension SweepReport.Bundle {
  /// How bad it is: less is better.
  func loss(_ measure: SweepReport.Measure) -> Double? {
    switch measure {
    case .cost: cost?.value
    case .macroF1: report.accuracy?.compiled?.macroF1.map { -$0 }
    case .latency: latency?.ratio
    }
  }
}
