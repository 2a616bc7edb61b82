import CanonicalJSON
import Math
import Runtime
import Texts

extension Document.Section {
  /// Bytes, work and memory before and after.
  static func size(_ report: Report, _ latency: Latency?) -> Document.Section {
    var section = Document.Section(title: latency == nil ? "Size, work and memory" : "Size, work, memory and time")
    var table = Document.Table("Before and after", [.text(""), .number("Source"), .number("Compiled")])
    func add(_ name: String, _ before: Int?, _ after: Int?, _ text: (Int) -> String) {
      table.rows.append([.text(name), .text(before.map(text) ?? "–"), .text(after.map(text) ?? "–")])
    }
    let (source, compiled) = (report.stats, report.compiled)
    add("File", report.source.bytes, report.bundle?.bytes, Figures.bytes)
    add("Constants, uncoded", source?.weightBytes, compiled.bytes, Figures.bytes)
    add("Parameters", source?.parameters, compiled.parameters, Figures.grouped)
    add("MACs", source?.macs, compiled.macs, Figures.grouped)
    add("Effective MACs", nil, compiled.effectiveMACs, Figures.grouped)
    add("Peak activations", source?.peakActivationBytes, compiled.peakActivationBytes, Figures.bytes)
    add("Memory", source?.memory?.memoryBytes, compiled.memory.memoryBytes, Figures.bytes)
    add("Activation buffer", source?.memory?.arenaBytes, compiled.memory.arenaBytes, Figures.bytes)
    add("Scratch, each thread", source?.memory?.scratchBytes, compiled.memory.scratchBytes, Figures.bytes)
    add("Weights in memory", source?.memory?.packedBytes, compiled.memory.packedBytes, Figures.bytes)
    section.blocks = [.table(table), .terms([Terms.macs, Terms.effectiveMACs, Terms.peak, Terms.memory])]
    if let bundle = report.bundle, !bundle.sections.isEmpty {
      var spent: [Document.Block] = [.table(sections(bundle))]
      if let account = report.byteAccount {
        spent += [.table(self.account(account, bundle)), .table(stored(report.layers)), .terms([Terms.account])]
      }
      section.blocks.append(.folded("What the bundle's bytes are spent on", spent))
    }
    if let latency { section.blocks += self.latency(latency) }
    return section
  }

  /// The only figures that another run, or another machine, would not repeat.
  private static func latency(_ latency: Latency) -> [Document.Block] {
    var table = Document.Table(
      "Time for one image, measured on this machine", [.text(""), .number("Float"), .number("Compiled")])
    let times = [latency.float, latency.compiled].map { Document.Cell.text("\(Figures.decimal(1000 * $0, 2)) ms") }
    table.rows.append(["One thread, at best"] + times)
    let ratio = latency.compiled > 0 ? latency.float / latency.compiled : 0
    return [
      .table(table),
      .paragraph(
        "The quickest of \(Figures.count(latency.runs, "run")) each, in turn, with the instruction set "
          + "\(Printable.name(latency.instructionSet))"
          + (ratio >= 1 ? ": \(Figures.decimal(ratio, 1))× faster." : ".")
          + " A phone takes another time; dermc bench measures more."),
    ]
  }

  private static func sections(_ bundle: Report.BundleFile) -> Document.Table {
    var table = Document.Table(
      "The sections of the bundle",
      [.text("Section"), .text("Codec"), .number("Raw"), .number("Stored"), .text("Share of the file")])
    func share(_ bytes: Int) -> Document.Cell {
      let share = Double(bytes) / Double(max(1, bundle.bytes))
      return .bar(Figures.percent(share), fraction: share)
    }
    for section in bundle.sections {
      table.rows.append([
        .text(Printable.name(section.name)), .text(Printable.name(section.codec)),
        .text(Figures.bytes(section.rawBytes)), .text(Figures.bytes(section.storedBytes)), share(section.storedBytes),
      ])
    }
    table.rows.append([
      "Header, table of contents, padding", "", "", .text(Figures.bytes(bundle.containerBytes)),
      share(bundle.containerBytes),
    ])
    let raw = bundle.sections.reduce(0) { $0 + $1.rawBytes }
    table.totals.append([
      "File", "", .text(Figures.bytes(raw)), .text(Figures.bytes(bundle.bytes)), "",
    ])
    return table
  }

  /// What the file's bytes are, whichever section they are in.
  private static func account(
    _ account: [(name: String, bytes: Int)], _ bundle: Report.BundleFile
  ) -> Document.Table {
    var table = Document.Table("What the bytes are", [.text(""), .number("Bytes"), .text("Share of the file")])
    for line in account {
      let share = Double(line.bytes) / Double(max(1, bundle.bytes))
      table.rows.append([
        .text(Report.words(line.name)), .text(Figures.grouped(line.bytes)),
        .bar(Figures.percent(share), fraction: share),
      ])
    }
    table.totals.append(["File", .text(Figures.grouped(account.reduce(0) { $0 + $1.bytes })), ""])
    return table
  }

  /// Every layer of the compiled model.
  static func layers(_ report: Report) -> Document.Section {
    var section = Document.Section(title: "Layers")
    if let worst = report.worstLayer {
      section.blocks.append(
        .paragraph(
          "Least like the float model's is the output of \(Printable.name(worst.name)) (\(Printable.name(worst.op))): "
            + "\(Figures.decibels(worst.outputSQNR))."))
    }
    let layers = report.layers
    let float = layers.filter(\.isFloat)
    let int8 = layers.filter(\.isInt8)
    if !int8.isEmpty {
      let macs = layers.reduce(0) { $0 + $1.macs }
      let share = Double(int8.reduce(0) { $0 + $1.macs }) / Double(max(1, macs))
      section.blocks.append(
        .paragraph(
          "\(Figures.count(int8.count, "layer")) of \(Figures.grouped(layers.count)) "
            + "\(int8.count == 1 ? "runs" : "run") in int8 and \(int8.count == 1 ? "does" : "do") "
            + "\(Figures.percent(share)) of the MACs."))
      let reasons = float.filter { !$0.reason.isEmpty }
      if !reasons.isEmpty {
        section.blocks.append(.paragraph("What stays float32, and why:"))
        section.blocks.append(
          .list(reasons.map { "\(Printable.name($0.name)) (\($0.op)): \(Printable.name($0.reason, limit: 300))" }))
      }
    }
    section.blocks.append(
      .folded(
        "All \(Figures.count(layers.count, "layer"))",
        [.table(table(layers)), .terms([Terms.layerSQNR, Terms.sparsity])]))
    let raised = layers.filter { $0.raisedScales > 0 }
    if !raised.isEmpty {
      let channels = raised.reduce(0) { $0 + $1.raisedScales }
      section.blocks.append(
        .paragraph(
          "The weight scales of \(Figures.count(channels, "channel")) were raised so that their bias fits int32: "
            + raised.map { "\(Printable.name($0.name)) (\($0.raisedScales))" }.joined(separator: ", ") + "."))
    }
    return section
  }

  /// A level of noise that cannot be told from the float model on any screen.
  private static let fullLevel = 60.0

  private static func table(_ layers: [LayerReport]) -> Document.Table {
    var table = Document.Table(
      "Layers, in the order they run",
      [
        .text("Layer"), .text("Operator"), .number("Output"), .number("MACs"), .text("Precision"), .number("Weights"),
        .number("Bytes"), .number("Sparsity"), .text("SQNR"),
      ])
    for layer in layers {
      let level: Document.Cell =
        layer.outputSQNR.map { .bar(Figures.decibels($0), fraction: $0 / fullLevel) } ?? .text("")
      table.rows.append([
        .text(Printable.name(layer.name, limit: 48)), .text(Printable.name(layer.op)),
        .text(Figures.shape(layer.output)), .text(layer.macs == 0 ? "" : Figures.short(layer.macs)),
        .text(Printable.name(layer.precision)), .text(layer.weights == 0 ? "" : Figures.grouped(layer.weights)),
        .text(layer.bytes == 0 ? "" : Figures.bytes(layer.bytes)),
        .text(layer.sparsity.map { Figures.percent($0) } ?? ""), level,
      ])
    }
    table.totals.append([
      .text(Figures.count(layers.count, "layer")), "", "", .text(Figures.short(layers.reduce(0) { $0 + $1.macs })), "",
      .text(Figures.grouped(layers.reduce(0) { $0 + $1.weights })),
      .text(Figures.bytes(layers.reduce(0) { $0 + $1.bytes })), "", "",
    ])
    return table
  }

  /// What the constants of each layer take in the file.
  private static func stored(_ layers: [LayerReport]) -> Document.Table {
    var table = Document.Table(
      "What layers take in the file, in bytes",
      [
        .text("Layer"), .number("Weights"), .number("Bits each"), .number("Weights stored"), .number("Steps"),
        .number("Biases"), .number("Other"),
      ])
    func text(_ bytes: Int) -> Document.Cell { .text(bytes == 0 ? "" : Figures.grouped(bytes)) }
    var sum = StoredBytes()
    for layer in layers {
      guard let stored = layer.stored, stored.total > 0 else { continue }
      sum.add(stored)
      table.rows.append([
        .text(Printable.name(layer.name, limit: 48)), text(layer.weights),
        .text(layer.storedBits.map { Figures.decimal($0, 2) } ?? ""), text(stored.weights), text(stored.steps),
        text(stored.biases), text(stored.other),
      ])
    }
    table.totals.append([
      "All", text(layers.reduce(0) { $0 + $1.weights }), "", text(sum.weights), text(sum.steps), text(sum.biases),
      text(sum.other),
    ])
    return table
  }

  /// What the passes did to the graph before it was quantized.
  static func passes(_ report: Report) -> Document.Section {
    var table = Document.Table(
      "What each pass did", [.text("Pass"), .number("Applied"), .number("No effect"), .number("Refused")])
    var notes: [String] = []
    for pass in report.passes {
      table.rows.append([
        .text(Printable.name(pass.pass)), .text(Figures.grouped(pass.applied)), .text(Figures.grouped(pass.noEffect)),
        .text(Figures.grouped(pass.refused)),
      ])
      notes += pass.notes.map { "\(Printable.name(pass.pass)): \(Printable.name($0, limit: 300))" }
    }
    let what: [Document.Block] = [.table(table)] + (notes.isEmpty ? [] : [.list(notes)])
    return Document.Section(
      title: "Passes",
      blocks: [
        .paragraph(
          "Rewritings that leave what the model computes as it is, and make it smaller or faster. Each candidate was "
            + "rewritten (applied), not worth it (no effect), or refused because the result would have differed."),
        .folded("What \(Figures.count(report.passes.count, "pass", plural: "passes")) did", what),
      ])
  }

  /// Where everything came from.
  static func provenance(_ report: Report) -> Document.Section {
    var table = Document.Table("Where everything came from", [.text(""), .text("")])
    table.rows.append(["Source", .text("\(Printable.name(report.source.file)), \(report.source.format)")])
    if !report.source.sha256.isEmpty { table.rows.append(["Source SHA-256", .code(report.source.sha256)]) }
    if let bundle = report.bundle {
      table.rows.append(["Bundle", .text(Printable.name(bundle.file))])
      if !bundle.sha256.isEmpty { table.rows.append(["Bundle SHA-256", .code(bundle.sha256)]) }
    }
    if let calibration = report.calibration {
      var text =
        "\(Figures.count(calibration.samples, "sample")), ranges by \(calibration.estimator), seed \(calibration.seed)"
      if let parts = calibration.parts { text += "; counted in \(Figures.count(parts, "part"))" }
      if let parts = calibration.momentParts {
        text += "; second moments gathered in \(Figures.count(parts, "part"))"
      }
      if calibration.heldBack > 0 { text += "; \(Figures.grouped(calibration.heldBack)) held back for comparison" }
      table.rows.append(["Calibration", .text(text)])
      for file in calibration.skipped {
        table.rows.append([
          "Skipped", .text("\(Printable.name(file.file, limit: 200)): \(Printable.name(file.reason, limit: 300))"),
        ])
      }
    }
    if let channels = report.channels { table.rows.append(["Channels", .text(channels.text)]) }
    if let pruning = report.pruning { table.rows.append(["Pruning", .text(pruning.text)]) }
    if let recipe = report.recipe { table.rows.append(["Recipe", .code(recipe.json.description)]) }
    table.rows.append(["dermc", .text(report.dermc)])
    var section = Document.Section(title: "Provenance", blocks: [.table(table)])
    if let calibration = report.calibration, let search = calibration.search {
      let table = candidates(
        search, chosen: calibration.estimator, heading: "Ranges by",
        title: "Ways to choose ranges, and what each loses at the network's output on")
      section.blocks.append(.table(table))
      section.blocks.append(
        .paragraph("The first is taken unless another costs less by more than two standard errors of the difference."))
    }
    if let calibration = report.calibration, let search = calibration.channelSearch {
      let table = candidates(
        search, chosen: calibration.channels, heading: "Channels of activations",
        title: "Channels scaled against each other or not, and what each loses at the network's output on")
      section.blocks.append(.table(table))
    }
    if let calibration = report.calibration, let search = calibration.weightSearch {
      let table = candidates(
        search, chosen: calibration.weights, heading: "Rounding of weights + what biases make up for",
        title: "Ways to make up for errors, and what each loses at the network's output on")
      section.blocks.append(.table(table))
    }
    if let steps = report.calibration?.steps { section.blocks.append(.table(stepCandidates(steps))) }
    section.blocks.append(
      .paragraph("The same source, recipe and calibration data give the same bundle and the same report, bit for bit."))
    return section
  }

  /// What the int8 network of each candidate lost.
  private static func candidates(
    _ search: Report.SearchSummary, chosen: String, heading: String, title: String
  ) -> Document.Table {
    var table = Document.Table(
      "\(title) \(Figures.count(search.samples, "calibration sample")) that had no part in them",
      [.text(heading), .number(search.measure), .number("Standard error"), .text("")])
    for candidate in search.candidates {
      table.rows.append([
        .text(candidate.name), .text(Figures.decimal(candidate.cost, 5)),
        .text(Figures.decimal(candidate.standardError, 5)), .text(candidate.name == chosen ? "taken" : ""),
      ])
    }
    return table
  }

  /// What each choice of steps gave.
  private static func stepCandidates(_ search: Report.StepSearchSummary) -> Document.Table {
    let samples =
      search.samples == 0 ? "" : " on \(Figures.count(search.samples, "calibration sample")) apart"
    var table = Document.Table(
      "Steps of weights that were tried: bundle and what it loses at the network's output\(samples)",
      [.number("T"), .number("Bundle"), .number(search.measure), .text("")])
    for (index, candidate) in search.candidates.enumerated() {
      table.rows.append([
        .text("2^\(Figures.decimal(Decibel.log10(candidate.distortion) / Decibel.log10(2), 2))"),
        .text(Figures.bytes(candidate.bytes)), .text(candidate.cost.map { Figures.decimal($0, 5) } ?? "–"),
        .text(index == search.chosen ? "taken" : ""),
      ])
    }
    return table
  }
}
