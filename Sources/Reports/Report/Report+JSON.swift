package import CanonicalJSON
import Runtime

extension Report {
  /// The report as `model.report.json` stores it; docs/json.md names the fields.
  package var json: JSON {
    var members: JSONObject = [
      "schema": .int(Report.schema),
      "dermc": .string(dermc),
      "source": source.json,
      "recipe": recipe?.json ?? .null,
      "bundle": bundle?.json(byteAccount) ?? .null,
      "stats": stats?.json(perLayer: false) ?? .null,
      "compiled": compiled.json,
      "answer": answer?.json ?? .null,
      "preprocessing": preprocessing,
      "calibration": calibration?.json ?? .null,
      "data": ["calibration": calibrationData?.json ?? .null, "evaluation": evaluationData?.json ?? .null],
      "accuracy": accuracy?.jsonWithCurves ?? .null,
      "passes": .array(passes.map(\.json)),
      "layers": .array(layers.map(\.json)),
      "warnings": .strings(warnings),
    ]
    if let pruning { members["pruning"] = pruning.json }
    if let channels { members["channels"] = channels.json }
    if let uncertainty { members["uncertainty"] = uncertainty.json }
    if let explanations { members["explanations"] = explanations.json }
    if let predictions { members["predictions"] = predictions.json }
    return .object(members)
  }

  /// Reads a report.
  ///
  /// Members it does not know are passed over, so that reports of later versions of one schema can be read; members
  /// that are missing count as not measured.
  package init(json: JSON, name: String = "report") throws(JSONError) {
    let node = JSONNode(json, name: name)
    let schema = try node["schema"].int()
    guard schema == Report.schema else {
      throw try node["schema"].error("schema \(schema) is not known; this dermc reads schema \(Report.schema)")
    }
    self.init(
      dermc: try node.optional("dermc")?.string() ?? "", source: try Source(node["source"]),
      recipe: try node.optional("recipe").map { (node) throws(JSONError) in try Recipe(node) },
      stats: try node.optional("stats").map { (node) throws(JSONError) in try ModelStatistics(node) },
      compiled: try CompiledFigures(node["compiled"]))
    if let bundle = try node.optional("bundle") { self.bundle = try BundleFile(bundle) }
    if let answer = try node.optional("answer") { self.answer = try AnswerSummary(answer) }
    preprocessing = json["preprocessing"] ?? .null
    if let data = try node.optional("data") {
      calibrationData = try data.optional("calibration").map { (node) throws(JSONError) in try DataSummary(node) }
      evaluationData = try data.optional("evaluation").map { (node) throws(JSONError) in try DataSummary(node) }
    }
    pruning = try node.optional("pruning").map { (node) throws(JSONError) in try PruningSummary(node) }
    channels = try node.optional("channels").map { (node) throws(JSONError) in try ChannelSummary(node) }
    if let calibration = try node.optional("calibration") { self.calibration = try CalibrationSummary(calibration) }
    if let accuracy = try node.optional("accuracy") { self.accuracy = try AccuracyReport(accuracy) }
    uncertainty = try node.optional("uncertainty").map { (node) throws(JSONError) in try UncertaintyReport(node) }
    explanations = try node.optional("explanations").map { (node) throws(JSONError) in try ExplanationFidelity(node) }
    for element in try node.elements(of: "passes") { passes.append(try PassSummary(element)) }
    for element in try node.elements(of: "layers") { layers.append(try LayerReport(element)) }
    warnings = try node.optional("warnings")?.strings() ?? []
    predictions = try node.optional("predictions").map { (node) throws(JSONError) in
      try AnsweredSamples(node, classes: accuracy?.classes.count ?? 0)
    }
  }
}

extension Report.Source {
  fileprivate var json: JSON {
    ["file": .string(file), "format": .string(format), "bytes": .int(bytes), "sha256": .string(sha256)]
  }

  fileprivate init(_ node: JSONNode) throws(JSONError) {
    self.init(
      path: try node["file"].string(), format: try node.optional("format")?.string() ?? "",
      bytes: try node.count("bytes"), sha256: try node.optional("sha256")?.string() ?? "")
  }
}

extension Report.BundleFile {
  /// - Parameter account: what the bytes are
  fileprivate func json(_ account: [(name: String, bytes: Int)]?) -> JSON {
    var members: JSONObject = [
      "file": .string(file), "bytes": .int(bytes), "sha256": .string(sha256), "sections": .array(sections.map(\.json)),
      "container_bytes": .int(containerBytes),
    ]
    if let account {
      var lines = JSONObject()
      for line in account { lines[line.name] = .int(line.bytes) }
      members["account"] = .object(lines)
    }
    return .object(members)
  }

  fileprivate init(_ node: JSONNode) throws(JSONError) {
    var sections: [Report.SectionSize] = []
    for element in try node.elements(of: "sections") {
      sections.append(try Report.SectionSize(element))
    }
    self.init(
      path: try node["file"].string(), bytes: try node["bytes"].int(in: JSONNode.counts),
      sha256: try node.optional("sha256")?.string() ?? "", sections: sections)
  }
}

extension Report.SectionSize {
  fileprivate var json: JSON {
    [
      "name": .string(name), "codec": .string(codec), "raw_bytes": .int(rawBytes), "stored_bytes": .int(storedBytes),
    ]
  }

  fileprivate init(_ node: JSONNode) throws(JSONError) {
    self.init(
      name: try node["name"].string(), codec: try node["codec"].string(), rawBytes: try node.count("raw_bytes"),
      storedBytes: try node.count("stored_bytes"))
  }
}

extension Report.CompiledFigures {
  fileprivate var json: JSON {
    var members: JSONObject = [
      "parameters": .int(parameters), "macs": .int(macs), "effective_macs": .int(effectiveMACs), "bytes": .int(bytes),
      "peak_activation_bytes": .int(peakActivationBytes),
    ]
    members.add(memory.members)
    return .object(members)
  }

  fileprivate init(_ node: JSONNode) throws(JSONError) {
    let macs = try node["macs"].int(in: JSONNode.counts)
    self.init(
      parameters: try node.count("parameters"), macs: macs, bytes: try node.count("bytes"),
      peakActivationBytes: try node["peak_activation_bytes"].int(in: JSONNode.counts),
      memory: try PlanMemory(node),
      effectiveMACs: try node.optional("effective_macs")?.int(in: JSONNode.counts) ?? macs)
  }
}

extension Report.AnswerSummary {
  /// The members the bundle stores, and what they say in words.
  package var json: JSON {
    guard case .object(var object) = stored else { return .null }
    object["description"] = .string(description)
    return .object(object)
  }

  fileprivate init(_ node: JSONNode) throws(JSONError) {
    var object = JSONObject()
    for (key, member) in try node.members() where key != "description" { object[key] = member.value }
    self.init(description: try node.optional("description")?.string() ?? "", stored: .object(object))
  }
}

extension Report.DataSummary {
  package var json: JSON { ["count": .int(count), "sha256": .string(sha256)] }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(count: try node.count("count"), sha256: try node.optional("sha256")?.string() ?? "")
  }
}

extension Report.PruningSummary {
  fileprivate var json: JSON {
    var members: JSONObject = ["method": .string(method), "weights": .int(weights), "zeros": .int(zeros)]
    if let threshold { members["threshold"] = .finite(threshold) }
    return .object(members)
  }

  fileprivate init(_ node: JSONNode) throws(JSONError) {
    self.init(
      method: try node["method"].string(), weights: try node.count("weights"), zeros: try node.count("zeros"),
      threshold: try node.optional("threshold")?.double())
  }
}

extension Report.ChannelSummary {
  fileprivate var json: JSON {
    [
      "method": .string(method), "channels": .int(channels), "removed": .int(removed), "macs_before": .int(macsBefore),
      "macs": .int(macs),
    ]
  }

  fileprivate init(_ node: JSONNode) throws(JSONError) {
    self.init(
      method: try node["method"].string(), channels: try node.count("channels"), removed: try node.count("removed"),
      macsBefore: try node.count("macs_before"), macs: try node.count("macs"))
  }
}

extension Report.CalibrationSummary {
  fileprivate var json: JSON {
    var members: JSONObject = [
      "samples": .int(samples), "held_back": .int(heldBack),
      "skipped": .array(skipped.map { ["file": .string($0.file), "reason": .string($0.reason)] }),
      "range": .string(estimator), "seed": .int(seed),
    ]
    if let parts { members["parts"] = .int(parts) }
    if let momentParts { members["moment_parts"] = .int(momentParts) }
    if !sites.isEmpty { members["sites"] = .strings(sites) }
    if let search { members["range_search"] = search.json(naming: ["range"]) }
    if equalizedLayers > 0 { members["equalized_layers"] = .int(equalizedLayers) }
    if let channelSearch { members["channel_search"] = channelSearch.json(naming: ["channels"]) }
    if rounding != "nearest" || weightSearch != nil { members["rounding"] = .string(rounding) }
    if biases != "weights" || weightSearch != nil { members["biases"] = .string(biases) }
    if let weightSearch { members["weight_search"] = weightSearch.json(naming: ["rounding", "biases"]) }
    if let steps { members["step_search"] = steps.json }
    if let precision { members["precision_search"] = precision.json }
    return .object(members)
  }

  fileprivate init(_ node: JSONNode) throws(JSONError) {
    var skipped: [Report.SkippedFile] = []
    for element in try node.elements(of: "skipped") {
      skipped.append(
        Report.SkippedFile(
          file: try element["file"].string(), reason: try element.optional("reason")?.string() ?? ""))
    }
    self.init(
      samples: try node.count("samples"), heldBack: try node.count("held_back"), skipped: skipped,
      estimator: try node.optional("range")?.string() ?? "", seed: try node.optional("seed")?.int() ?? 0)
    parts = try node.optional("parts")?.int(in: 1...Int.max)
    momentParts = try node.optional("moment_parts")?.int(in: 1...Int.max)
    sites = try node.optional("sites")?.strings() ?? sites
    search = try node.optional("range_search").map { (node) throws(JSONError) in
      try Report.SearchSummary(node, naming: ["range"])
    }
    equalizedLayers = try node.optional("equalized_layers")?.int(in: 0...Int.max) ?? equalizedLayers
    channelSearch = try node.optional("channel_search").map { (node) throws(JSONError) in
      try Report.SearchSummary(node, naming: ["channels"])
    }
    rounding = try node.optional("rounding")?.string() ?? rounding
    biases = try node.optional("biases")?.string() ?? biases
    weightSearch = try node.optional("weight_search").map { (node) throws(JSONError) in
      try Report.SearchSummary(node, naming: ["rounding", "biases"])
    }
    steps = try node.optional("step_search").map { (node) throws(JSONError) in try Report.StepSearchSummary(node) }
    precision = try node.optional("precision_search").map { (node) throws(JSONError) in
      try Report.PrecisionSearchSummary(node)
    }
  }
}

extension Report.SearchSummary {
  /// - Parameter keys: under which a candidate's names stand
  fileprivate func json(naming keys: [String]) -> JSON {
    let candidates = candidates.map { candidate in
      var members: JSONObject = [
        "cost": .finite(candidate.cost), "standard_error": .finite(candidate.standardError),
      ]
      for (key, name) in zip(keys, candidate.names) { members[key] = .string(name) }
      return JSON.object(members)
    }
    return [
      "samples": .int(samples), "measure": .string(isDivergence ? "kl" : "squared_error"),
      "candidates": .array(candidates),
    ]
  }

  fileprivate init(_ node: JSONNode, naming keys: [String]) throws(JSONError) {
    var candidates: [Candidate] = []
    for element in try node.elements(of: "candidates") {
      var names: [String] = []
      for key in keys { names.append(try element[key].string()) }
      candidates.append(
        Candidate(
          names, cost: try element.optional("cost")?.double() ?? .infinity,
          standardError: try element.optional("standard_error")?.double() ?? .infinity))
    }
    self.init(
      samples: try node.count("samples"), isDivergence: try node.optional("measure")?.string() == "kl",
      candidates: candidates)
  }
}

extension Report.StepSearchSummary {
  fileprivate var json: JSON {
    [
      "samples": .int(samples), "measure": .string(isDivergence ? "kl" : "squared_error"),
      "candidates": .array(
        candidates.map {
          ["distortion": .double($0.distortion), "bytes": .int($0.bytes), "cost": .finite($0.cost)]
        }),
      "chosen": .int(chosen),
    ]
  }

  fileprivate init(_ node: JSONNode) throws(JSONError) {
    var candidates: [Candidate] = []
    for element in try node.elements(of: "candidates") {
      candidates.append(
        Candidate(
          distortion: try element["distortion"].double(), bytes: try element.count("bytes"),
          cost: try element.optional("cost")?.double()))
    }
    self.init(
      samples: try node.count("samples"), isDivergence: try node.optional("measure")?.string() == "kl",
      candidates: candidates, chosen: try node.count("chosen"))
  }
}

extension Report.PassSummary {
  fileprivate var json: JSON {
    [
      "pass": .string(pass), "applied": .int(applied), "no_effect": .int(noEffect), "refused": .int(refused),
      "notes": .strings(notes),
    ]
  }

  fileprivate init(_ node: JSONNode) throws(JSONError) {
    self.init(
      pass: try node["pass"].string(), applied: try node.count("applied"), noEffect: try node.count("no_effect"),
      refused: try node.count("refused"), notes: try node.optional("notes")?.strings() ?? [])
  }
}
