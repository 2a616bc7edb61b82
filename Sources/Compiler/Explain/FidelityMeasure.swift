import Answers
import DataSets
import Explanations
import IR
import Images
import Metrics
import Reports
import Runtime
import Tensors
import Texts

/// Compares where two models look on labelled images, by maps of both for the class the float model decides for.
///
/// One class for both: a map of the compiled model's own decision would differ wherever the decision does, which the
/// report tells elsewhere, and could not be laid beside the other.
struct FidelityMeasure {
  /// A model as it is executed, and how it takes images.
  struct Side {
    let graph: Graph
    let decision: DecisionOutput
    let binding: DataBinding
    let data: LabelledData
    /// The file of the model, for messages.
    let path: String
  }

  /// What was found out.
  struct Outcome {
    /// Nil where no maps can be compared.
    var report: ExplanationFidelity?
    /// What there is to warn of.
    var warnings: [String] = []
    /// Of the images whose maps differ most: how each model looks at it.
    var pictures: [MapPictures?] = []
  }

  /// What one sample gave.
  private struct Found: Sendable {
    let index: Int
    let comparison: MapComparison?
    /// Why there is none.
    let failure: String?
  }

  /// Maps are compared at as many places along each side, interpolated between their own as where they are shown.
  static let places = 32
  private static let pictureSide = 144

  private let float: (side: Side, explainer: Explainer)
  private let compiled: (side: Side, explainer: Explainer)
  private let aspect: Double
  private let threads: Int
  private let observer: any WorkObserver

  /// - Throws: where maps cannot be made, or not compared
  private init(
    _ float: Side, _ compiled: Side, threads: Int, math: MathLibrary, observer: any WorkObserver
  ) throws(Refusal) {
    guard float.decision.meaning.task != .multilabel else {
      throw Refusal("several labels may be true of one image, so there is not one decision that both could explain")
    }
    func explainer(_ side: Side) throws(Refusal) -> Explainer {
      do throws(Refusal) {
        return try Explainer(
          side.graph, .gradcam, side.decision, input: try side.binding.imageInput(), chosen: nil, math: math)
      } catch {
        throw error.file == nil ? error.of(file: side.path) : error
      }
    }
    self.float = (float, try explainer(float))
    self.compiled = (compiled, try explainer(compiled))
    let image = try float.binding.imageInput().image
    aspect = Double(image.width) / Double(image.height)
    self.threads = threads
    self.observer = observer
  }

  /// - Parameters:
  ///   - samples: those that both models could read
  ///   - showsPictures: whether those that differ most are drawn
  /// - Returns: a warning in place of figures where the models' maps cannot be compared
  static func run(
    _ float: Side, _ compiled: Side, samples: [Int], threads: Int, math: MathLibrary, showsPictures: Bool,
    observer: any WorkObserver
  ) throws(Refusal) -> Outcome {
    let measure: FidelityMeasure
    do throws(Refusal) {
      measure = try FidelityMeasure(float, compiled, threads: threads, math: math, observer: observer)
    } catch {
      var reason = error
      // Of the whole, not of a method that can be chosen here.
      reason.remedy = nil
      return Outcome(warnings: ["--explanations: where both models look was not compared: \(reason)"])
    }
    return try measure.run(samples, showsPictures: showsPictures)
  }

  private func run(_ samples: [Int], showsPictures: Bool) throws(Refusal) -> Outcome {
    observer.begin("Comparing maps", count: samples.count)
    let found = Inference.run(
      float.explainer.plan, on: float.side.data.loader, samples: samples, threads: threads,
      progress: { [observer] in observer.advance() },
      lane: { (gradient: float.explainer.makeGradient(), compiled: compiled.explainer.makeLane()) },
      take: { executor, lane, sample in
        compare(Explainer.Lane(executor: executor, gradient: lane.gradient), lane.compiled, sample)
      })
    observer.end()
    let known = float.side.data.samples
    var images: [ExplanationFidelity.Image] = []
    var compared: [(sample: Int, index: Int)] = []
    var failures: [String] = []
    for (sample, entry) in zip(samples, found) {
      let name = known.names[sample]
      guard let entry, let comparison = entry.comparison else {
        failures.append("\(Printable.name(name)): \(entry?.failure ?? "could not be read again")")
        continue
      }
      images.append(
        ExplanationFidelity.Image(
          file: name, name: known.classes.className(entry.index), label: known.classes.className(known.labels[sample]),
          comparison: comparison))
      compared.append((sample, entry.index))
    }
    let report = ExplanationFidelity(
      method: ExplanationMethod.gradcam.rawValue, grids: (grid(float.explainer), grid(compiled.explainer)),
      images: images, classes: known.classes, groups: known.groups?.groups(of: compared.map(\.sample)),
      failed: failures.count)
    var outcome = Outcome(report: report)
    if let first = failures.first {
      outcome.warnings.append(
        "--explanations: no map can be made of \(Figures.count(failures.count, "image")) (the first: \(first))")
    }
    if showsPictures {
      for position in ExplanationFidelity.worst(images) {
        do {
          outcome.pictures.append(try pictures(compared[position].sample, compared[position].index))
        } catch {
          outcome.pictures.append(nil)
          outcome.warnings.append("--thumbnails: \(Printable.name(images[position].file)): no maps are shown: \(error)")
        }
      }
    }
    return outcome
  }

  private func grid(_ explainer: Explainer) -> ExplanationFidelity.Grid {
    ExplanationFidelity.Grid(height: explainer.grid.height, width: explainer.grid.width)
  }

  // MARK: One image

  /// - Parameter lane: of the float model, which was just run on the sample
  private func compare(_ lane: Explainer.Lane, _ other: Explainer.Lane, _ sample: Int) -> Found {
    let decision = float.side.decision
    let index = Explainer.decided(decision.meaning.answer(lane.executor.floats(ofOutput: decision.position)))
    do throws(Refusal) {
      let before = try float.explainer.map(of: index, in: lane)
      let after = try FidelityMeasure.map(of: index, compiled, other, sample)
      let side = FidelityMeasure.places
      return Found(
        index: index,
        comparison: MapComparison(
          float: before.resized(height: side, width: side).values,
          compiled: after.resized(height: side, width: side).values, height: side, width: side, aspect: aspect),
        failure: nil)
    } catch {
      return Found(index: index, comparison: nil, failure: "\(error)")
    }
  }

  private static func map(
    of index: Int, _ model: (side: Side, explainer: Explainer), _ lane: Explainer.Lane, _ sample: Int
  ) throws(Refusal) -> ActivationMap {
    let loader = model.side.data.loader
    guard lane.executor.withInputs({ loader.write(sample, into: $0) }) else { throw Refusal("could not be read again") }
    lane.executor.run()
    return try model.explainer.map(of: index, in: lane)
  }

  /// Both maps over the image; nil of samples that are none.
  private func pictures(_ sample: Int, _ index: Int) throws -> MapPictures? {
    let source = float.side.data.loader.samples[sample]
    guard SampleFormat(path: source.path) == .image else { return nil }
    let photo = try source.image()
    let pictures = try [float, compiled].map { model in
      let map = try FidelityMeasure.map(of: index, model, model.explainer.makeLane(), sample)
      return try picture(photo, map, model.side)
    }
    return MapPictures(float: pictures[0], compiled: pictures[1])
  }

  private func picture(_ photo: Image, _ map: ActivationMap, _ side: Side) throws -> MapPictures.Picture {
    guard let preprocessing = try side.binding.preprocessing(for: [side.data.loader]) else {
      preconditionFailure("an image was read without knowing how")
    }
    let upright = preprocessing.exifOrientation ? photo.upright() : photo
    let overlay = try Overlay(
      upright, map.resized(height: preprocessing.height, width: preprocessing.width),
      view: preprocessing.view(of: (upright.width, upright.height)), side: FidelityMeasure.pictureSide
    ).image
    return MapPictures.Picture(bytes: try overlay.jpeg(quality: 85), width: overlay.width, height: overlay.height)
  }
}
