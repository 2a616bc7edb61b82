import Answers
import Bundles
import CanonicalJSON
import DataSets
import Hashing
import Reports
package import Tensors

extension Evaluation {
  /// A file of scores, written aside.
  package struct Part: Sendable {
    package let file: StagedFile
    /// What is in it, for people.
    package let text: String
  }

  /// Whether a path leads to scores, or to a bundle, rather than to labelled data.
  package static func isScored(_ path: String) -> Bool { EvaluationPart.recognizes(path) }

  /// Runs the models on a shard of the samples and keeps what they put out.
  package func part(_ shard: Shard, to output: String) throws(Refusal) -> Part {
    guard !EvaluationPart.recognizes(path) else {
      throw Refusal(file: path, reason: "holds scores, no data", remedy: "put scores together with dermc merge")
    }
    if let site {
      do throws(Refusal) { try PartData.checkSite(site) } catch { throw error.about("--site \(site)").as(.usage) }
    }
    let (own, reference) = try evaluated(shard)
    let loader = own.data.loader
    try observer.report(loader, isStrict: isStrict)
    let samples = own.data.samples
    let positions = shard.positions(of: loader.count)
    let models = [own, reference].compactMap(\.self)
    let used = positions.indices.filter { index in
      models.allSatisfy { $0.scored.outputs[index - positions.lowerBound] != nil }
    }
    guard used.count >= fewestSamples else {
      throw Refusal(
        file: path, reason: "gives \(Figures.count(used.count, "sample")), --min-samples \(fewestSamples) demands more")
    }
    let groups = samples.groups.map { isAnonymous ? EvaluationPart.numbered($0.names) : $0.names } ?? []
    let rows = used.map { index in
      EvaluationPart.Row(
        site: site ?? "", position: index, name: isAnonymous ? "sample \(index + 1)" : samples.names[index],
        labels: samples.labelSets?[index] ?? [samples.labels[index]], group: groups.isEmpty ? "" : groups[index],
        columns: samples.subgroups.map { $0.values[index] })
    }
    let decision = own.scored.decision
    let subject = EvaluationPart.Subject(
      labels: names, classes: samples.classes, output: decision.meaning.output, task: decision.meaning.task.rawValue,
      hasLabelSets: samples.labelSets != nil, group: samples.groups?.column,
      columns: samples.subgroups.map(\.column), math: math.rawValue)
    var remarks = EvaluationPart.Remarks(
      site: site, shard: shard.index, warnings: models.map(\.scored.warnings), dataWarnings: loader.data.warnings,
      normalization: own.evidence.normalization)
    if isAnonymous { remarks.forgetFiles([model, other].compactMap { $0?.path }) }
    var origins = [try origin(model, own)]
    if let other, let reference { origins.append(try origin(other, reference)) }
    let part = EvaluationPart(
      origins, subject,
      PartData(
        loader, chosen: Array(loader.samples.indices), asked: nil, seed: 0, shard: shard, isAnonymous: isAnonymous,
        site: site), remarks, rows: rows,
      outputs: models.map { model in used.compactMap { model.scored.numbers(ofSample: $0 - positions.lowerBound) } })
    observer.notePeak()
    return Part(file: try part.stage(for: output), text: part.text)
  }

  private func origin(_ model: LoadedModel, _ evaluated: Evaluated) throws(Refusal) -> PartOrigin {
    try PartOrigin(
      model, model.sha256(), graph: BundleWriter.hash(of: Preparation.executable(model)), evaluated.binding,
      evaluated.data.loader, settings)
  }

  // MARK: Reading

  /// What was scored before, of all samples.
  func read() throws(Refusal) -> Scored {
    let part = try EvaluationPart(path: path)
    try part.checkComplete(path, line: "dermc eval MODEL DATA")
    guard !isHeldOut else {
      throw .usage("--held-out: \(path) holds scores; leave samples out when they are made")
    }
    guard !settings.describesData else {
      throw .usage(
        "\(path): holds scores; how samples become inputs and what is known of them was said when they were made")
    }
    try check(part, 0, model)
    if let other {
      guard part.origins.count == 2 else {
        throw Refusal(
          file: path, reason: "holds scores of one model", remedy: "make them with --against \(other.path), too")
      }
      try check(part, 1, other)
    }
    let samples = LabelledSamples(path: path, part)
    let subject = part.subject
    func scored(_ index: Int, _ model: LoadedModel, like: DecisionOutput?) throws(Refusal) -> Scored.Model {
      var decision = try DecisionOutput(model, answer, labels: subject.labels, like: like?.meaning)
      let meaning = decision.meaning
      if index == 0, meaning.output != subject.output || meaning.task.rawValue != subject.task {
        throw Refusal(
          file: path,
          reason: "holds output \(subject.output), a \(subject.task) decision; the options say \(meaning.output), "
            + "\(meaning.task.rawValue)",
          remedy: "score again with the same --output-name and --task")
      }
      try decision.name(samples.classes)
      let distance = index == 0 ? try model.storedUncertainty()?.found.distance : nil
      let count = decision.rows.count * decision.rows.batch
      let expected = count + (distance == nil ? 0 : 1)
      guard part.outputs[index].allSatisfy({ $0.count == expected }) else {
        throw Refusal(.malformed, file: path, reason: "does not hold \(expected) numbers for each sample")
      }
      let warnings = part.warnings(index)
      for warning in warnings { try observer.warn(warning, isStrict: isStrict) }
      return Scored.Model(
        decision: decision, outputs: part.outputs[index].map { Array($0.prefix(count)) },
        distances: distance.map { _ in part.outputs[index].map(\.last) }, warnings: warnings)
    }
    let own = try scored(0, model, like: nil)
    let reference = try other.map { (other) throws(Refusal) in try scored(1, other, like: own.decision) }
    for warning in part.dataWarnings { try observer.warn(warning, isStrict: isStrict) }
    for skipped in part.data.skipped {
      try observer.warn("skipped \(skipped.file): \(skipped.reason)", isStrict: isStrict)
    }
    guard !part.rows.isEmpty else { throw Refusal(file: path, reason: "no sample could be used") }
    var evidence = Suspicions.Evidence()
    // Where sites differ, the one that fits worst is the one to be told of.
    evidence.normalization = part.remarks.compactMap(\.normalization).max { $0.divergence < $1.divergence }
    evidence.preprocessing = try part.origins[0].imagePreprocessing(path)
    return Scored(
      samples: samples, model: own, other: reference, data: part.data.summary, evidence: evidence,
      overridesPreprocessing: overridesPreprocessing(part.origins[0]),
      dataWarnings: part.dataWarnings)
  }

  /// Whether images were prepared in another way than the model says; where either says nothing, they were not.
  private func overridesPreprocessing(_ origin: PartOrigin) -> Bool {
    guard let stored = model.preprocessing, let scored = origin.preprocessing else { return false }
    return scored != stored
  }

  private func check(_ part: EvaluationPart, _ index: Int, _ model: LoadedModel) throws(Refusal) {
    let origin = part.origins[index]
    func refuse(_ reason: String) -> Refusal {
      Refusal(file: path, reason: reason, remedy: "score again (dermc eval MODEL DATA -o FILE)")
    }
    guard try origin.model == model.sha256().hex else {
      throw refuse("was scored by another model (SHA-256 \(origin.model.prefix(12))...) than \(model.path)")
    }
    guard origin.dermc == Provenance.version else {
      throw refuse("was scored by dermc \(origin.dermc), this is \(Provenance.version)")
    }
    guard try origin.graph == BundleWriter.hash(of: Preparation.executable(model)).hex else {
      throw refuse("was scored with another --size, or by another build of dermc")
    }
  }
}

extension Evaluation.Scored.Model {
  /// What is kept of a sample: the output, and how far it is from those fitted on where the bundle tells that.
  fileprivate func numbers(ofSample index: Int) -> [Float]? {
    outputs[index].map { $0 + [distances.flatMap { $0[index] }].compactMap(\.self) }
  }
}

extension LabelledSamples {
  /// Those that were scored. Of sites, samples and groups are named with the site before them, and samples are divided
  /// by site too.
  init(path: String, _ part: EvaluationPart) {
    let subject = part.subject
    func named(_ row: EvaluationPart.Row, _ name: String) -> String {
      row.site.isEmpty || name.isEmpty ? name : "\(row.site)/\(name)"
    }
    var subgroups = subject.columns.indices.map { index in
      AttributeColumn(subject.columns[index], of: part.rows.map { $0.columns[index] })
    }
    if part.data.sites.count > 1, !subject.columns.contains(LabelledSamples.siteColumn) {
      subgroups.append(AttributeColumn(LabelledSamples.siteColumn, of: part.rows.map(\.site)))
    }
    self.init(
      path: path, names: part.rows.map { named($0, $0.name) }, classes: subject.classes,
      labels: part.rows.map { $0.labels.first ?? 0 },
      labelSets: subject.hasLabelSets ? part.rows.map(\.labels) : nil,
      groups: subject.group.map { GroupColumn(column: $0, names: part.rows.map { named($0, $0.group) }) },
      subgroups: subgroups)
  }

  /// What subgroups by site are called.
  private static let siteColumn = "site"
}
