import Answers
import DataSets
import IR
import Images
import Metrics
import Runtime
package import Tensors

/// What `dermc doctor` does: tries the conventions of the field on a model and some images, and finds the one that
/// fits.
package struct Doctor {
  private let model: LoadedModel
  private let path: String
  private let settings: DataSettings
  private let answer: AnswerSettings
  private let samples: Int
  private let seed: UInt64
  private let usesLabels: Bool
  private let threads: Int
  private let math: MathLibrary
  private let observer: any WorkObserver

  /// How many of the best conventions are tried with the other order of colours, and with the other way of resizing.
  private static let (turned, resized) = (3, 2)

  /// - Parameters:
  ///   - path: the images, labelled or not
  ///   - samples: how many images to look at
  ///   - usesLabels: whether to use the labels the data have
  package init(
    _ model: LoadedModel, on path: String, settings: DataSettings, answer: AnswerSettings, samples: Int, seed: UInt64,
    usesLabels: Bool, threads: Int, math: MathLibrary, observer: any WorkObserver
  ) {
    self.model = model
    self.path = path
    self.settings = settings
    self.answer = answer
    self.samples = samples
    self.seed = seed
    self.usesLabels = usesLabels
    self.threads = threads
    self.math = math
    self.observer = observer
  }

  package func run() throws(Refusal) -> DoctorFindings {
    guard model.graph.inputs.count == 1 else {
      throw Refusal(file: model.path, reason: "has \(model.graph.inputs.count) inputs, doctor looks at models with one")
    }
    let data = try DoctorData(
      path, model: model, names: settings.labels ?? model.labels, answer: answer, table: settings.table,
      usesLabels: usesLabels)
    guard data.decision.rows.batch == 1 else {
      throw Refusal(
        file: model.path, reason: "takes batches of \(data.decision.rows.batch): export it with a batch of 1")
    }
    if let warning = data.decision.warning { observer.warn(warning) }
    let chosen = data.choose(samples, seed: seed)
    let plan = try Preparation.plan(Preparation.executable(model), on: math, fusesRows: true)
    let probe = try NormalizationProbe(model.graph, on: math)

    var attempts: [Attempt] = []
    var count = 0
    for input in try inputs(model) {
      observer.begin("Decoding", count: chosen.count)
      let images: DecodedImages
      do throws(Refusal) {
        images = try DecodedImages(
          chosen, for: input, turned: settings.appliesEXIFOrientation, threads: threads, observer: observer)
      } catch {
        throw error.of(file: model.path)
      }
      observer.end()
      for (sample, reason) in images.problems where attempts.isEmpty {
        observer.warn("skipped \(sample.path): \(reason)")
      }
      let readable = images.readable
      guard !readable.isEmpty else {
        let first = images.problems.first.map { "; \($0.sample.name) \($0.reason)" } ?? ""
        throw Refusal(file: path, reason: "no image could be used\(first)")
      }
      count = readable.count
      let bench = Bench(
        plan: plan, probe: probe, images: images, samples: readable, input: input, data: data, threads: threads,
        observer: observer)
      let first = attempts.count
      attempts += try tried(bench, model).map { Attempt(trial: $0.trial, parent: $0.parent.map { first + $0 }) }
    }
    return findings(model, path, data, attempts, count: count)
  }

  /// The model's image input, in both orders of dimensions where its shape leaves that open.
  private func inputs(_ model: LoadedModel) throws(Refusal) -> [ModelInput] {
    let type = model.graph.type(of: model.graph.inputs[0])
    do throws(Refusal) {
      let input = try ModelInput(type, order: settings.order)
      guard input.channels == 1 || input.channels == 3 else {
        throw Refusal(.unfit, reason: "its input \(type) has \(input.channels) channels, images have 1 or 3")
      }
      return [input]
    } catch {
      let both = ModelInput.Order.allCases.compactMap { try? ModelInput(type, order: $0) }
        .filter { $0.channels == 1 || $0.channels == 3 }
      guard settings.order == nil, !both.isEmpty else { throw error.of(file: model.path) }
      return both
    }
  }

  /// A trial, and the one it changes one thing of.
  private struct Attempt {
    let trial: Trial
    let parent: Int?
  }

  /// All conventions, then the best of them with one thing changed.
  private func tried(_ bench: Bench, _ model: LoadedModel) throws(Refusal) -> [Attempt] {
    let basis = bench.basis
    var attempts: [Attempt] = []
    func add(
      _ name: String, _ origin: Trial.Origin, _ preprocessing: Preprocessing, parent: Int? = nil
    ) throws(Refusal) {
      guard !attempts.contains(where: { $0.trial.preprocessing.isAlike(preprocessing) }) else { return }
      attempts.append(Attempt(trial: try bench.run(name, origin, preprocessing), parent: parent))
    }
    func best(_ count: Int) -> [Int] {
      Array(attempts.indices.sorted { misfit(attempts[$0], basis) < misfit(attempts[$1], basis) }.prefix(count))
    }
    func changed(_ index: Int, _ channels: Preprocessing.Channels?, _ resize: Preprocessing.Resize?) throws(Refusal) {
      let trial = attempts[index].trial
      guard let changed = trial.preprocessing.changed(channels: channels, resize: resize) else { return }
      try add(trial.name, .convention, changed, parent: index)
    }

    let input = bench.input
    if settings.describesPreprocessing {
      try add("as given", .given, settings.preprocessing(for: input, stored: model.preprocessing))
    }
    if let stored = model.preprocessing {
      try add("as stored", .stored, DataSettings(size: nil).preprocessing(for: input, stored: stored))
    }
    for convention in PreprocessingConvention.all(bench.images.pixels(channels: input.channels)) {
      let channels = input.channels == 1 ? .gray : convention.channels
      guard
        let preprocessing = try? convention.preprocessing(
          height: input.height, width: input.width, channels: channels, resize: .direct,
          exifOrientation: settings.appliesEXIFOrientation)
      else { continue }
      try add(convention.name, .convention, preprocessing)
    }
    if input.channels == 3 {
      for index in best(Doctor.turned) {
        try changed(index, attempts[index].trial.preprocessing.channels == .rgb ? .bgr : .rgb, nil)
      }
    }
    if !bench.images.resizesAlike {
      for index in best(Doctor.resized) {
        try changed(index, nil, attempts[index].trial.preprocessing.resize == .direct ? .centerCrop : .direct)
      }
    }
    return attempts
  }

  private func misfit(_ attempt: Attempt, _ basis: Trial.Basis) -> Double { attempt.trial.misfit(by: basis) }

  private func findings(
    _ model: LoadedModel, _ path: String, _ data: DoctorData, _ attempts: [Attempt], count: Int
  ) -> DoctorFindings {
    let basis = attempts.first.map { Bench.basis($0.trial) } ?? .answers
    // What changes one thing of a convention comes before it only where it is surely better.
    var keys: [(misfit: Double, depth: Int)] = []
    for attempt in attempts {
      let own = attempt.trial.misfit(by: basis)
      guard let parent = attempt.parent, keys.indices.contains(parent),
        !attempt.trial.beats(attempts[parent].trial, by: basis)
      else {
        keys.append((own, 0))
        continue
      }
      keys.append((max(own, keys[parent].misfit), keys[parent].depth + 1))
    }
    let order = attempts.indices.sorted {
      (keys[$0].misfit, keys[$0].depth, $0) < (keys[$1].misfit, keys[$1].depth, $1)
    }
    let trials = order.map { attempts[$0].trial }
    let best = trials[0]
    let ties = Set(trials.indices.dropFirst().filter { !best.beats(trials[$0], by: basis) })
    let objection = best.objection(by: basis)
    let verdict = DoctorFindings.Verdict(
      basis, misfit: best.misfit(by: basis), hasTies: !ties.isEmpty, hasObjection: objection != nil)
    let better = best.labelled?.order
    return DoctorFindings(
      model: model.path, data: path, samples: count, remark: data.remark, basis: basis, trials: trials,
      verdict: verdict, ties: ties, objection: objection, names: data.names,
      classes: data.names.map { names in better.map { $0.classes.map { names[$0] } } ?? names },
      isReordered: better != nil)
  }
}

/// A model made ready to be tried on decoded images.
private struct Bench {
  let plan: Plan
  let probe: NormalizationProbe?
  let images: DecodedImages
  let samples: [Int]
  let input: ModelInput
  let data: DoctorData
  let threads: Int
  let observer: any WorkObserver

  var basis: Trial.Basis { data.isLabelled ? .labels : probe != nil ? .normalization : .answers }

  static func basis(_ trial: Trial) -> Trial.Basis {
    trial.labelled != nil ? .labels : trial.normalization != nil ? .normalization : .answers
  }

  func run(
    _ name: String, _ origin: Trial.Origin, _ preprocessing: Preprocessing
  ) throws(Refusal) -> Trial {
    observer.begin("Trying \(name)", count: samples.count)
    defer { observer.end() }
    let source = NormalizedImages(images: images, preprocessing: preprocessing, order: input.order)
    let rows = Inference.run(
      plan, on: source, samples: samples, threads: threads, output: data.decision.position
    ) { observer.advance() }
    let moments = probe?.moments(source, samples: samples, threads: threads) ?? []
    return try Trial(
      name, origin, preprocessing, input.order, rows: rows.compactMap(\.self), meaning: data.decision.meaning,
      labels: data.isLabelled ? samples.compactMap { images.samples[$0].label } : nil, classes: data.names ?? [],
      probe: probe, moments: moments.compactMap(\.self))
  }
}

extension Preprocessing {
  /// Whether it makes the same inputs, but for rounding.
  fileprivate func isAlike(_ other: Preprocessing) -> Bool {
    guard channels == other.channels, resize == other.resize else { return false }
    return mean.indices.allSatisfy { channel in
      [0.0, 255.0].allSatisfy { pixel in
        let own = (pixel * scale - mean[channel]) / std[channel]
        let its = (pixel * other.scale - other.mean[channel]) / other.std[channel]
        return abs(own - its) <= 1e-5 * abs(255 * scale / std[channel])
      }
    }
  }

  /// The same with other colours, the values of each colour kept, or another way of resizing.
  fileprivate func changed(channels: Channels?, resize: Resize?) -> Preprocessing? {
    let isTurned = channels != nil && channels != self.channels
    return try? Preprocessing(
      height: height, width: width, scale: scale, mean: isTurned ? mean.reversed() : mean,
      std: isTurned ? std.reversed() : std, channels: channels ?? self.channels, resize: resize ?? self.resize,
      exifOrientation: exifOrientation)
  }
}
