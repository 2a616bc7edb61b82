import Bundles
import IR
import Math
import Operators
import Passes
import Platform
import Quantization
import Runtime
import Tensors
import TestSupport
import Threads

/// What must hold for every graph: it can be simplified, run, quantized, stored and read, and means the same all the
/// way.
struct Property {
  /// Why it does not hold.
  struct Failure: Error, CustomStringConvertible {
    /// What was looked at, the same for a graph and the smaller ones it is shrunk to.
    let claim: String
    let detail: String
    var description: String { "\(claim): \(detail)" }
  }

  enum Outcome {
    /// With the operators of the graph and of its int8 form.
    case holds(operators: Set<String>)
    /// Not to be judged: the float graph itself leaves the finite numbers.
    case unjudged
    case fails(Failure)
  }

  let seed: UInt64
  /// Where bundles are written.
  let folder: String

  func outcome(_ graph: Graph) -> Outcome {
    do {
      return try check(graph)
    } catch let failure as Failure {
      return .fails(failure)
    } catch {
      return .fails(Failure(claim: "the graph can be computed", detail: "\(error)"))
    }
  }

  @discardableResult
  private func claim<Result>(_ what: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch { throw Failure(claim: what, detail: "\(error)") }
  }

  private func check(_ graph: Graph) throws -> Outcome {
    guard !graph.outputs.isEmpty else { return .unjudged }
    try claim("the graph is valid") { try Verifier.check(graph) }
    var random = RandomNumbers(seed: seed)
    let shape = graph.type(of: graph.inputs[0]).shape
    let samples = (0..<4).map { _ in random.tensor(shape, random.pick([-1...1, -3...3, 0...2, -0.5...2])) }
    var options = Quantizer.Options()
    options.estimator = random.oneIn(4) ? .mse : .minMax
    // The correction takes it that every weight meets the mean of its input, which it does not beside padding.
    options.correctsBias = random.oneIn(2) && !graph.nodesInOrder().contains(where: isPadded)
    let model = try NoiseModel(graph, samples: samples)
    guard model.exact.joined().allSatisfy({ $0.reals.allSatisfy(\.isFinite) }),
      model.ranges.values.allSatisfy({ $0.low > -1e6 && $0.high < 1e6 })
    else { return .unjudged }

    // Float: passes keep what the graph computes.
    var simple = graph
    try claim("passes simplify the graph") { try Pipeline.run(PassList.simplify + PassList.fuseClamps, on: &simple) }
    var fused = simple
    try claim("passes fuse activations") { try Pipeline.run(PassList.fuseFunctions, on: &fused) }
    let calibration = try plan(simple)
    try compareFloat(model, fused, samples)
    try compareRowBands(fused, samples[0], &random)

    // Int8.
    let source = Samples(samples)
    let observations = Calibrator(calibration, of: simple, observing: Quantizer.valuesToObserve(simple))
      .run(source, samples: Array(samples.indices), threads: 1)
    let quantized = try claim("what runs in float compiles to int8") {
      try Quantizer(simple, observations: observations, options: options).run().graph
    }
    try claim("the int8 graph is valid") { try Verifier.check(quantized) }
    let int8Plan = try claim("the int8 graph can be planned") { try plan(quantized) }
    let results = run(int8Plan, samples)
    // Other ranges than the whole leave values out on purpose, in samples of few elements most of them.
    if options.estimator == .minMax { try compareInt8(simple, quantized, results, samples) }
    try compareRowBands(quantized, samples[0], &random)
    try compareStored(quantized, samples[0], results[0])
    return .holds(operators: Set((graph.nodesInOrder() + quantized.nodesInOrder()).map(\.op.name)))
  }

  private func isPadded(_ node: Node) -> Bool { (node.op as? Conv)?.window.pads.contains { $0 > 0 } ?? false }

  // MARK: Running

  private func plan(_ graph: Graph, _ limits: RowFusion.Limits? = nil) throws -> Plan {
    try Plan(graph, math: KernelMath(), rowFusion: limits)
  }

  private func run(_ plan: Plan, _ samples: [Tensor], threads: Int = 1) -> [[Tensor]] {
    let executor = Executor(plan, workers: Workers(threads: threads))
    return samples.map { sample in
      executor.write(sample, toInput: 0)
      executor.run()
      return (0..<executor.outputCount).map { executor.outputTensor($0) }
    }
  }

  /// Tensors that are always there.
  private struct Samples: SampleSource {
    let tensors: [Tensor]

    init(_ tensors: [Tensor]) { self.tensors = tensors }

    var count: Int { tensors.count }

    func write(_ index: Int, into inputs: [MutableTensorView]) -> Bool {
      tensors[index].withBytes { LayoutConversion.write($0, layout: .rowMajor, into: inputs[0]) }
      return true
    }
  }

  // MARK: Comparing

  /// Float outputs agree to 1e-4 of the largest; where a graph magnifies the rounding of float32 itself, to thirty
  /// times what that rounding does.
  private func compareFloat(_ model: NoiseModel, _ fused: Graph, _ samples: [Tensor]) throws {
    let results = run(try claim("the float graph can be planned") { try plan(fused) }, samples)
    guard let first = model.exact.first else { return }
    for index in first.indices {
      var noise = 0.0
      var power = 0.0
      var count = 0
      for (result, exact) in zip(results, model.exact) {
        guard result[index].type == exact[index].type else {
          throw Failure(
            claim: "float outputs keep their types",
            detail: "output \(index) is \(result[index].type), not "
              + "\(exact[index].type)")
        }
        noise += NoiseModel.noise(result[index], exact[index])
        let largest = exact[index].reals.reduce(0) { max($0, Double(abs($1))) }
        power += largest * largest * Double(exact[index].count)
        count += exact[index].count
      }
      guard noise.isNaN || noise > 1e-8 * power + 1e-12 * Double(count) else { continue }
      let known = try largestNoise(of: index, above: noise / 900) { seed in
        try model.noise(seed: seed, levels: 0x1p22) { _, width in width * 0x1p-22 }
      }
      guard noise <= 900 * known else {
        throw Failure(
          claim: "passes keep what the float graph computes",
          detail: "output \(index): squared error \(noise) of \(power), rounding makes \(known)")
      }
    }
  }

  /// The error of int8 outputs is at most three times what rounding every value to eight bits makes of the float graph.
  private func compareInt8(
    _ float: Graph, _ int8: Graph, _ results: [[Tensor]], _ samples: [Tensor]
  ) throws {
    let model = try NoiseModel(float, samples: samples)
    // Values that share a quantization have wider steps than their own range asks for.
    var steps: [String: Float] = [:]
    for id in int8.valueIDs {
      guard let quantization = int8.type(of: id).quantization else { continue }
      let name = int8[id].name
      steps[name.hasSuffix("_quantized") ? String(name.dropLast(10)) : name] = quantization.scale
    }
    for index in float.outputs.indices {
      let noise = zip(results, model.exact).reduce(0) { $0 + NoiseModel.noise($1.0[index], $1.1[index]) }
      let signal = model.exact.reduce(0) { sum, outputs in
        outputs[index].reals.reduce(sum) { $0 + Double($1) * Double($1) }
      }
      guard noise.isNaN || noise > 1e-8 * signal + 1e-12 else { continue }
      let known = try largestNoise(of: index, above: noise / 9) { seed in
        try model.noise(seed: seed, levels: 127) { name, width in max(width / 255, steps[name] ?? 0) }
      }
      guard noise <= 9 * known else {
        throw Failure(
          claim: "int8 is as near to float as eight bits are",
          detail: "output \(float[float.outputs[index]].name): signal to noise "
            + "\(10 * log10(signal / noise)) dB, rounding makes \(10 * log10(signal / known)) dB")
      }
    }
  }

  /// The largest noise seen of an output in up to so many attempts: enough of them for outputs of one element, whose
  /// error may by chance be small many times.
  private func largestNoise(
    of index: Int, above enough: Double, _ noise: (UInt64) throws -> [Double]
  ) throws -> Double {
    var largest = 0.0
    for attempt in 0..<64 where !(largest >= enough) {
      let made = try noise(seed &+ UInt64(attempt))[index]
      // Where rounding makes an output leave the finite numbers anything goes.
      largest = max(largest, made.isNaN ? .infinity : made)
    }
    return largest
  }

  /// Bands of rows and threads change no bit.
  private func compareRowBands(_ graph: Graph, _ sample: Tensor, _ random: inout RandomNumbers) throws {
    let expected = run(try plan(graph), [sample])[0]
    let budget = random.pick([0, 1 << 8, 1 << 10, 1 << 20])
    var device = RowFusion.Limits.device
    device.leastBytes = 0
    let all = RowFusion.Limits(leastBytes: 0, mostWeightBytes: 1 << 20, int8Budget: budget, floatBudget: budget)
    for limits in [all, device, nil] {
      for threads in limits == nil ? [2] : [1, 2] {
        let results = run(try plan(graph, limits), [sample], threads: threads)[0]
        guard zip(results, expected).allSatisfy({ $0.isIdentical(to: $1) }) else {
          throw Failure(
            claim: "bands of rows and threads change no bit",
            detail: "\(limits == nil ? "no bands" : "bands of \(budget) bytes"), \(threads) threads")
        }
      }
    }
  }

  /// A bundle holds the graph: it reads back, runs to the same bits and is written to the same bytes.
  private func compareStored(_ graph: Graph, _ sample: Tensor, _ expected: [Tensor]) throws {
    let path = "\(folder)/\(seed).derm"
    defer { for path in [path, path + "2"] { unlink(path) } }
    let read = try claim("a bundle of the graph can be written and read") {
      try BundleWriter.write(Bundle(kind: .compiled, graph: graph), to: path, compression: .none)
      let bundle = try BundleReader.open(path).read()
      try BundleWriter.write(bundle, to: path + "2", compression: .none)
      return bundle.graph
    }
    let results = run(try plan(read), [sample])[0]
    guard zip(results, expected).allSatisfy({ $0.isIdentical(to: $1) }), results.count == expected.count else {
      throw Failure(claim: "a bundle holds the graph", detail: "other outputs")
    }
    let files = [try MappedFile(path: path), try MappedFile(path: path + "2")]
    guard files.withBytes({ $0[0].elementsEqual($0[1]) }) else {
      throw Failure(claim: "a bundle holds the graph", detail: "other bytes when it is written again")
    }
  }
}
