import IR
import Math
import Operators
import Quantization
import Tensors
import TestSupport
import Testing

/// Convolutions, matrix products and channel scalings as int8: weights, output stages, biases, what keeps them float.
@Suite struct WeightedLayerTests {
  @Test func clampsAreTheBoundsOfTheOutputStage() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4], step: 1 / 64, zero: -128)
    let a = try model.conv("a", x, bias: true, activation: .relu6, step: 1 / 32, zero: 0)
    let b = try model.conv("b", a, activation: .clip(lower: -1, upper: 0.5), step: 1 / 16, zero: 3)
    model.graph.addOutput(try model.conv("c", b))
    let result = try model.quantized()
    // 0 and 6 on a's grid are 0 and 192, which int8 ends at 127; -1 and 0.5 on b's are 3 - 16 and 3 + 8.
    #expect(
      result.graph.description == """
        x: float32[1,2,4,4]
        x_quantized = QuantizeLinear(x) scale=0.015625 zero_point=-128 -> int8[1,2,4,4] s=0.015625 z=-128
        a = ConvInt8(x_quantized, a_w: int8[2,2,1,1], a_w_scale: float32[2], a_b: int32[2]) kernel_shape=[1, 1] \
        lower=0 output_scale=0.03125 output_zero_point=0 -> int8[1,2,4,4] s=0.03125 z=0
        b = ConvInt8(a, b_w: int8[2,2,1,1], b_w_scale: float32[2]) kernel_shape=[1, 1] lower=-13 \
        output_scale=0.0625 output_zero_point=3 upper=11 -> int8[1,2,4,4] s=0.0625 z=3
        c = ConvInt8(b, c_w: int8[2,2,1,1], c_w_scale: float32[2]) kernel_shape=[1, 1] -> float32[1,2,4,4]
        return c
        """)
    #expect(result.lines == ["int8 a", "int8 b", "int8 c"])
  }

  /// s = (high - low) / 255 and z = rne(-128 - low / s), over a range that holds 0.
  @Test(arguments: [-3...5, 0.5...7, -9 ... -2, -1e-3...1e4, -0.1...0.1] as [ClosedRange<Float>])
  func scalesComeFromRanges(range: ClosedRange<Float>) throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    model.observe(x, range)
    model.graph.addOutput(try model.conv("last", x))
    let found = try #require(try model.quantized().quantization("x_quantized"))
    let low = min(0, Double(range.lowerBound))
    let high = max(0, Double(range.upperBound))
    #expect(found.scale == Float((high - low) / 255))
    #expect(found.zeroPoint == Int((-128 - low * 255 / (high - low)).rounded(.toNearestOrEven)))
    // What was seen is at most half a step from what it is stored as, and as far as rounding the scale to float moves
    // the end of 255 steps. 0 is exact.
    for end in [range.lowerBound, range.upperBound] {
      #expect(
        abs(found.real(found.quantize(Double(end))) - Double(end)) <= Double(found.scale)
          * (0.5 + 255 * 0x1p-24))
    }
    #expect(found.real(found.quantize(0)) == 0)
  }

  @Test func valuesThatWereAlwaysZeroHaveAScale() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    model.observe(x, 0...0)
    model.graph.addOutput(try model.conv("last", x))
    #expect(
      try model.quantized().quantization("x_quantized")
        == Quantization(scale: 1.0 / 255, zeroPoint: -128))
  }

  /// A function right after a layer that nothing else reads is the table of its output stage.
  @Test func functionsAreTablesOfTheLayerBefore() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let a = try model.conv("a", x, step: 1 / 8, zero: 4)
    let silu = try model.add("silu", Unary(.silu), a, step: 1 / 32, zero: -100)
    let b = try model.conv("b", silu, step: 1 / 16)
    let leaky = try model.add("leaky", Unary(.leakyRelu(alpha: 0.25)), b, step: 1 / 4)
    model.graph.addOutput(try model.conv("c", leaky))
    let result = try model.quantized()
    #expect(
      result.graph.description == """
        x: float32[1,2,4,4]
        x_quantized = QuantizeLinear(x) scale=0.015625 zero_point=0 -> int8[1,2,4,4] s=0.015625 z=0
        silu = ConvInt8(x_quantized, a_w: int8[2,2,1,1], a_w_scale: float32[2]) function="silu" inner_scale=0.125 \
        inner_zero_point=4 kernel_shape=[1, 1] output_scale=0.03125 output_zero_point=-100 -> int8[1,2,4,4] \
        s=0.03125 z=-100
        leaky = ConvInt8(silu, b_w: int8[2,2,1,1], b_w_scale: float32[2]) function="leaky_relu" \
        function_parameters=[0.25] inner_scale=0.0625 inner_zero_point=0 kernel_shape=[1, 1] output_scale=0.25 \
        output_zero_point=0 -> int8[1,2,4,4] s=0.25 z=0
        c = ConvInt8(leaky, c_w: int8[2,2,1,1], c_w_scale: float32[2]) kernel_shape=[1, 1] -> float32[1,2,4,4]
        return c
        """)
    #expect(result.lines == ["int8 silu", "int8 a", "int8 leaky", "int8 b", "int8 c"])
    #expect(try result.node("a").origins == ["a", "silu"])
  }

  /// What else reads the argument, or a clamp that the layer already has, leaves the function an operator of its own.
  @Test func functionsOfValuesInUseAreLookups() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let a = try model.conv("a", x, step: 1 / 8)
    let tanh = try model.add("tanh", Unary(.tanh), a, step: 1 / 128)
    let sum = try model.add("sum", Binary(.add), a, tanh, step: 1 / 4)
    let b = try model.conv("b", sum, activation: .relu, step: 1 / 16, zero: -128)
    let sigmoid = try model.add("sigmoid", Unary(.sigmoid), b, step: 1 / 256, zero: -128)
    model.graph.addOutput(try model.conv("c", sigmoid))
    let result = try model.quantized()
    #expect(
      result.graph.description == """
        x: float32[1,2,4,4]
        x_quantized = QuantizeLinear(x) scale=0.015625 zero_point=0 -> int8[1,2,4,4] s=0.015625 z=0
        a = ConvInt8(x_quantized, a_w: int8[2,2,1,1], a_w_scale: float32[2]) kernel_shape=[1, 1] output_scale=0.125 \
        output_zero_point=0 -> int8[1,2,4,4] s=0.125 z=0
        tanh = LookupInt8(a) function="tanh" output_scale=0.0078125 output_zero_point=0 -> int8[1,2,4,4] \
        s=0.0078125 z=0
        sum = AddInt8(a, tanh) output_scale=0.25 output_zero_point=0 -> int8[1,2,4,4] s=0.25 z=0
        b = ConvInt8(sum, b_w: int8[2,2,1,1], b_w_scale: float32[2]) kernel_shape=[1, 1] output_scale=0.0625 \
        output_zero_point=-128 -> int8[1,2,4,4] s=0.0625 z=-128
        sigmoid = LookupInt8(b) function="sigmoid" output_scale=0.00390625 output_zero_point=-128 -> \
        int8[1,2,4,4] s=0.00390625 z=-128
        c = ConvInt8(sigmoid, c_w: int8[2,2,1,1], c_w_scale: float32[2]) kernel_shape=[1, 1] -> float32[1,2,4,4]
        return c
        """)
    #expect(
      result.lines == ["int8 a", "int8 tanh", "int8 sum", "int8 b", "int8 sigmoid", "int8 c"])
  }

  /// A function that nobody wants in int8 gets the layer's float numbers.
  @Test func functionsAtTheEndStayFloat() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let a = try model.conv("a", x)
    model.graph.addOutput(try model.add("silu", Unary(.silu), a))
    let result = try model.quantized()
    #expect(
      result.graph.description == """
        x: float32[1,2,4,4]
        x_quantized = QuantizeLinear(x) scale=0.015625 zero_point=0 -> int8[1,2,4,4] s=0.015625 z=0
        a = ConvInt8(x_quantized, a_w: int8[2,2,1,1], a_w_scale: float32[2]) kernel_shape=[1, 1] -> float32[1,2,4,4]
        silu = Unary(a) function="silu" -> float32[1,2,4,4]
        return silu
        """)
    #expect(result.lines == ["int8 a", "float32 silu: nothing around it is int8"])
  }

  /// Float output is the bare accumulator, so the last layer's clamp is an operator again.
  @Test func clampsOfFloatOutputsAreOperators() throws {
    var model = Model()
    let x = model.input([1, 3])
    let w = model.constant("w", [2, 3])
    model.graph.addOutput(try model.add("y", Gemm(activation: .relu), x, w))
    let result = try model.quantized()
    #expect(
      result.graph.description == """
        x: float32[1,3]
        x_quantized = QuantizeLinear(x) scale=0.015625 zero_point=0 -> int8[1,3] s=0.015625 z=0
        y_unclamped = GemmInt8(x_quantized, w: int8[2,3], w_scale: float32[2]) -> float32[1,2]
        y = Unary(y_unclamped) function="clip" parameters=[0.0, inf] -> float32[1,2]
        return y
        """)
    #expect(result.lines == ["int8 y"])
  }

  /// Each row of weights by the step that takes its largest to 127; the bias in steps of input times weights.
  @Test func numbersOfAConvolution() throws {
    var model = Model()
    let x = model.input([1, 3, 1, 1], step: 1 / 32, zero: 5)
    let weights: [Float] = [[0.75, -1.5, 0.1], [-0.003, 0.002, 0], [40, 25, -127]].flatMap(\.self)
    let biases: [Float] = [0.7, -12, 300]
    let w = model.numbers("w", weights, shape: [3, 3, 1, 1])
    let y = try model.add(
      "y", Conv(window: Window(kernel: [1, 1])), x, w, model.numbers("b", biases))
    model.graph.addOutput(y)
    let result = try model.quantized()
    let scales = [1.5, 0.003, 127].map { Float(Double(Float($0)) / 127) }
    #expect(try result.constant("w_scale").floats() == scales)
    let integers = zip(weights, scales.flatMap { [$0, $0, $0] }).map { w, s in
      Int((Double(w) / Double(s)).rounded(.toNearestOrEven))
    }
    #expect(try result.constant("w").integers() == integers)
    #expect(integers == [64, -127, 8, -127, 85, 0, 40, 25, -127])
    let expected = zip(biases, scales).map { b, s in
      Int((Double(b) / (1.0 / 32 * Double(s))).rounded(.toNearestOrEven))
    }
    #expect(try result.constant("b").integers() == expected)
  }

  /// Weights that lie [inputs, outputs] are turned, so that each output channel is a row.
  @Test(arguments: [true, false]) func matrixProductsHaveRowsOfOutputs(isTransposed: Bool) throws {
    var model = Model()
    let x = model.input([1, 3])
    // Two outputs: 1, 2, 3 and 40, -50, 60 times the inputs.
    let w =
      isTransposed
      ? model.numbers("w", [1, 2, 3, 40, -50, 60], shape: [2, 3])
      : model.numbers("w", [1, 40, 2, -50, 3, 60], shape: [3, 2])
    let y = try model.add(
      "y", Gemm(transB: isTransposed), x, w, model.numbers("b", [1, -1]), step: 1 / 4)
    let v = model.constant("v", [2, 2])
    model.graph.addOutput(try model.add("z", Gemm(), y, v))
    let result = try model.quantized()
    #expect(
      result.graph.description == """
        x: float32[1,3]
        x_quantized = QuantizeLinear(x) scale=0.015625 zero_point=0 -> int8[1,3] s=0.015625 z=0
        y = GemmInt8(x_quantized, w: int8[2,3], w_scale: float32[2], b: int32[2]) output_scale=0.25 \
        output_zero_point=0 -> int8[1,2] s=0.25 z=0
        z = GemmInt8(y, v: int8[2,2], v_scale: float32[2]) -> float32[1,2]
        return z
        """)
    // 127 / 3 is 42.3, 84.7, 127; 127 / 60 times 40 and 50 is 84.7 and 105.8.
    #expect(try result.constant("w").integers() == [42, 85, 127, 85, -106, 127])
    #expect(try result.constant("w_scale").floats() == [Float(3.0 / 127), Float(60.0 / 127)])
    #expect(try result.constant("b").integers() == [64 * 127 / 3, -(64 * 127 / 60)])
  }

  /// A scaling by channels is a depthwise convolution of one point, whose weights are all 127 or -127.
  @Test func channelScalingsAreDepthwise() throws {
    var model = Model()
    let x = model.input([1, 3, 4, 4])
    let y = try model.add(
      "y", ScaleShift(activation: .relu), x, model.numbers("scale", [0.5, -2, 8]),
      model.numbers("shift", [0, 1, 2]), step: 1 / 8, zero: -128)
    model.graph.addOutput(try model.conv("last", y))
    let result = try model.quantized()
    #expect(
      result.graph.description == """
        x: float32[1,3,4,4]
        x_quantized = QuantizeLinear(x) scale=0.015625 zero_point=0 -> int8[1,3,4,4] s=0.015625 z=0
        y = ConvInt8(x_quantized, scale: int8[3,1,1,1], scale_scale: float32[3], shift: int32[3]) group=3 \
        kernel_shape=[1, 1] output_scale=0.125 output_zero_point=-128 -> int8[1,3,4,4] s=0.125 z=-128
        last = ConvInt8(y, last_w: int8[2,3,1,1], last_w_scale: float32[2]) kernel_shape=[1, 1] -> float32[1,2,4,4]
        return last
        """)
    #expect(try result.constant("scale").integers() == [127, -127, 127])
    #expect(try result.constant("scale_scale").floats() == [0.5, 2, 8].map { Float($0 / 127) })
    // 1 / (2 / 127 / 64) and 2 / (8 / 127 / 64).
    #expect(try result.constant("shift").integers() == [0, 4064, 2032])
    #expect(result.lines == ["int8 y", "int8 last"])
  }

  /// Groups, strides, dilations and padding are those of the float layer.
  @Test func windowsAndGroupsStay() throws {
    var model = Model()
    let x = model.input([1, 4, 9, 9])
    let window = Window(kernel: [3, 2], strides: [2, 1], dilations: [1, 2], pads: [1, 0, 1, 2])
    let y = try model.add(
      "y", Conv(window: window, group: 2), x, model.constant("w", [6, 2, 3, 2]))
    model.graph.addOutput(y)
    let result = try model.quantized()
    #expect(
      result.graph.description == """
        x: float32[1,4,9,9]
        x_quantized = QuantizeLinear(x) scale=0.015625 zero_point=0 -> int8[1,4,9,9] s=0.015625 z=0
        y = ConvInt8(x_quantized, w: int8[6,2,3,2], w_scale: float32[6]) dilations=[1, 2] group=2 \
        kernel_shape=[3, 2] pads=[1, 0, 1, 2] strides=[2, 1] -> \(model.graph.type(of: y))
        return y
        """)
  }

  // MARK: The bias guard

  /// A channel that is all but dead has a scale by its bias: 4 |b| / ((2^32 - 2) s_x).
  @Test func scalesOfDeadChannelsAreRaised() throws {
    var model = Model()
    let x = model.input([1, 2, 1, 1], step: 1 / 64)
    let w = model.numbers("w", [1e-12, 1, 0, 1e-30, 0.5, 0.25, 0, 0], shape: [4, 2, 1, 1])
    let y = try model.add(
      "y", Conv(window: Window(kernel: [1, 1])), x, w, model.numbers("b", [3, -5, 2, 0]))
    model.graph.addOutput(y)
    let result = try model.quantized()
    #expect(result.lines == ["int8 y, 1 scales raised"])
    let scales = try #require(try result.constant("w_scale").floats())
    // Channel 1 has weights of 1e-30 alone; a channel with neither weights nor bias may have any scale.
    #expect(scales[0] == Float(1.0 / 127) && scales[2] == Float(0.5 / 127) && scales[3] == 1)
    #expect(scales[1] == Float(4 * 5 / (4_294_967_294 / 64.0)))
    let bias = try #require(try result.constant("b").integers())
    // Half of int32, which leaves the other half to the products.
    #expect(abs(bias[1] + 1 << 30) < 64 && bias[3] == 0)
    #expect(abs(Double(bias[1]) * Double(scales[1]) / 64 + 5) < 1e-6)
    #expect(try result.constant("w").integers() == [0, 127, 0, 0, 127, 64, 0, 0])
  }

  /// 127 times 255 times as many weights: with the 66,312th a sum can leave int32, and the layer stays float.
  @Test(arguments: [66_311, 66_312]) func sumsThatCouldLeaveInt32StayFloat(inputs: Int) throws {
    var model = Model()
    let x = model.input([1, inputs], step: 1 / 64, zero: -128)
    let w = model.numbers("w", [Float](repeating: 1, count: inputs), shape: [1, inputs])
    let y = try model.add("y", Gemm(), x, w, step: 2)
    model.graph.addOutput(
      try model.add("z", Gemm(), y, model.numbers("v", [1, 2], shape: [2, 1])))
    let result = try model.quantized()
    let largest = inputs * 127 * 255
    #expect((largest > Int(Int32.max)) == (inputs == 66_312))
    guard largest > Int(Int32.max) else {
      #expect(result.lines == ["int8 y", "int8 z"])
      return
    }
    #expect(result.lines == ["float32 y: its sums could leave int32 (up to \(largest))", "int8 z"])
    #expect(
      result.graph.description == """
        x: float32[1,66312]
        y = Gemm(x, w: float32[1,66312]) -> float32[1,1]
        y_quantized = QuantizeLinear(y) scale=2.0 zero_point=0 -> int8[1,1] s=2.0 z=0
        z = GemmInt8(y_quantized, v: int8[2,1], v_scale: float32[2]) -> float32[1,2]
        return z
        """)
  }

  // MARK: Bias correction

  /// What rounding the weights changes at the mean input goes into the bias, and makes one where there is none.
  @Test(arguments: [true, false]) func roundingOfWeightsIsTakenUpByTheBias(hasBias: Bool) throws {
    var model = Model()
    model.options.correctsBias = true
    let x = model.input([1, 4, 1, 1], step: 1 / 64)
    let weights: [Float] = [1, 0.3337, -0.2171, 0.4999]
    let w = model.numbers("w", weights, shape: [2, 2, 1, 1])
    let bias: [Float] = hasBias ? [0.25, -0.5] : [0, 0]
    let b = hasBias ? model.numbers("b", bias) : nil
    model.graph.addOutput(
      try model.add("y", Conv(window: Window(kernel: [1, 1]), group: 2), x, w, b))
    // Two images of one pixel: the channels' means are 0.5, 1.5, -1, 0.25.
    let scratch = ObservationScratch(channels: 4)
    var observation = Observation()
    for image: [Float] in [[0.25, 1, -1, 0.5], [0.75, 2, -1, 0]] {
      image.withUnsafeBufferPointer { observation.add($0, channels: 4, scratch: scratch) }
    }
    let means = [0.5, 1.5, -1, 0.25]
    let result = try Quantizer(model.graph, observations: [x: observation], options: model.options)
      .run()
    let step = Double(try #require(try result.quantization("x_quantized")).scale)
    let scales = try #require(try result.constant("w_scale").floats()).map(Double.init)
    let integers = try #require(try result.constant("w").integers())
    let found = try #require(try result.constant(hasBias ? "b" : "w_bias").integers())
    for channel in 0..<2 {
      let error = (0..<2).reduce(0.0) { sum, index in
        let at = 2 * channel + index
        // The group of the output channel says which inputs it meets.
        return sum + (Double(weights[at]) - Double(integers[at]) * scales[channel]) * means[at]
      }
      let expected = (Double(bias[channel]) + error) / (step * scales[channel])
      #expect(abs(error) > 1e-5)
      #expect(found[channel] == Int(expected.rounded(.toNearestOrEven)))
    }
  }

  /// All weights of an input channel meet its mean, wherever in the window they stand.
  @Test func meansAreThoseOfChannels() throws {
    var model = Model()
    model.options.correctsBias = true
    let x = model.input([1, 2, 3, 3], step: 1 / 64)
    let weights = model.random.tensor([3, 2, 2, 2])
    let w = model.graph.addConstant("w", weights)
    model.graph.addOutput(try model.add("y", Conv(window: Window(kernel: [2, 2])), x, w))
    var observation = Observation()
    // One image of one pixel: what matters is the mean.
    [Float(3), -5].withUnsafeBufferPointer {
      observation.add($0, channels: 2, scratch: ObservationScratch(channels: 2))
    }
    let result = try Quantizer(model.graph, observations: [x: observation], options: model.options).run()
    let step = Double(try #require(try result.quantization("x_quantized")).scale)
    let scales = try #require(try result.constant("w_scale").floats()).map(Double.init)
    let integers = try result.constant("w").doubles()
    let bias = try #require(try result.constant("w_bias").integers())
    for output in 0..<3 {
      var error = 0.0
      for index in 0..<8 {
        let at = 8 * output + index
        error += (weights.doubles()[at] - integers[at] * scales[output]) * (index < 4 ? 3 : -5)
      }
      #expect(abs(error) > 1e-3)
      #expect(bias[output] == Int((error / (step * scales[output])).rounded(.toNearestOrEven)))
    }
  }

  /// Without means of its input's channels, or where it is not asked for, a layer keeps its bias, and has none without.
  @Test(arguments: [true, false]) func biasesStayWithoutMeans(isAsked: Bool) throws {
    var model = Model()
    model.options.correctsBias = isAsked
    let x = model.input([1, 2, 3, 3], step: 1 / 64)
    let w = model.numbers("w", [1, 0.3, -0.2, 0.7], shape: [2, 2, 1, 1])
    let y = try model.add("y", Conv(window: Window(kernel: [1, 1])), x, w, model.numbers("b", [0.25, 1]), step: 1 / 8)
    model.graph.addOutput(try model.add("z", Conv(window: Window(kernel: [1, 1])), y, w))
    let result = try model.quantized()
    // 0.25 and 1 in steps of 1 / 64 times 1 / 127 and 0.7 / 127.
    #expect(try result.constant("b").integers() == [2032, 11611])
    #expect(try result.node("z").inputs.count == 3)
  }
}
