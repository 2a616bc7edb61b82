import IR
import Math
import Operators
import Quantization
import Tensors
import Testing

/// Which ranges the estimators give values, by what becomes of them.
@Suite struct EstimatedRangeTests {
  /// An input and the argument of a table, both seen evenly from -20 to 4 but for a few numbers.
  private func quantizations(_ estimator: RangeEstimator) throws -> (input: Quantization, argument: Quantization) {
    var model = Model()
    model.options.estimator = estimator
    let x = model.input([1, 2, 4, 4])
    let a = try model.conv("a", x)
    let swish = try model.add("swish", Unary(.silu), a)
    model.graph.addOutput(try model.conv("b", swish))
    let scratch = ObservationScratch(channels: 1)
    var observations = model.observations()
    let values = (0..<4000).map { Float($0 % 2400) / 100 - 20 } + [40]
    for value in [x, a] {
      var observation = Observation()
      values.withUnsafeBufferPointer { observation.add($0, channels: 0, scratch: scratch) }
      observations[value] = observation
    }
    let result = try Quantizer(model.graph, observations: observations, options: model.options).run()
    let layer = try result.node("a")
    let form = try #require(layer.op as? ConvInt8)
    let input = try result.quantization("x_quantized")
    return (try #require(input), try #require(form.output?.inner))
  }

  @Test func higherPowersKeepInputsWhole() throws {
    let whole = try quantizations(.minMax)
    #expect(abs(whole.input.scale - 60.0 / 255) < 1e-6 && whole.argument == whole.input)
    for estimator in [RangeEstimator.l3, .l4] {
      let found = try quantizations(estimator)
      #expect(found.input == whole.input)
      // What a swish makes of -20 to -9 is nothing.
      #expect(found.argument.real(-128) > -12)
    }
    // Least squares treat all values alike.
    let squares = try quantizations(.mse)
    #expect(squares.input == squares.argument && squares.argument.real(-128) < -15)
  }
}
