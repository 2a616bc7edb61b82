import Bundles
import CanonicalJSON
import Compiler
import IR
import Math
import NumPyFiles
import Operators
import Quantization
import Reports
import Tensors

/// Counts, second moments and scores of samples: merged with themselves, compiled from and measured.
package enum PartsTarget: FuzzTarget {
  package static let name = "parts"

  package static func run(_ bytes: [UInt8]) {
    let path = ScratchFolder.put(bytes, "input.calib")
    do throws(Refusal) {
      let again = "\(ScratchFolder.path)/again.calib"
      try PartMerge([path], to: again).run(observer: Unobserved()).file.commit()
      let once = try MappedFile.contents(of: again)
      try PartMerge([again], to: again).run(observer: Unobserved()).file.commit()
      require(try MappedFile.contents(of: again) == once, "counts that were written are read as others")
    } catch {
      requireLine("\(error)")
    }
    do throws(Refusal) {
      _ = try PartMerge([path, path], to: path).run(observer: Unobserved())
      require(false, "counts were merged with themselves")
    } catch {
      requireLine("\(error)")
    }
    do throws(Refusal) {
      let evaluation = Evaluation(
        try LoadedModel(path: model), against: nil, on: path, settings: try DataSettings(size: nil),
        answer: AnswerSettings(), threads: 1, math: .kernels, isStrict: false, observer: Unobserved())
      _ = try evaluation.run().json.prettyBytes()
    } catch {
      requireLine("\(error)")
    }
    for estimator in RangeEstimator.allCases { compile(estimator, path) }
    compile(.mse, counted, moments: path)
    do throws(Refusal) {
      var count = try counting(of: "\(ScratchFolder.path)/gathered.moments")
      count.moments = MomentRequest(counts: path)
      _ = try count.run(observer: Unobserved())
    } catch {
      requireLine("\(error)")
    }
  }

  private static func compile(_ estimator: RangeEstimator, _ counts: String, moments: String? = nil) {
    do throws(Refusal) {
      var recipe = Recipe()
      recipe.int8 = true
      recipe.estimator = estimator
      if moments != nil { recipe.rounding = .compensated }
      var request = CompilationRequest(
        model: model, recipe: recipe, settings: try DataSettings(size: nil),
        output: "\(ScratchFolder.path)/compiled.derm", threads: 1)
      request.calibrationPath = counts
      request.momentsPath = moments
      _ = try Compilation(request, observer: Unobserved()).run()
    } catch {
      requireLine("\(error)")
    }
  }

  package static func mutated(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8]? {
    guard var parts = BundleParts(bytes), !parts.sections.isEmpty else { return nil }
    if dice.oneIn(16) { dice.shuffle(&parts.sections) }
    let index = dice.roll(parts.sections.count)
    if !dice.oneIn(8), let json = try? JSON(parsing: parts.sections[index].raw) {
      parts.sections[index].raw = JSONMutator.bytes(mutator.mutated(json, &dice))
    } else {
      parts.sections[index].raw = dice.mutated(parts.sections[index].raw)
    }
    if dice.oneIn(8) { parts.sections[index].codec = UInt32(dice.roll(7)) }
    if dice.oneIn(8) { parts.sections[index].damaged = parts.sections[index].encoded.map { dice.mutated($0) } }
    return parts.bytes
  }

  private static let mutator = JSONMutator(
    words: [
      "kind", "version", "origin", "data", "values", "dermc", "source", "format", "bytes", "sha256", "graph",
      "preprocessing", "assumed", "inputs", "listing", "listed", "chosen", "samples", "seed", "shards", "have", "used",
      "unusable", "skipped", "anonymous", "calibration", "evaluation", "origins", "subject", "remarks", "labels",
      "classes", "output", "task", "label_sets", "group", "columns", "math", "warnings", "normalization", "table",
      "site", "moments", "network", "layers", "counts", "range", "keep_float", "name", "groups", "length", "blocks",
      "scale", "zero_point", "rows", "",
    ])

  /// A model that some inputs are counts of.
  private static let model: String = {
    do {
      var graph = Graph(name: "counted")
      var x = graph.addInput("x", TensorType(.float32, [1, 2, 5, 5]))
      let w = graph.addConstant("w", Tensor((0..<36).map { Float($0 % 7) / 7 - 0.4 }, shape: [2, 2, 3, 3]))
      x = try graph.add(Conv(window: Window(kernel: [3, 3])), name: "conv", inputs: [x, w])[0]
      x = try graph.add(Unary(.silu), name: "silu", inputs: [x])[0]
      x = try graph.add(Reshape(shape: [1, -1]), name: "flat", inputs: [x])[0]
      let v = graph.addConstant("v", Tensor((0..<54).map { Float($0 % 5) / 5 - 0.4 }, shape: [3, 18]))
      graph.addOutput(try graph.add(Gemm(), name: "scores", inputs: [x, v], outputNames: ["scores"])[0])
      let path = "\(ScratchFolder.path)/counted.derm"
      try BundleWriter.write(Bundle(kind: .checkpoint, graph: graph), to: path)
      return path
    } catch {
      fatalError("the model to count on cannot be made: \(error)")
    }
  }()

  /// What is counted, all of it.
  private static let inputs: String = {
    do {
      let path = "\(ScratchFolder.path)/counted.npy"
      try NumPyFile.write(
        Tensor((0..<400).map { Float($0 * 7919 % 101) / 50 - 1 }, shape: [8, 2, 5, 5]), to: path)
      return path
    } catch {
      fatalError("the inputs to count cannot be made: \(error)")
    }
  }()

  /// Counts of all inputs.
  private static let counted: String = {
    do {
      let path = "\(ScratchFolder.path)/counted.calib"
      try counting(of: path).run(observer: Unobserved()).file.commit()
      return path
    } catch {
      fatalError("inputs cannot be counted: \(error)")
    }
  }()

  private static func counting(of path: String) throws(Refusal) -> CalibrationCount {
    CalibrationCount(model: model, data: inputs, settings: try DataSettings(size: nil), output: path, threads: 1)
  }

  package static func seeds(root: String) throws -> [[UInt8]] {
    var seeds: [[UInt8]] = []
    for (shard, site) in [("1/1", nil), ("1/2", nil), ("2/2", nil), ("3/9", nil), ("1/1", "a"), ("1/2", "b")] {
      let path = "\(ScratchFolder.path)/seed.calib"
      for gathers in [false, true] where site == nil || !gathers {
        var count = try counting(of: path)
        count.shard = try Shard(shard)
        count.site = site
        count.moments = gathers ? MomentRequest(counts: counted) : nil
        try count.run(observer: Unobserved()).file.commit()
        seeds.append(try MappedFile.contents(of: path))
      }
    }
    return seeds + (try contents(of: "\(root)/fixtures/fuzz/parts", ending: ".eval"))
  }
}

/// Nobody watches.
private struct Unobserved: WorkObserver {
  func begin(_ stage: String, count: Int) {}
  func advance() {}
  func end() {}
  func warn(_ message: String) {}
  func note(_ message: String) {}
}
