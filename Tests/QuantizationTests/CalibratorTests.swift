import IR
import Math
import Operators
import Quantization
import Runtime
import Synchronization
import Tensors
import TestSupport
import Testing

/// What calibration sees of a graph's values, against a plain evaluation of the graph and sums over its results.
@Suite struct CalibratorTests {
  /// A convolution, a function, an alias of its memory, a matrix product: x, conv, relu, flat, y, all of them observed.
  private func model() throws -> (model: Model, values: [ValueID]) {
    var model = Model()
    let x = model.input([1, 3, 5, 4])
    let conv = try model.conv("conv", x, outputs: 2, kernel: 3, bias: true)
    let relu = try model.add("relu", Unary(.relu), conv)
    let flat = try model.add("flat", Reshape(shape: [1, 12]), relu)
    let y = try model.add("y", Gemm(), flat, model.constant("w", [3, 12]))
    model.graph.addOutput(y)
    return (model, [x, conv, relu, flat, y])
  }

  private func samples(_ count: Int) -> [Tensor] {
    var random = RandomNumbers(seed: 31)
    // Images of very different brightness.
    return (0..<count).map { random.tensor([1, 3, 5, 4], -1...Float(1 << ($0 % 5))) }
  }

  private func calibrator(_ graph: Graph, _ values: [ValueID]) throws -> Calibrator {
    Calibrator(try Plan(graph, math: KernelMath()), of: graph, observing: Set(values))
  }

  /// Every value of an image, by evaluating the graph with that value as its only output.
  private func evaluate(_ graph: Graph, _ value: ValueID, _ image: Tensor) throws -> Tensor {
    guard !graph.isInput(value) else { return image }
    var alone = graph
    alone.addOutput(value)
    return try #require(try GraphEvaluation.outputs(of: alone, inputs: [image]).last)
  }

  @Test func everyValueOfEverySampleIsCounted() throws {
    let (model, values) = try model()
    let images = samples(6)
    let source = TensorSamples(samples: images.map { [$0] })
    let found = try calibrator(model.graph, values).run(source, samples: Array(images.indices), threads: 1)
    #expect(Set(found.keys) == Set(values))
    for value in values {
      let tensors = try images.map { try evaluate(model.graph, value, $0) }
      let elements = tensors.map { $0.elements(as: Float.self) }
      let observation = try #require(found[value])
      let expected = scaled(elements)
      #expect(
        observation.histograms.byExponent.mapValues(\.counts) == expected.byExponent.mapValues(\.counts),
        "\(model.graph[value].name)")
      #expect(observation.histograms.combined.minimum == elements.flatMap(\.self).min())
      #expect(observation.histograms.combined.maximum == elements.flatMap(\.self).max())
      // Channels: dimension 1 of images and rows.
      let shape = tensors[0].shape
      let positions = shape[2...].reduce(1, *)
      try #require(observation.channelMeans.count == shape[1], "\(model.graph[value].name)")
      for channel in 0..<shape[1] {
        let of = elements.map { Array($0[channel * positions..<(channel + 1) * positions]) }
        let mean = of.flatMap(\.self).reduce(0.0) { $0 + Double($1) } / Double(images.count * positions)
        // Sums of a few floats up to 100 and units of 2^-24 of each image's mean.
        #expect(abs(observation.channelMeans[channel] - mean) < 1e-5)
        #expect(observation.channelPeaks[channel] == of.flatMap(\.self).map(\.magnitude).max())
      }
    }
  }

  /// A matrix product has its channels along the last dimension: of tokens, and of a 4-D value that lies row-major.
  @Test(arguments: [[1, 5, 3], [1, 3, 3], [1, 2, 4, 3]]) func channelsOfAMatrixProduct(shape: [Int]) throws {
    var model = Model()
    let x = model.input(shape)
    model.graph.addOutput(try model.add("y", Gemm(), x, model.constant("w", [2, 3])))
    var random = RandomNumbers(seed: 32)
    let image = random.tensor(shape, -1...1)
    let found = try calibrator(model.graph, [x]).run(
      TensorSamples(samples: [[image]]), samples: [0], threads: 1)
    let numbers = image.elements(as: Float.self)
    let means = try #require(found[x]).channelMeans
    try #require(means.count == 3)
    for channel in 0..<3 {
      let column = stride(from: channel, to: numbers.count, by: 3).map { Double(numbers[$0]) }
      #expect(abs(means[channel] - column.reduce(0, +) / Double(column.count)) < 1e-6)
    }
  }

  /// Byte for byte, whichever thread has seen what.
  @Test func threadsMakeNoDifference() throws {
    let (model, values) = try model()
    let source = TensorSamples(samples: samples(11).map { [$0] })
    let calibrator = try calibrator(model.graph, values)
    let one = calibrator.run(source, samples: Array(0..<11), threads: 1)
    for threads in [2, 3, 16] {
      let others = calibrator.run(source, samples: Array((0..<11).reversed()), threads: threads)
      #expect(Set(others.keys) == Set(values))
      for value in values {
        let (a, b) = (try #require(one[value]), try #require(others[value]))
        #expect(a.histograms.byExponent.mapValues(\.counts) == b.histograms.byExponent.mapValues(\.counts))
        #expect(a.histograms.byExponent.mapValues(\.base) == b.histograms.byExponent.mapValues(\.base))
        #expect(a.channelMeans == b.channelMeans)
        for estimator in RangeEstimator.allCases {
          #expect(estimator.range(of: a.histograms) == estimator.range(of: b.histograms))
        }
      }
    }
  }

  /// Only the samples that are asked for, without those that cannot be used; each is told of.
  @Test func chosenSamplesAreSeen() throws {
    let (model, values) = try model()
    let images = samples(5)
    let source = TensorSamples(samples: [images[0], nil, images[2], images[3], nil].map { $0.map { [$0] } })
    let told = Mutex<[Int]>([])
    let calibrator = try calibrator(model.graph, [values[0]])
    let found = calibrator.run(source, samples: [3, 1, 0], threads: 2) { position in
      told.withLock { $0.append(position) }
    }
    #expect(Set(found.keys) == [values[0]])
    let expected = scaled([images[0], images[3]].map { $0.elements(as: Float.self) })
    #expect(found[values[0]]?.histograms.combined.counts == expected.combined.counts)
    #expect(told.withLock { $0.sorted() } == [0, 1, 2])
    #expect(calibrator.run(source, samples: [], threads: 2).isEmpty)
  }

  @Test func integersAreNotObserved() throws {
    var graph = Graph(name: "integers")
    let x = graph.addInput("x", TensorType(.int64, [1, 3]))
    graph.addOutput(try graph.add(Cast(to: .float32), name: "y", inputs: [x], outputNames: ["y"])[0])
    let y = graph.outputs[0]
    let source = TensorSamples(samples: [[Tensor([Int64(1), 2, -3], shape: [1, 3])]])
    let found = try calibrator(graph, [x, y]).run(source, samples: [0], threads: 1)
    #expect(Set(found.keys) == [y])
    #expect(found[y]?.channelMeans == [1, 2, -3])
  }
}

private func observation(_ images: [[Float]], channels: Int, room: Int = 8) -> Observation {
  let scratch = ObservationScratch(channels: room)
  var result = Observation()
  for image in images { image.withUnsafeBufferPointer { result.add($0, channels: channels, scratch: scratch) } }
  return result
}

@Suite struct ObservationTests {
  /// Two rows of three channels, channels-last; the mean of each over rows and images.
  @Test func channelsAreColumns() {
    let found = observation([[1, 2, 3, 5, 6, -7], [0, 0, 0, 0, 0.5, 100]], channels: 3)
    #expect(found.channelMeans == [1.5, 2.125, 24])
    #expect(found.histograms.combined.total == 12)
  }

  @Test func ordersOfMergingMakeNoDifference() {
    let images = (0..<7).map { samples(24, scale: Float($0 * $0 + 1), seed: UInt64($0)) }
    let all = observation(images, channels: 4)
    let parts = [Array(images[0..<1]), Array(images[1..<5]), [], Array(images[5...])].map {
      observation($0, channels: 4)
    }
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 1, 3, 0]] {
      var merged = Observation()
      for index in order { merged.merge(parts[index]) }
      #expect(merged.channelMeans == all.channelMeans)
      #expect(merged.histograms.combined.counts == all.histograms.combined.counts)
    }
  }

  /// Where there are no channels the values count all the same.
  @Test func valuesWithoutChannels() {
    let found = observation([[1, 2, 3, 5, 6, -7]], channels: 0)
    #expect(found.channelMeans.isEmpty)
    #expect(found.histograms.combined.total == 6)
    #expect(Observation().channelMeans.isEmpty)
  }

  @Test func channelsThatDoNotFit() async {
    await #expect(processExitsWith: .failure) { _ = observation([[1, 2, 3, 5, 6, -7]], channels: 5) }
    await #expect(processExitsWith: .failure) { _ = observation([[1, 2, 3, 5, 6, -7]], channels: 3, room: 2) }
  }

  /// A mean that is no number counts as 0, and one beyond 10^9 as that, so that sums stay integers.
  @Test func meansOfBrokenModels() {
    let found = observation([[.nan, 1e20, -1e20], [4, 0, 0]], channels: 3)
    #expect(found.channelMeans == [2, 5e8, -5e8])
    #expect(found.histograms.notFinite == 1)
  }
}
