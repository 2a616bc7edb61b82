import IR
import Math
import Operators
import Quantization
import Runtime
import Tensors
import TestSupport
import Testing

@Suite struct ErrorCompensationTests {
  /// Moments of the input of a matrix product whose rows are `rows`, quantized to int8 by their range.
  private func moments(_ rows: [[Float]]) throws -> InputMoments {
    var graph = Graph(name: "rows")
    let length = rows[0].count
    let x = graph.addInput("x", TensorType(.float32, [1, length]))
    let w = graph.addConstant("w", Tensor([Float](repeating: 1, count: length), shape: [1, length]))
    graph.addOutput(try graph.add(Gemm(), name: "y", inputs: [x, w])[0])
    let source = TensorSamples(samples: rows.map { [Tensor($0, shape: [1, length])] })
    let samples = Array(rows.indices)
    let observations = Calibrator(
      try Plan(graph, math: KernelMath()), of: graph, observing: Quantizer.valuesToObserve(graph)
    ).run(source, samples: samples, threads: 1)
    var options = Quantizer.Options()
    options.estimator = .minMax
    let model = try Quantizer(graph, observations: observations, options: options).run()
    let gatherer = MomentGatherer(try Plan(model.graph, math: KernelMath()), of: model, samples: samples.count)
    return try #require(gatherer.run(source, samples: samples, threads: 1).values.first)
  }

  /// Rows each of whose numbers follows the one before: neighbours are correlated.
  private func correlated(_ count: Int, length: Int, seed: UInt64) -> [[Float]] {
    var random = RandomNumbers(seed: seed)
    return (0..<count).map { _ in
      var last: Float = 0
      return (0..<length).map { _ in
        last = 0.8 * last + random.float(-1...1)
        return last
      }
    }
  }

  private func scales(_ weights: [Float], length: Int, levels: Float = 127) -> [Float] {
    stride(from: 0, to: weights.count, by: length).map { row in
      weights[row..<row + length].map(abs).max().map { $0 / levels } ?? 1
    }
  }

  private func nearest(_ weights: [Float], _ scales: [Float], length: Int) -> [Int8] {
    weights.enumerated().map { index, weight in
      Int8(max(-127, min(127, (weight / scales[index / length]).rounded(.toNearestOrEven))))
    }
  }

  /// e' C e for the errors of a row, C being the covariances of a group's blocks.
  private func cost(
    _ levels: ArraySlice<Int8>, _ weights: ArraySlice<Float>, scale: Float, _ moments: InputMoments, group: Int = 0
  ) -> Double {
    let errors = zip(levels, weights).map { Double($1) - Double($0) * Double(scale) }
    var cost = 0.0
    for (block, columns) in moments.blocks.enumerated() {
      let covariance = moments.covariance(group: group, block: block)
      for (i, a) in columns.enumerated() {
        for (j, b) in columns.enumerated() { cost += errors[a] * errors[b] * covariance[i * columns.count + j] }
      }
    }
    return cost
  }

  /// Less error in the output than the nearest levels leave, in each row and by a good part in all: at full resolution
  /// and at few levels.
  @Test(arguments: [Float(127), 7, 2]) func outputErrorIsLess(levels: Float) throws {
    let length = 48
    let moments = try moments(correlated(2000, length: length, seed: 71))
    let compensation = try #require(ErrorCompensation(moments))
    var random = RandomNumbers(seed: 72)
    let weights = (0..<40 * length).map { _ in random.float(-1...1) }
    let scales = scales(weights, length: length, levels: levels)
    let found = compensation.round(weights, scales: scales)
    let plain = nearest(weights, scales, length: length)
    var sums = (found: 0.0, plain: 0.0)
    for row in 0..<40 {
      let part = row * length..<(row + 1) * length
      sums.found += cost(found[part], weights[part], scale: scales[row], moments)
      sums.plain += cost(plain[part], weights[part], scale: scales[row], moments)
    }
    #expect(sums.found < 0.7 * sums.plain)
    #expect(found.allSatisfy { $0 >= -127 })
  }

  /// The levels are those of the formula with a factor of the inverse, as the paper has it.
  @Test func levelsAreThoseOfThePaper() throws {
    let length = 6
    let moments = try moments(correlated(500, length: length, seed: 73))
    let compensation = try #require(ErrorCompensation(moments, damping: 0.1))
    // H as it is made of the covariance.
    var h = moments.covariance(group: 0, block: 0)
    let mean = (0..<length).reduce(0) { $0 + h[$1 * length + $1] } / Double(length)
    for i in 0..<length {
      for j in 0..<length { h[i * length + j] *= i == j ? 1 : 500.0 / 506 }
    }
    for i in 0..<length { h[i * length + i] += 0.1 * mean }
    // Row by row: the inverse of what is left of H once the columns before are done.
    func inverse(_ matrix: [Double], _ size: Int) -> [Double] {
      var a = matrix
      var result = (0..<size * size).map { $0 / size == $0 % size ? 1.0 : 0 }
      for pivot in 0..<size {
        let scale = 1 / a[pivot * size + pivot]
        for k in 0..<size {
          a[pivot * size + k] *= scale
          result[pivot * size + k] *= scale
        }
        for row in 0..<size where row != pivot {
          let factor = a[row * size + pivot]
          for k in 0..<size {
            a[row * size + k] -= factor * a[pivot * size + k]
            result[row * size + k] -= factor * result[pivot * size + k]
          }
        }
      }
      return result
    }
    let weights: [Float] = [0.9, -0.31, 0.77, 0.123, -0.555, 0.404]
    let scale: Float = 0.15
    var targets = weights.map(Double.init)
    var expected: [Int8] = []
    var pivots: [Double] = []
    for j in 0..<length {
      let rest = length - j
      let part = (0..<rest * rest).map { index in
        let (row, column) = (index / rest + j, index % rest + j)
        return h[row * length + column]
      }
      let inverse = inverse(part, rest)
      let level = (targets[j] / Double(scale)).rounded(.toNearestOrEven)
      expected.append(Int8(level))
      pivots.append(1 / inverse[0])
      let error = (targets[j] - level * Double(scale)) / inverse[0]
      for k in 1..<max(1, rest) { targets[j + k] -= error * inverse[k] }
    }
    #expect(compensation.round(weights, scales: [scale]) == expected)
    for (found, pivot) in zip(compensation.pivots(group: 0), pivots) { #expect(abs(found / pivot - 1) < 1e-4) }
  }

  /// Inputs that have nothing to do with each other: there is nothing to make up with.
  @Test func independentInputs() throws {
    let length = 5
    // Every input alone, up and down: covariances are exactly 0.
    var rows: [[Float]] = []
    for input in 0..<length {
      for value: Float in [1, -1] {
        var row = [Float](repeating: 0, count: length)
        row[input] = value
        rows.append(row)
      }
    }
    let seen = try moments(rows)
    let compensation = try #require(ErrorCompensation(seen))
    var random = RandomNumbers(seed: 74)
    let weights = (0..<8 * length).map { _ in random.float(-1...1) }
    let scales = scales(weights, length: length, levels: 9)
    #expect(compensation.round(weights, scales: scales) == nearest(weights, scales, length: length))
  }

  /// Inputs that are always the same, or always 0, as dead channels are: numbers all the same.
  @Test func deadInputs() throws {
    let rows = correlated(100, length: 6, seed: 75).map { [$0[0], 0, $0[2], 0.5, 0, $0[5]] }
    let compensation = try #require(try ErrorCompensation(moments(rows)))
    let weights: [Float] = [1, -0.5, 0.3, 0.7, 100, -0.2]
    let levels = compensation.round(weights, scales: [0.01])
    #expect(levels[0] == 100 && levels[4] == 127)
    #expect(compensation.pivots(group: 0).allSatisfy { $0.isFinite && $0 > 0 })
    let silent = try #require(try ErrorCompensation(moments([[0, 0, 0], [0, 0, 0]])))
    #expect(silent.round([0.4, -0.6, 1], scales: [0.5]) == [1, -1, 2])
    #expect(silent.pivots(group: 0).allSatisfy { $0.isFinite && $0 > 0 })
  }

  /// What is lost by cutting a weight off at 127 levels is made up for by those after it.
  @Test func clippingIsMadeUpFor() throws {
    // Two inputs that are nearly the same.
    var random = RandomNumbers(seed: 76)
    let rows = (0..<400).map { _ in
      let x = random.float(-1...1)
      return [x, x + random.float(-0.01...0.01)]
    }
    let compensation = try #require(try ErrorCompensation(moments(rows), damping: 0))
    let levels = compensation.round([1.5, 0.2], scales: [0.01])
    #expect(levels[0] == 127 && (40...46).contains(levels[1]))
  }

  /// Weights that are no numbers spoil no other row, and no other weight of theirs.
  @Test func brokenWeights() throws {
    let compensation = try #require(try ErrorCompensation(moments(correlated(100, length: 3, seed: 77))))
    let weights: [Float] = [.nan, 0.5, 0.25, 0.5, 0.5, 0.25, .infinity, 0.5, 0.25]
    let levels = compensation.round(weights, scales: [0.25, 0.25, 0.25])
    #expect(levels[1...5] == [2, 1, 2, 2, 1])
    #expect(levels[6...] == [127, 2, 1])
  }

  /// Large factors, in panels and beside them, and rows in batches: each thread count gives the same levels, and those
  /// are better than the nearest.
  @Test(arguments: [9, 64, 130, 300]) func sizes(length: Int) throws {
    let moments = try moments(correlated(3 * length, length: length, seed: UInt64(length)))
    let compensation = try #require(ErrorCompensation(moments))
    var random = RandomNumbers(seed: 78)
    let weights = (0..<37 * length).map { _ in random.float(-1...1) }
    let scales = scales(weights, length: length, levels: 11)
    let found = compensation.round(weights, scales: scales)
    for threads in [2, 5] { #expect(compensation.round(weights, scales: scales, threads: threads) == found) }
    let plain = nearest(weights, scales, length: length)
    let costs = [found, plain].map { levels in
      (0..<37).reduce(0.0) { sum, row in
        let part = row * length..<(row + 1) * length
        return sum + cost(levels[part], weights[part], scale: scales[row], moments)
      }
    }
    #expect(costs[0] < 0.85 * costs[1])
  }

  /// A quantized layer takes the levels, scales and means it is given: the mean output stays what it was, and given
  /// scales are raised where the bias would not fit.
  @Test func layersOfGivenScales() throws {
    let length = 12
    let rows = correlated(300, length: length, seed: 79).map { $0.map { $0 + 2 } }
    let moments = try moments(rows)
    let compensation = try #require(ErrorCompensation(moments))
    var random = RandomNumbers(seed: 80)
    let weights = (0..<3 * length).map { _ in random.float(-1...1) }
    let rounding = WeightRounding(scales: [0.125, 0.25, 1e-12], compensation: compensation)
    let q = WeightQuantization(
      weights, bias: [0.5, -0.25, 3], channels: 3, inputScale: 0.01, rounding: rounding
    ) { _ in moments.means }
    #expect(Array(q.scales[..<2]) == [0.125, 0.25] && q.raisedScales == 1 && q.scales[2] > 1e-10)
    #expect(q.weights == compensation.round(weights, scales: q.scales))
    for (row, bias) in [0.5, -0.25].enumerated() {
      let part = row * length..<(row + 1) * length
      let step = Double(Float(0.01)) * Double(q.scales[row])
      let exact = zip(weights[part], moments.means).reduce(bias) { $0 + Double($1.0) * $1.1 }
      let mean = zip(q.weights[part], moments.means).reduce(Double(q.bias[row]) * step) {
        $0 + Double($1.0) * Double(q.scales[row]) * $1.1
      }
      #expect(abs(mean - exact) <= step)
    }
  }
}
