import IR
import Math
import Operators
import Quantization
import Runtime
import Tensors
import TestSupport
import Testing

@Suite struct InputMomentsTests {
  /// A layer of one of the kinds there are, quantized, and the int8 input its layer has for each sample.
  private struct Case {
    var graph = Graph(name: "moments")
    let model: QuantizedModel
    let plan: Plan
    let source: NoiseSource

    init(_ shape: [Int], _ make: (inout Graph, ValueID, inout RandomNumbers) throws -> [ValueID]) throws {
      var random = RandomNumbers(seed: 61)
      let x = graph.addInput("x", TensorType(.float32, shape))
      graph.addOutput(try make(&graph, x, &random)[0])
      source = NoiseSource(shape: shape, count: 24)
      let float = try Plan(graph, math: KernelMath())
      let observations = Calibrator(float, of: graph, observing: Quantizer.valuesToObserve(graph)).run(
        source, samples: Array(0..<8), threads: 1)
      model = try Quantizer(graph, observations: observations, options: Quantizer.Options()).run()
      plan = try Plan(model.graph, math: KernelMath())
    }

    func moments(_ samples: [Int], of all: Int? = nil, threads: Int = 1) throws -> InputMoments {
      let gatherer = MomentGatherer(plan, of: model, samples: all ?? samples.count)
      let found = gatherer.run(source, samples: samples, threads: threads)
      let layer = try #require(graph.producer(of: graph.outputs[0]))
      return try #require(found[layer.id])
    }

    /// The input of the int8 layer, in real numbers, NCHW.
    func input(_ sample: Int) throws -> [Double] {
      let quantized = try #require(model.graph.nodesInOrder().first { $0.op is QuantizeLinear })
      let quantization = try #require(model.graph.type(of: quantized.outputs[0]).quantization)
      let memory = UnsafeMutableRawPointer.allocate(byteCount: 4 * source.shape.reduce(1, *), alignment: 64)
      defer { memory.deallocate() }
      let view = MutableTensorView(TensorType(.float32, source.shape), base: memory)
      _ = source.write(sample, into: [view])
      return view.reading.elements(Float.self).map { x in
        // As the kernel does: divided in float32.
        let q = Int((x / quantization.scale).rounded(.toNearestOrEven)) + quantization.zeroPoint
        return quantization.real(max(-128, min(127, q)))
      }
    }
  }

  /// What every weight of a row meets at every position of a convolution, computed with indices alone.
  private func rows(_ x: [Double], _ shape: [Int], _ window: Window, group: Int, of groups: Int) throws -> [[Double]] {
    let output = try window.outputSize(Array(shape[2...]))
    let perGroup = shape[1] / groups
    var rows: [[Double]] = []
    for image in 0..<shape[0] {
      for oy in 0..<output[0] {
        for ox in 0..<output[1] {
          var row: [Double] = []
          for channel in group * perGroup..<(group + 1) * perGroup {
            for ky in 0..<window.kernel[0] {
              for kx in 0..<window.kernel[1] {
                let y = oy * window.strides[0] + ky * window.dilations[0] - window.pads[0]
                let x0 = ox * window.strides[1] + kx * window.dilations[1] - window.pads[1]
                let isInside = (0..<shape[2]).contains(y) && (0..<shape[3]).contains(x0)
                let index = ((image * shape[1] + channel) * shape[2] + y) * shape[3] + x0
                row.append(isInside ? x[index] : 0)
              }
            }
          }
          rows.append(row)
        }
      }
    }
    return rows
  }

  private func expect(_ moments: InputMoments, group: Int, are rows: [[Double]]) {
    #expect(moments.rows == rows.count)
    let count = Double(rows.count)
    let length = rows[0].count
    let means = (0..<length).map { column in rows.reduce(0) { $0 + $1[column] } / count }
    for (found, mean) in zip(moments.means[group * length..<(group + 1) * length], means) {
      #expect(abs(found - mean) < 1e-9)
    }
    for (block, columns) in moments.blocks.enumerated() {
      let found = moments.covariance(group: group, block: block)
      for (i, a) in columns.enumerated() {
        for (j, b) in columns.enumerated() {
          let product = rows.reduce(0) { $0 + ($1[a] - means[a]) * ($1[b] - means[b]) } / count
          #expect(abs(found[i * columns.count + j] - product) < 1e-9)
        }
      }
    }
  }

  static let windows: [(name: String, window: Window, channels: Int, groups: Int)] = [
    ("pointwise", Window(kernel: [1, 1]), 40, 1),
    ("padded", Window(kernel: [3, 3], pads: [1, 1, 1, 1]), 6, 1),
    ("strided, with uneven pads", Window(kernel: [3, 2], strides: [2, 3], pads: [0, 1, 2, 0]), 5, 1),
    ("dilated", Window(kernel: [3, 3], dilations: [2, 1], pads: [2, 0, 2, 0]), 4, 1),
    ("grouped", Window(kernel: [3, 3], pads: [1, 1, 1, 1]), 8, 2),
    ("depthwise", Window(kernel: [3, 3], pads: [1, 1, 1, 1]), 7, 7),
    ("all padding but one", Window(kernel: [5, 5], pads: [4, 4, 4, 4]), 2, 1),
  ]

  /// Small images: every position of every sample counts, those in the padding as 0.
  @Test(arguments: windows.indices) func momentsAreThoseOfTheRows(index: Int) throws {
    let (_, window, channels, groups) = InputMomentsTests.windows[index]
    let shape = [index == 1 ? 2 : 1, channels, 7, 6]
    let example = try Case(shape) { graph, x, random in
      let w = graph.addConstant("w", random.tensor([groups * 2, channels / groups] + window.kernel))
      return try graph.add(Conv(window: window, group: groups), name: "y", inputs: [x, w])
    }
    let samples = [0, 5, 1, 9, 2]
    let moments = try example.moments(samples)
    #expect(moments.groups == groups && moments.length == channels / groups * window.kernel[0] * window.kernel[1])
    for group in 0..<groups {
      let all = try samples.flatMap {
        try rows(example.input($0), shape, window, group: group, of: groups)
      }
      expect(moments, group: group, are: all)
    }
  }

  /// Rows of a matrix product are its positions, whatever the rank.
  @Test(arguments: [[1, 6], [1, 5, 6], [2, 3, 5, 6]]) func rowsOfAMatrixProduct(shape: [Int]) throws {
    let example = try Case(shape) { graph, x, random in
      try graph.add(Gemm(), name: "y", inputs: [x, graph.addConstant("w", random.tensor([3, 6]))])
    }
    let samples = Array(0..<20)
    let numbers = try samples.flatMap { try example.input($0) }
    expect(
      try example.moments(samples), group: 0,
      are: stride(from: 0, to: numbers.count, by: 6).map { Array(numbers[$0..<$0 + 6]) })
  }

  /// Longer rows than products are kept of: the columns are cut into blocks, all of which are right.
  @Test func longRows() throws {
    let example = try Case([1, 1100]) { graph, x, random in
      try graph.add(Gemm(), name: "y", inputs: [x, graph.addConstant("w", random.tensor([2, 1100]))])
    }
    let moments = try example.moments([3, 4])
    #expect(moments.blocks == [0..<550, 550..<1100])
    let (a, b) = (try example.input(3), try example.input(4))
    for (block, columns) in moments.blocks.enumerated() {
      let found = moments.covariance(group: 0, block: block)
      // Two samples: half of each difference, squared.
      for (i, j) in [(0, 0), (0, 549), (300, 7), (255, 256), (549, 549), (511, 513)] {
        let (p, q) = (columns.lowerBound + i, columns.lowerBound + j)
        #expect(abs(found[i * 550 + j] - (a[p] - b[p]) * (a[q] - b[q]) / 4) < 1e-9)
      }
    }
  }

  /// Of large images some positions are looked at: others in each sample, and each as often as its neighbours.
  @Test func largeImages() throws {
    let example = try Case([1, 2, 64, 64]) { graph, x, random in
      let w = graph.addConstant("w", random.tensor([3, 2, 1, 1]))
      return try graph.add(Conv(window: Window(kernel: [1, 1])), name: "y", inputs: [x, w])
    }
    let moments = try example.moments(Array(0..<24))
    // 1024 in all, in equal parts.
    #expect(moments.rows == 24 * 42)
    let all = try (0..<24).map { try example.input($0) }
    for channel in 0..<2 {
      let values = all.flatMap { $0[channel * 4096..<(channel + 1) * 4096] }
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      // Uniform noise: four standard errors of 1008 values.
      #expect(abs(moments.means[channel] - mean) < 4 * (variance / 1008).squareRoot())
      let block = moments.covariance(group: 0, block: 0)
      #expect(abs(block[channel * 3] / variance - 1) < 0.12)
    }
  }

  /// Bit for bit, whichever thread has seen what, and in parts as at once.
  @Test func threadsAndPartsMakeNoDifference() throws {
    let example = try Case([1, 40, 9, 9]) { graph, x, random in
      let window = Window(kernel: [3, 3], pads: [1, 1, 1, 1])
      return try graph.add(
        Conv(window: window), name: "y", inputs: [x, graph.addConstant("w", random.tensor([4, 40, 3, 3]))])
    }
    let samples = Array(0..<24)
    let one = try example.moments(samples)
    func expectSame(_ other: InputMoments) {
      #expect(other.rows == one.rows && other.means == one.means)
      #expect(other.covariance(group: 0, block: 0) == one.covariance(group: 0, block: 0))
    }
    for threads in [2, 3, 16] { expectSame(try example.moments(samples.reversed(), threads: threads)) }
    var parts = try example.moments(Array(samples[..<7]), of: 24)
    parts.merge(try example.moments(Array(samples[7...]), of: 24, threads: 2))
    expectSame(parts)
  }

  /// As bytes: the same for the same sums, read as they were, and added up as what was seen.
  @Test func wordsAreReadAsTheyWere() throws {
    let examples = [
      try Case([1, 8, 7, 6]) { graph, x, random in
        let w = graph.addConstant("w", random.tensor([4, 4, 3, 3]))
        return try graph.add(
          Conv(window: Window(kernel: [3, 3], pads: [1, 1, 1, 1]), group: 2), name: "y", inputs: [x, w])
      },
      // Two blocks, of two stripes and a bit each.
      try Case([1, 1100]) { graph, x, random in
        try graph.add(Gemm(), name: "y", inputs: [x, graph.addConstant("w", random.tensor([2, 1100]))])
      },
    ]
    func bytes(_ moments: InputMoments) -> [UInt8] {
      var bytes: [UInt8] = []
      moments.write(to: &bytes)
      return bytes
    }
    func read(_ moments: InputMoments) throws -> InputMoments {
      let words = bytes(moments)
      #expect(words.count == 4 * (moments.form.words ?? 0))
      return try words.withUnsafeBytes { try InputMoments(moments.form, rows: moments.rows, reading: $0) }
    }
    for example in examples {
      let whole = try example.moments(Array(0..<12))
      let again = try read(whole)
      #expect(again.rows == whole.rows && again.means == whole.means && bytes(again) == bytes(whole))
      for block in whole.blocks.indices {
        #expect(again.covariance(group: 0, block: block) == whole.covariance(group: 0, block: block))
      }
      var parts = try read(example.moments(Array(5..<12), of: 12))
      parts.merge(try read(example.moments(Array(0..<5), of: 12)))
      #expect(bytes(parts) == bytes(whole))
      #expect(parts.canTake(whole) && !parts.canTake(InputMoments(Self.other(whole.form))))
    }
    #expect(bytes(InputMoments(try examples[0].moments([0]).form)).isEmpty)
  }

  private static func other(_ form: InputMoments.Form) -> InputMoments.Form {
    InputMoments.Form(
      groups: form.groups, length: form.length, blocks: form.blocks,
      quantization: Quantization(scale: 2 * form.quantization.scale, zeroPoint: form.quantization.zeroPoint))
  }

  /// Other bytes are refused, or are other sums, which write themselves.
  @Test func changedWordsAreRefusedOrOtherSums() throws {
    let example = try Case([1, 6]) { graph, x, random in
      try graph.add(Gemm(), name: "y", inputs: [x, graph.addConstant("w", random.tensor([3, 6]))])
    }
    let moments = try example.moments(Array(0..<9))
    var whole: [UInt8] = []
    moments.write(to: &whole)
    #expect(whole.count == 4 * (6 + 21))
    var refused = 0
    for place in whole.indices {
      for change: UInt8 in [1, 0x80, 0xFF] {
        var changed = whole
        changed[place] ^= change
        guard
          let other = changed.withUnsafeBytes({ try? InputMoments(moments.form, rows: moments.rows, reading: $0) })
        else {
          refused += 1
          continue
        }
        var again: [UInt8] = []
        other.write(to: &again)
        #expect(again == changed, "byte \(place)")
        #expect(ErrorCompensation(other) != nil)
      }
    }
    #expect(refused > 20 && refused < 3 * whole.count - 20, "\(refused)")
    // Sizes that no file has are no number of words.
    let quantization = moments.form.quantization
    for (groups, length, blocks) in [(1 << 24, 1 << 24, 1), (1, 6, 7), (0, 6, 1), (1, 0, 1), (1, 1 << 25, 1)] {
      let form = InputMoments.Form(groups: groups, length: length, blocks: blocks, quantization: quantization)
      #expect(form.words == nil)
    }
  }

  /// Samples that cannot be used leave no rows, and none at all no moments.
  @Test func unusableSamples() throws {
    let example = try Case([1, 6]) { graph, x, random in
      try graph.add(Gemm(), name: "y", inputs: [x, graph.addConstant("w", random.tensor([3, 6]))])
    }
    let gatherer = MomentGatherer(example.plan, of: example.model, samples: 3)
    let found = gatherer.run(TensorSamples(samples: [nil, nil, nil]), samples: [0, 1, 2], threads: 2)
    #expect(found.values.map(\.rows) == [0])
    #expect(found.values.allSatisfy { $0.means == [Double](repeating: 0, count: 6) })
    #expect(ErrorCompensation.all(found, threads: 2).isEmpty)
  }
}
