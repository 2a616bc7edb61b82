import IR
import Math
import Operators
import Passes
import Tensors
import Testing

@Suite struct FoldScaleShiftTests {
  @Test func batchNormalizationGoesIntoTheConvolutionBeforeIt() throws {
    var model = Model()
    let x = model.input([1, 4, 5, 5])
    let conv = try model.conv("conv", x, outputs: 6, kernel: 3, pads: [1, 1, 1, 1], group: 2, bias: false)
    model.graph.addOutput(try model.batchNormalization("bn", conv))
    let (graph, log, difference) = try model.rewritten(.foldScaleShift)
    #expect(
      graph.description == """
        x: float32[1,4,5,5]
        bn = Conv(x, conv_weights: float32[6,2,3,3], conv_bias: float32[6]) \
        group=2 kernel_shape=[3, 3] pads=[1, 1, 1, 1] -> float32[1,6,5,5]
        return bn
        """)
    #expect(log.lines == ["applied bn: into conv before it"])
    #expect(difference < 1e-6)
    #expect(graph.nodesInOrder()[0].origins == ["conv", "bn"])
  }

  @Test func weightsAreRoundedOnceFromDoublePrecision() throws {
    var model = Model()
    let x = model.input([1, 2, 1, 1])
    let w: [Float] = [0.1, 0.7, -0.3, 1.9]
    let conv = try model.add(
      "conv", Conv(window: Window(kernel: [1, 1])), x, model.numbers("w", w, shape: [2, 2, 1, 1]),
      model.numbers("b", [0.2, -0.6]))
    let bn = try model.add(
      "bn", BatchNormalization(epsilon: 1e-3), conv, model.numbers("scale", [1.1, 0.3]),
      model.numbers("shift", [0.5, 0.25]), model.numbers("mean", [0.01, -7]), model.numbers("var", [3, 0.007]))
    model.graph.addOutput(bn)
    let (graph, _, _) = try model.rewritten(.foldScaleShift)
    let node = graph.nodesInOrder()[0]
    let factor0 = Double(Float(1.1)) / (3 + Double(Float(1e-3))).squareRoot()
    let factor1 = Double(Float(0.3)) / (Double(Float(0.007)) + Double(Float(1e-3))).squareRoot()
    let expected = [
      Float(Double(w[0]) * factor0), Float(Double(w[1]) * factor0), Float(Double(w[2]) * factor1),
      Float(Double(w[3]) * factor1),
    ]
    #expect(graph.constant(node.inputs[1])?.floats() == expected)
    let bias = [
      Float(Double(Float(0.2)) * factor0 + (0.5 - Double(Float(0.01)) * factor0)),
      Float(Double(Float(-0.6)) * factor1 + (0.25 + 7 * factor1)),
    ]
    #expect(graph.constant(node.inputs[2])?.floats() == bias)
  }

  @Test func scalingGoesIntoTheLayerAfterIt() throws {
    var model = Model()
    let x = model.input([1, 4, 3, 3])
    let relu = try model.add("relu", Unary(.relu), x)
    let bn = try model.batchNormalization("bn", relu)
    model.graph.addOutput(try model.conv("conv", bn, outputs: 4, kernel: 2, group: 2))
    let (graph, log, difference) = try model.rewritten(.foldScaleShift)
    #expect(
      graph.description == """
        x: float32[1,4,3,3]
        relu = Unary(x) function="clip" parameters=[0.0, inf] -> float32[1,4,3,3]
        conv = Conv(relu, conv_weights: float32[4,2,2,2], conv_bias: float32[4]) group=2 kernel_shape=[2, 2] \
        -> float32[1,4,2,2]
        return conv
        """)
    #expect(log.lines == ["applied bn: into conv after it"])
    #expect(difference < 1e-6)
  }

  @Test func shiftsDoNotGoIntoAConvolutionThatPads() throws {
    var model = Model()
    let bn = try model.batchNormalization("bn", model.input([1, 4, 3, 3]))
    model.graph.addOutput(try model.conv("conv", bn, outputs: 4, kernel: 3, pads: [1, 1, 1, 1]))
    let (graph, log, difference) = try model.rewritten(.foldScaleShift, .batchNormalizationToScaleShift)
    #expect(
      graph.description == """
        x: float32[1,4,3,3]
        bn = ScaleShift(x, bn_scale_2: float32[4], bn_shift: float32[4]) -> float32[1,4,3,3]
        conv = Conv(bn, conv_w: float32[4,4,3,3], conv_b: float32[4]) kernel_shape=[3, 3] pads=[1, 1, 1, 1] \
        -> float32[1,4,3,3]
        return conv
        """)
    #expect(
      log.lines == [
        "refused bn: it reads an input of the model; conv after it pads with zeros, which would have to be shifted too",
        "applied bn: 4 channels",
      ])
    #expect(difference < 1e-6)
  }

  @Test func scalesAloneGoIntoAConvolutionThatPads() throws {
    var model = Model()
    let x = model.input([1, 2, 3, 3])
    let scaled = try model.add(
      "scaled", ScaleShift(), x, model.numbers("s", [0.5, -3]), model.numbers("t", [0, 0]))
    model.graph.addOutput(try model.conv("conv", scaled, outputs: 2, kernel: 3, pads: [1, 1, 1, 1]))
    let (graph, log, difference) = try model.rewritten(.foldScaleShift)
    #expect(graph.nodeCount == 1)
    #expect(log.lines == ["applied scaled: into conv after it"])
    #expect(difference < 1e-6)
  }

  @Test func aValueUsedElsewhereIsNotScaled() throws {
    var model = Model()
    let conv = try model.conv("conv", model.input([1, 2, 3, 3]), outputs: 2)
    let bn = try model.batchNormalization("bn", conv)
    model.graph.addOutput(try model.add("sum", Binary(.add), conv, bn))
    let (graph, log, difference) = try model.rewritten(.foldScaleShift)
    #expect(graph.nodeCount == 3)
    #expect(log.lines == ["refused bn: the value before it is used elsewhere; Binary after it has no weights"])
    #expect(difference == 0)
  }

  @Test func scalingsOfScalingsAreOne() throws {
    var model = Model()
    let x = model.input([2, 3])
    let first = try model.batchNormalization("first", x)
    let second = try model.batchNormalization("second", first)
    model.graph.addOutput(try model.add("relu", Unary(.relu), second))
    let (graph, log, difference) = try model.rewritten(.foldScaleShift, .fuseClamps)
    #expect(
      graph.description == """
        x: float32[2,3]
        relu = ScaleShift(x, second_scale_2: float32[3], second_shift: float32[3]) activation="clip" \
        activation_parameters=[0.0, inf] -> float32[2,3]
        return relu
        """)
    #expect(log.entries.filter { $0.outcome == .applied }.map(\.node) == ["second", "relu"])
    #expect(difference < 1e-6)
  }

  @Test func scalingGoesIntoGemmOnBothSides() throws {
    for transB in [true, false] {
      var model = Model()
      let x = model.input([2, 3])
      let before = try model.batchNormalization("before", x)
      let w = model.constant("w", transB ? [5, 3] : [3, 5])
      let gemm = try model.add("gemm", Gemm(transB: transB), before, w, model.constant("b", [5]))
      model.graph.addOutput(try model.batchNormalization("after", gemm))
      let (graph, log, difference) = try model.rewritten(.foldScaleShift)
      #expect(graph.nodeCount == 1)
      #expect(log.lines == ["applied before: into gemm after it", "applied after: into gemm before it"])
      #expect(difference < 1e-6)
    }
  }

  @Test func coefficientsThatAreNotFiniteAreRefused() throws {
    var model = Model()
    let conv = try model.conv("conv", model.input([1, 1, 2, 2]), outputs: 1)
    let bn = try model.add(
      "bn", BatchNormalization(epsilon: 0), conv, model.numbers("s", [1]), model.numbers("b", [1]),
      model.numbers("m", [1]), model.numbers("v", [-1]))
    model.graph.addOutput(bn)
    var graph = model.graph
    let log = try Pipeline.run([PassGroup("test", [.foldScaleShift, .batchNormalizationToScaleShift])], on: &graph)
    #expect(log.entries.map(\.outcome) == [.refused, .refused])
    #expect(graph.description == model.graph.description)
  }
}

@Suite struct SinkScaleShiftTests {
  /// Activation before normalisation, as in many small networks: the scaling goes below the pooling and, through the
  /// flattening of TensorFlow's layout, into the fully connected layer.
  @Test func normalizationGoesThroughPoolingAndFlatteningIntoTheLayer() throws {
    for isTransposed in [false, true] {
      var model = Model()
      model.graph.hasFreeBatch = true
      let conv = try model.conv("conv", model.input([1, 2, 6, 4]), outputs: 3)
      let relu = try model.add("relu", Unary(.relu), conv)
      let bn = try model.batchNormalization("bn", relu)
      var y = try model.add("pool", MaxPool(window: Window(kernel: [2, 2], strides: [2, 2])), bn)
      if isTransposed { y = try model.add("nhwc", Transpose(perm: [0, 2, 3, 1]), y) }
      y = try model.add("flat", Reshape(shape: [0, -1]), y)
      model.graph.addOutput(try model.add("gemm", Gemm(), y, model.constant("w", [5, 18])))
      let (graph, log, difference) = try model.rewritten(.sinkScaleShift, .foldScaleShift)
      let movement = isTransposed ? ["nhwc", "flat"] : ["flat"]
      #expect(graph.nodesInOrder().map(\.name) == ["conv", "relu", "pool"] + movement + ["gemm"])
      #expect(log.lines == ["applied bn: below pool", "applied bn: into gemm after it"])
      #expect(difference < 1e-6)
    }
  }

  @Test func scalingsOfMeansAreMeansOfScalings() throws {
    var model = Model()
    let x = model.input([2, 3, 4, 4])
    for (name, pool) in [
      ("global", GlobalAveragePool() as any Operator), ("most", GlobalMaxPool()),
      ("local", AveragePool(window: Window(kernel: [3, 3], pads: [1, 1, 1, 1]))),
    ] {
      let bn = try model.batchNormalization("bn_\(name)", x)
      model.graph.addOutput(try model.add(name, pool, bn))
    }
    let (graph, log, difference) = try model.rewritten(.sinkScaleShift)
    #expect(
      graph.outputs.map { graph.producer(of: $0)?.op.name } == [String?](repeating: "BatchNormalization", count: 3))
    #expect(graph.outputs.map { graph[$0].name } == ["global", "most", "local"])
    #expect(log.entries.map(\.outcome) == [.applied, .applied, .applied])
    #expect(difference < 1e-6)
  }

  @Test func whatPoolingWouldChangeStays() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let negative = try model.add(
      "negative", ScaleShift(), x, model.numbers("s", [1, -1]), model.numbers("t", [0, 0]))
    model.graph.addOutput(try model.add("max", MaxPool(window: Window(kernel: [2, 2])), negative))
    let shifted = try model.add("shifted", ScaleShift(), x, model.numbers("u", [1, 2]), model.numbers("v", [0, 1]))
    let mean = AveragePool(window: Window(kernel: [2, 2], pads: [1, 1, 1, 1]), countIncludePad: true)
    model.graph.addOutput(try model.add("mean", mean, shifted))
    let (graph, log, _) = try model.rewritten(.sinkScaleShift)
    #expect(graph.description == model.graph.description)
    #expect(
      log.lines == [
        "refused negative: a negative scale would turn the maxima of max into minima",
        "refused shifted: mean counts zeros, which would have to be shifted too",
      ])
  }

  @Test func flatteningThatMixesImagesIsNotFollowed() throws {
    var model = Model()
    let bn = try model.batchNormalization("bn", model.input([2, 2, 3]))
    let swapped = try model.add("swapped", Transpose(perm: [1, 0, 2]), bn)
    let flat = try model.add("flat", Reshape(shape: [2, 6]), swapped)
    model.graph.addOutput(try model.add("gemm", Gemm(), flat, model.constant("w", [5, 6])))
    let (graph, log, _) = try model.rewritten(.foldScaleShift)
    #expect(graph.description == model.graph.description)
    #expect(log.lines == ["refused bn: it reads an input of the model; gemm has its channels in another dimension"])
  }

  @Test func oneNumberFitsEveryLayer() throws {
    var model = Model()
    let x = model.input([1, 3, 4])
    let half = try model.add("half", Binary(.mul), x, model.scalar(0.5))
    let gemm = try model.add("gemm", Gemm(), half, model.constant("w", [3, 4]), model.constant("b", [3]))
    model.graph.addOutput(try model.add("twice", Binary(.mul), gemm, model.scalar(2)))
    let (graph, _, difference) = try model.rewritten(.binaryToScaleShift, .foldScaleShift)
    #expect(graph.nodesInOrder().map(\.name) == ["gemm"])
    #expect(difference < 1e-6)
  }
}

@Suite struct OverflowTests {
  /// Weights that float32 does not hold stay in two factors.
  @Test func numbersThatWouldNotBeFiniteStay() throws {
    var model = Model()
    let x = model.input([1, 1])
    let gemm = try model.add("gemm", Gemm(), x, model.numbers("w", [1e30], shape: [1, 1]))
    let scaled = try model.add("scaled", ScaleShift(), gemm, model.numbers("s", [1e10]), model.numbers("t", [0]))
    let small = try model.add("small", ScaleShift(), scaled, model.numbers("u", [1e-20]), model.numbers("v", [0]))
    model.graph.addOutput(small)
    var graph = model.graph
    let log = try Pipeline.run([PassGroup("test", [.foldScaleShift])], on: &graph)
    #expect(
      log.lines == [
        "refused scaled: numbers of gemm would not be finite; ScaleShift after it has no weights",
        "applied small: into scaled before it",
      ])
    let again = try Pipeline.run([PassGroup("test", [.foldScaleShift])], on: &graph)
    #expect(again.lines == ["applied scaled: into gemm before it"])
  }
}

@Suite struct ArithmeticTests {
  @Test func constantsPerChannelBecomeScalings() throws {
    for (function, isLeft) in [
      (Binary.Function.add, false), (.sub, false), (.sub, true), (.mul, true), (.div, false),
    ] {
      var model = Model()
      let x = model.input([2, 3, 2, 2])
      let c = model.constant("c", [3, 1, 1], 0.5...2)
      let op = Binary(function, activation: .relu6)
      model.graph.addOutput(try isLeft ? model.add("y", op, c, x) : model.add("y", op, x, c))
      let (graph, _, difference) = try model.rewritten(.binaryToScaleShift)
      #expect(
        graph.description == """
          x: float32[2,3,2,2]
          y = ScaleShift(x, y_scale: float32[3], y_shift: float32[3]) activation="clip" \
          activation_parameters=[0.0, 6.0] -> float32[2,3,2,2]
          return y
          """)
      #expect(difference < 1e-6)
    }
  }

  @Test func constantsOfOtherShapesStay() throws {
    var model = Model()
    let x = model.input([1, 3, 1, 3])
    let wide = try model.add("wide", Binary(.add), x, model.constant("c", [3]))
    let quotient = try model.add("quotient", Binary(.div), wide, model.numbers("zero", [0]))
    let inverse = try model.add("inverse", Binary(.div), model.scalar(1), quotient)
    model.graph.addOutput(inverse)
    var graph = model.graph
    let log = try Pipeline.run([PassGroup("test", [.binaryToScaleShift])], on: &graph)
    #expect(graph.description == model.graph.description)
    #expect(log.lines == ["refused quotient: its constant is not finite, or a divisor is 0"])
  }

  @Test func matrixProductsWithBiasBecomeLayers() throws {
    var model = Model()
    let x = model.input([2, 3])
    let product = try model.add("product", MatMul(), x, model.constant("w", [3, 4]))
    let sum = try model.add("sum", Binary(.add), product, model.constant("b", [1, 4]))
    model.graph.addOutput(try model.add("relu", Unary(.relu), sum))
    let (graph, log, difference) = try model.rewritten(.matMulToGemm, .foldBias, .fuseClamps)
    #expect(
      graph.description == """
        x: float32[2,3]
        relu = Gemm(x, product_weights: float32[4,3], product_bias: float32[4]) activation="clip" \
        activation_parameters=[0.0, inf] -> float32[2,4]
        return relu
        """)
    #expect(
      log.lines == [
        "applied product: 4 outputs of 3 inputs", "applied sum: into the bias of product",
        "applied relu: clip in product",
      ])
    #expect(difference < 1e-6)
  }

  @Test func biasesOfSequencesLieAlongTheLastDimension() throws {
    var model = Model()
    let x = model.input([1, 3, 3])
    let product = try model.add("product", MatMul(), x, model.constant("w", [3, 3]))
    let sum = try model.add("sum", Binary(.sub), product, model.constant("b", [3]))
    model.graph.addOutput(sum)
    let (graph, _, difference) = try model.rewritten(.matMulToGemm, .foldBias, .binaryToScaleShift)
    #expect(graph.nodeCount == 1)
    #expect(difference < 1e-6)
  }

  /// Layer scale: a factor for each channel of tokens.
  @Test(arguments: [Binary.Function.mul, .div]) func factorsOfSequencesLieAlongTheLastDimension(
    function: Binary.Function
  ) throws {
    var model = Model()
    let x = model.input([1, 5, 3])
    let product = try model.add("product", Gemm(), x, model.constant("w", [4, 3]), model.constant("b", [4]))
    model.graph.addOutput(try model.add("scaled", Binary(function), product, model.constant("c", [4], 0.5...2)))
    let (graph, log, difference) = try model.rewritten(.foldBias)
    #expect(graph.nodesInOrder().map(\.op.name) == ["Gemm"])
    #expect(log.lines == ["applied scaled: into the numbers of product"])
    #expect(difference < 1e-6)
  }

  /// Where channels are dimension 1 a factor is a scaling; a divisor of 0 and what is divided are nothing of the kind.
  @Test func factorsThatAreNotOfTokens() throws {
    var model = Model()
    let x = model.input([2, 3])
    let flat = try model.add("flat", Gemm(), x, model.constant("v", [4, 3]))
    model.graph.addOutput(try model.add("vector", Binary(.mul), flat, model.constant("c", [4])))
    let tokens = try model.add("tokens", Gemm(), model.input([1, 5, 3], "t"), model.constant("w", [4, 3]))
    let inverse = try model.add("inverse", Binary(.div), model.scalar(1), tokens)
    model.graph.addOutput(inverse)
    let more = try model.add("more", Gemm(), model.input([1, 5, 3], "u"), model.constant("z", [4, 3]))
    model.graph.addOutput(try model.add("zero", Binary(.div), more, model.numbers("zeros", [0])))
    var graph = model.graph
    let log = try Pipeline.run([PassGroup("test", [.foldBias])], on: &graph)
    #expect(log.lines == ["refused zero: the numbers of more would not be finite"])
    #expect(graph.description == model.graph.description)
  }

  @Test func biasesOfConvolutionsAdd() throws {
    var model = Model()
    let conv = try model.conv("conv", model.input([1, 2, 3, 3]), outputs: 3)
    let minus = try model.add("minus", Binary(.sub), conv, model.constant("c", [3, 1, 1]))
    let reverse = try model.add("reverse", Binary(.sub), model.scalar(1), minus)
    model.graph.addOutput(reverse)
    let (graph, log, difference) = try model.rewritten(.foldBias)
    #expect(graph.nodesInOrder().map(\.name) == ["conv", "reverse"])
    #expect(log.lines == ["applied minus: into the bias of conv"])
    #expect(difference < 1e-6)
  }

  @Test func productsOfTwoFlowingValuesStay() throws {
    var model = Model()
    let x = model.input([2, 2])
    model.graph.addOutput(try model.add("square", MatMul(), x, x))
    let (_, log, _) = try model.rewritten(.matMulToGemm)
    #expect(log.lines == ["no effect square: its right operand is not a constant matrix"])
  }

  /// Attention: factors before and behind the product, also beyond a transpose.
  @Test func factorsGoIntoProducts() throws {
    var model = Model()
    let x = model.input([2, 4, 6])
    let q = try model.add("q", Binary(.mul), x, model.scalar(0.5))
    let k = try model.add("k", Binary(.div), try model.add("tanh", Unary(.tanh), x), model.scalar(4))
    let turned = try model.add("turned", Transpose(perm: [0, 2, 1]), k)
    let product = try model.add("product", MatMul(), q, turned)
    let scaled = try model.add("scaled", Binary(.mul), model.scalar(3), product)
    model.graph.addOutput(try model.add("softmax", Softmax(), scaled))
    let (graph, log, difference) = try model.rewritten(.foldFactorIntoProduct)
    #expect(
      graph.description == """
        x: float32[2,4,6]
        tanh = Unary(x) function="tanh" -> float32[2,4,6]
        turned = Transpose(tanh) perm=[0, 2, 1] -> float32[2,6,4]
        product = MatMul(x, turned) alpha=0.375 -> float32[2,4,4]
        softmax = Softmax(product) axis=-1 -> float32[2,4,4]
        return softmax
        """)
    #expect(
      log.lines == ["applied q: into product", "applied k: into product", "applied scaled: into product"])
    #expect(difference < 1e-6)
  }

  @Test func factorsThatStay() throws {
    var model = Model()
    let x = model.input([4, 4])
    // Used elsewhere; more than one number; a shape that grows; a factor float32 does not hold.
    let used = try model.add("used", Binary(.mul), x, model.scalar(2))
    let several = try model.add("several", Binary(.mul), x, model.constant("c", [4]))
    let first = try model.add("first", MatMul(), used, several)
    let grown = try model.add("grown", Binary(.mul), first, model.numbers("g", [2], shape: [1, 1, 1]))
    let large = try model.add("large", Binary(.mul), x, model.scalar(1e-30))
    let small = try model.add("small", Binary(.mul), x, model.scalar(1e-30))
    model.graph.addOutput(try model.add("second", MatMul(), large, small))
    model.graph.addOutput(grown)
    model.graph.addOutput(used)
    let (graph, log, _) = try model.rewritten(.foldFactorIntoProduct)
    #expect(log.lines == ["applied large: into second", "refused small: second would be multiplied by 0.0"])
    #expect(graph.nodeCount == model.graph.nodeCount - 1)
  }
}

@Suite struct PoolingTests {
  @Test func meansOverImagesBecomeGlobalPooling() throws {
    var model = Model()
    let x = model.input([2, 3, 4, 5])
    model.graph.addOutput(try model.add("mean", Reduce(.mean, axes: [-1, 2], keepsDimensions: false), x))
    model.graph.addOutput(try model.add("max", Reduce(.max, axes: [2, 3]), x))
    model.graph.addOutput(try model.add("pool", AveragePool(window: Window(kernel: [4, 5])), x))
    model.graph.addOutput(try model.add("rows", Reduce(.mean, axes: [2]), x))
    let (graph, _, difference) = try model.rewritten(.convertReduceToPool)
    #expect(
      graph.description == """
        x: float32[2,3,4,5]
        mean_out0 = GlobalAveragePool(x) -> float32[2,3,1,1]
        mean = Reshape(mean_out0) shape=[0, 3] -> float32[2,3]
        max = GlobalMaxPool(x) -> float32[2,3,1,1]
        pool = GlobalAveragePool(x) -> float32[2,3,1,1]
        rows = Reduce(x) axes=[2] function="mean" -> float32[2,3,1,5]
        return mean, max, pool, rows
        """)
    #expect(difference < 1e-6)
  }

  @Test func paddingGoesIntoConvolutions() throws {
    var model = Model()
    let pad = try model.add("pad", Pad(pads: [0, 0, 0, 1, 0, 0, 2, 1]), model.input([1, 2, 4, 4]))
    model.graph.addOutput(try model.conv("conv", pad, outputs: 2, kernel: 3, pads: [1, 0, 0, 0]))
    let (graph, log, difference) = try model.rewritten(.foldPadIntoWindow)
    #expect(
      graph.description == """
        x: float32[1,2,4,4]
        conv = Conv(x, conv_w: float32[2,2,3,3], conv_b: float32[2]) kernel_shape=[3, 3] pads=[1, 1, 2, 1] \
        -> float32[1,2,5,4]
        return conv
        """)
    #expect(log.lines == ["applied pad: into conv"])
    #expect(difference == 0)
  }

  @Test func averagePoolingCountsThePaddingItTakes() throws {
    var model = Model()
    let pad = try model.add("pad", Pad(pads: [0, 0, 1, 1, 0, 0, 1, 1]), model.input([1, 2, 4, 4]))
    model.graph.addOutput(try model.add("pool", AveragePool(window: Window(kernel: [2, 2])), pad))
    let (graph, _, difference) = try model.rewritten(.foldPadIntoWindow)
    #expect(
      graph.description == """
        x: float32[1,2,4,4]
        pool = AveragePool(x) count_include_pad=1 kernel_shape=[2, 2] pads=[1, 1, 1, 1] -> float32[1,2,5,5]
        return pool
        """)
    #expect(difference < 1e-7)
  }

  @Test func maximaTakePaddingThatCannotWin() throws {
    var model = Model()
    let relu = try model.add("relu", Unary(.relu), model.input([1, 2, 4, 4]))
    let pad = try model.add("pad", Pad(pads: [0, 0, 1, 1, 0, 0, 1, 1]), relu)
    model.graph.addOutput(try model.add("pool", MaxPool(window: Window(kernel: [2, 2])), pad))
    let (graph, log, difference) = try model.rewritten(.foldPadIntoWindow)
    #expect(graph.nodesInOrder().map(\.name) == ["relu", "pool"])
    #expect(log.lines == ["applied pad: into pool"])
    #expect(difference == 0)
  }

  struct RefusedFold: Sendable, CustomTestStringConvertible {
    let pad: Pad
    let pool: any Operator
    let reason: String
    var testDescription: String { reason }
  }

  static let refusals: [RefusedFold] = [
    RefusedFold(
      pad: Pad(pads: [0, 0, 1, 1, 0, 0, 1, 1]), pool: MaxPool(window: Window(kernel: [2, 2])),
      reason: "0.0 could be the largest value of a window"),
    RefusedFold(
      pad: Pad(pads: [0, 0, 2, 2, 0, 0, 2, 2], value: -.infinity), pool: MaxPool(window: Window(kernel: [2, 2])),
      reason: """
        pool would refuse: window [2, 2] with dilations [1, 1] and pads [2, 2, 2, 2] has positions wholly outside an \
        image of [4, 4]
        """),
    RefusedFold(
      pad: Pad(pads: [0, 0, 1, 1, 0, 0, 1, 1], value: 1), pool: AveragePool(window: Window(kernel: [2, 2])),
      reason: "it pads with 1.0, pooling with 0"),
    RefusedFold(
      pad: Pad(pads: [0, 0, 1, 1, 0, 0, 1, 1]),
      pool: AveragePool(window: Window(kernel: [3, 3], pads: [1, 1, 1, 1])),
      reason: "the pooling after it has padding of its own that it does not count"),
    RefusedFold(
      pad: Pad(pads: [0, 0, 1, 1, 0, 0, 1, 1]), pool: AveragePool(window: Window(kernel: [2, 2]), ceiling: true),
      reason: "the pooling after it rounds sizes up"),
    RefusedFold(
      pad: Pad(pads: [0, 0, 1, 1, 0, 0, 1, 1], mode: .edge), pool: AveragePool(window: Window(kernel: [2, 2])),
      reason: "it pads with edge, windows pad with constants"),
    RefusedFold(
      pad: Pad(pads: [0, 1, 1, 1, 0, 0, 1, 1]), pool: AveragePool(window: Window(kernel: [2, 2])),
      reason: "it pads images or channels"),
    RefusedFold(
      pad: Pad(pads: [0, 0, -1, 1, 0, 0, 1, 1]), pool: AveragePool(window: Window(kernel: [2, 2])),
      reason: "it cuts off positions"),
  ]

  @Test(arguments: refusals) func paddingThatWouldCountStays(_ refusal: RefusedFold) throws {
    var model = Model()
    let pad = try model.add("pad", refusal.pad, model.input([1, 2, 4, 4]))
    model.graph.addOutput(try model.add("pool", refusal.pool, pad))
    let (graph, log, _) = try model.rewritten(.foldPadIntoWindow)
    #expect(graph.description == model.graph.description)
    #expect(log.lines == ["refused pad: \(refusal.reason)"])
  }
}
