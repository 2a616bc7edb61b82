import IR
import TestSupport
import Testing

@testable import Quantization

/// Steps of weights by one number.
@Suite struct StepAllocationTests {
  /// Two layers of rows whose errors cost very different amounts.
  private func layers(_ costs: [Double] = [1, 64, 1e-3]) -> [StepAllocation.Layer] {
    var random = RandomNumbers(seed: 5)
    return (0..<2).map { layer in
      StepAllocation.Layer(
        node: NodeID(layer), weights: (0..<3 * 500).map { _ in random.float(-1...1) },

        sensitivity: OutputSensitivity(
          noise: costs.map { $0 * Double(layer + 1) }, shift: costs.map { $0 * 100 }), pivots: [2, 2, 0.5])
    }
  }

  /// D_c = sqrt(T / cost), to half a step of the grid, wherever no bound is met.
  @Test func everyWeightCostsTheSame() throws {
    let allocation = StepAllocation(layers())
    let distortion = Distortion(below: 0.1)
    let scales = allocation.scales(distortion)
    for layer in allocation.layers {
      let steps = try #require(scales[layer.node])
      for (step, cost) in zip(steps, layer.costs) where cost > 0.05 {
        let ratio = Double(step) * (cost / distortion.value).squareRoot()
        #expect(abs(ratio - 1) < 0.07, "\(step) for \(cost)")
      }
    }
  }

  @Test func stepsStayBetweenInt8AndOneLevel() {
    let allocation = StepAllocation(layers())
    for layer in allocation.layers {
      for (step, largest) in zip(layer.scales(1e-30), layer.largest) {
        #expect(Double(step) >= Double(largest) / 127 && Double(step) < 1.13 * Double(largest) / 127)
      }
      for (step, largest) in zip(layer.scales(1e30), layer.largest) {
        #expect(Double(step) <= 4.3 * Double(largest) && Double(step) > 3.7 * Double(largest))
      }
    }
    let range = allocation.range
    #expect(allocation.bits(range.lowerBound, threads: 2) > 6.5 * 3000)
    #expect(allocation.bits(range.upperBound, threads: 2) == 0)
  }

  /// A channel that no sample was sensitive to is not thrown away; a layer of which nothing is known stays as it is.
  @Test func whatSeemsNotToMatterIsNotLost() {
    let allocation = StepAllocation(layers([1, 1, 0]))
    let steps = allocation.layers[0].scales(1e-8)
    #expect(steps[2] < 200 * steps[0])
    let unknown = StepAllocation(layers([0, 0, 0])).layers[0]
    #expect(zip(unknown.scales(1e30), unknown.largest).allSatisfy { Double($0) < 1.13 * Double($1) / 127 })
  }

  /// Errors of biases are the same everywhere, so their steps follow from what such cost.
  @Test func stepsOfBiases() {
    let layer = StepAllocation(layers()).layers[0]
    for (step, expected) in zip(layer.biasSteps(0.04), [0.01, 0.00125, 0.5 * (0.04 / 0.1).squareRoot()]) {
      #expect(abs(step / expected - 1) < 1e-12)
    }
  }

  @Test func bitsFallAndDoNotDependOnThreads() {
    let allocation = StepAllocation(layers())
    var last = Double.infinity
    for code in stride(from: -4096, through: 2048, by: 256) {
      let bits = allocation.bits(Distortion(code: code), threads: 1)
      #expect(bits <= last)
      #expect(bits == allocation.bits(Distortion(code: code), threads: 3))
      last = bits
    }
  }

  @Test func distortionsAreRisingPowers() {
    #expect(Distortion(code: 0).value == 1)
    #expect(Distortion(code: 256).value == 2)
    #expect(Distortion(code: -512).value == 0.25)
    for code in -600..<600 {
      let ratio = Distortion(code: code + 1).value / Distortion(code: code).value
      #expect(abs(ratio - 1.002_711_275) < 1e-9)
      let value = Distortion(code: code).value
      #expect(Distortion(below: value).code == code)
      #expect(Distortion(above: value).code == code)
      #expect(Distortion(above: value.nextUp).code == code + 1)
    }
  }
}
