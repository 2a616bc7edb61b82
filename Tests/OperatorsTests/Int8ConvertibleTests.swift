import IR
import Math
import Operators
import Tensors
import Testing

/// Which float operators have an int8 form, in which words they refuse, and what they hand to the quantizer.
@Suite struct Int8ConvertibleTests {
  private static let window = Window(kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1])
  private static let image = float32(1, 4, 8, 8)
  private static let weights = Operand(noise([6, 4, 3, 3]))
  private static let matrix = Operand(noise([5, 4]))
  private static let vector = Operand(noise([4]))

  static let answers: [(op: any Int8Convertible, inputs: [Operand?], refusal: String?)] = [
    (Conv(window: window), [image, weights], nil),
    (Conv(window: window, activation: .clip(lower: 0, upper: 6)), [image, weights, Operand(noise([6]))], nil),
    (Conv(window: window), [image, weights, nil], nil),
    (Conv(window: window, activation: .silu), [image, weights], "activation silu is not a clamp"),
    (Conv(window: window), [image, float32(6, 4, 3, 3)], "weights are not constant"),
    (Conv(window: window), [image, weights, float32(6)], "the bias is not constant"),

    (Gemm(), [float32(1, 4), matrix], nil),
    (Gemm(activation: .relu), [float32(1, 4), matrix, Operand(noise([5]))], nil),
    (Gemm(), [float32(1, 7, 4), matrix], nil),
    (Gemm(), [float32(2, 3, 7, 4), matrix, Operand(noise([5]))], nil),
    (Gemm(activation: .tanh), [float32(1, 4), matrix], "activation tanh is not a clamp"),
    (Gemm(), [float32(1, 4), float32(5, 4)], "weights are not constant"),
    (Gemm(), [float32(1, 4), matrix, float32(5)], "the bias is not constant"),

    (MatMul(), [float32(2, 7, 4), float32(2, 4, 3)], nil),
    (MatMul(alpha: 0.5), [float32(2, 3, 7, 4), float32(4, 3)], nil),
    (MatMul(), [float32(7, 4), Operand(noise([2, 4, 3]))], "an operand is constant"),
    (MatMul(), [Operand(noise([2, 7, 4])), float32(4, 3)], "an operand is constant"),
    (MatMul(), [float32(7, 4), float32(4)], "an operand is a vector"),
    (MatMul(), [float32(3, 4), float32(4, 3)], "so few rows do not pay for conversions"),
    (MatMul(), [float32(4, 66_312), float32(66_312, 2)], "its sums of 66312 products could leave int32"),

    (ScaleShift(), [image, vector, vector], nil),
    (ScaleShift(), [float32(1, 4), vector, vector], "the input has 2 dimensions, int8 has a form for 4"),
    (ScaleShift(activation: .sigmoid), [image, vector, vector], "activation sigmoid is not a clamp"),
    (ScaleShift(), [image, float32(4), vector], "weights are not constant"),
    (ScaleShift(), [image, vector, float32(4)], "the bias is not constant"),

    (Binary(.add), [image, image], nil),
    (Binary(.mul, activation: .relu), [image, image], nil),
    (Binary(.mul), [image, float32(1, 4, 1, 1)], nil),
    (Binary(.mul), [float32(1, 4, 1, 1), image], nil),
    (Binary(.sub), [image, image], "int8 has no form for sub"),
    (Binary(.pow), [image, vector], "int8 has no form for pow"),
    (Binary(.add), [image, vector], "an operand is constant"),
    (Binary(.mul), [vector, image], "an operand is constant"),
    (Binary(.add, activation: .silu), [image, image], "activation silu is not a clamp"),
    (
      Binary(.add), [image, float32(1, 4, 1, 1)],
      "shapes [1, 4, 8, 8] and [1, 4, 1, 1] broadcast in a way int8 has no form for"
    ),
    (
      Binary(.mul), [image, float32(1, 1, 8, 8)],
      "shapes [1, 4, 8, 8] and [1, 1, 8, 8] broadcast in a way int8 has no form for"
    ),

    (Unary(.mish), [image], nil),
    (Unary(.mish), [vector], "the input is constant"),
    (GlobalAveragePool(), [image], nil),
    (GlobalAveragePool(), [Operand(noise([1, 4, 8, 8]))], "the input is constant"),
    (AveragePool(window: window, ceiling: true), [image], nil),
    (AveragePool(window: window, countIncludePad: true), [image], nil),
    (AveragePool(window: window), [Operand(noise([1, 4, 8, 8]))], "the input is constant"),
    (
      AveragePool(window: window, ceiling: true, countIncludePad: true), [image],
      "windows that overhang the padding are averaged over the padding they cover"
    ),
    (Concat(axis: -1), [image, image, image], nil),
    (Concat(axis: 0), [image, Operand(noise([1, 4, 8, 8]))], "an operand is constant"),
  ]

  @Test func refusesInTheseWords() {
    for (op, inputs, refusal) in Self.answers {
      #expect(op.int8Refusal(inputs) == refusal, "\(op.name) of \(inputs.map { $0?.type.description ?? "nothing" })")
    }
  }

  /// What is not refused can be built: the int8 operator takes int8 inputs and gives the float operator's shape.
  @Test func formsFitWhereNothingIsRefused() throws {
    let activation = Quantization(scale: 0.1, zeroPoint: 3)
    func int8(_ operand: Operand?) -> Operand? {
      operand.map { Operand(TensorType(.int8, $0.shape, quantization: activation)) }
    }
    var met: Set<String> = []
    for (op, inputs, refusal) in Self.answers where refusal == nil {
      met.insert(op.name)
      let expected = try op.inferTypes(inputs)[0].shape
      let types: [TensorType]
      if let layer = op as? any Int8ConvertibleLayer {
        let weights = try #require(layer.weights(inputs))
        let outputs = weights.shape[0]
        #expect(weights.values.count == weights.shape.reduce(1, *))
        #expect(weights.bias.isEmpty || weights.bias.count == outputs)
        let form = layer.floatForm(weights)
        let operands = [inputs[0]] + form.constants.map { Operand($0) }
        #expect(try form.op.inferTypes(operands)[0].shape == expected)
        let copy = try #require((form.op as? any Int8ConvertibleLayer)?.weights(operands))
        #expect(copy.shape == weights.shape && copy.values == weights.values && copy.bias == weights.bias)
        let constants = [
          Operand(TensorType(.int8, weights.shape)), Operand(TensorType(.float32, [outputs])),
          Operand(TensorType(.int32, [outputs])),
        ]
        types = try layer.int8Form(weights, output: Int8Output(activation)).inferTypes([int8(inputs[0])] + constants)
        let sums = try layer.int8Form(weights, output: nil).inferTypes([int8(inputs[0])] + constants)
        #expect(sums == [TensorType(.float32, expected)])
      } else if let product = op as? any Int8ConvertibleProduct {
        var arguments = inputs.map { int8($0) }
        let type = TensorType(
          .int8, arguments[product.symmetricInput]?.shape ?? [], quantization: Quantization(scale: 0.2, zeroPoint: 0))
        arguments[product.symmetricInput] = Operand(type)
        types = try product.int8Form(output: Int8Output(activation)).inferTypes(arguments)
        #expect(try product.int8Form(output: nil).inferTypes(arguments) == [TensorType(.float32, expected)])
      } else {
        let operation = try #require(op as? any Int8ConvertibleOperation)
        let arguments = operation.int8Order(inputs).map { int8(inputs[$0]) }
        types = try operation.int8Form(output: activation).inferTypes(arguments)
      }
      #expect(types == [TensorType(.int8, expected, quantization: activation)], "\(op.name)")
    }
    #expect(met == Set(Example.all.filter { $0.op is any Int8Convertible }.map(\.op.name)))
  }

  @Test func convolutionsHandOverWhatTheyHave() throws {
    let kernel = noise([6, 2, 3, 3])
    let layer = try #require(
      Conv(window: Self.window, group: 2).weights([Self.image, Operand(kernel), Operand(noise([6]))]))
    #expect(layer.shape == [6, 2, 3, 3] && layer.groups == 2)
    #expect(layer.values == kernel.elements(as: Float.self) && layer.bias == noise([6]).elements(as: Float.self))
    #expect(try #require(Conv(window: Self.window).weights([Self.image, Self.weights])).bias.isEmpty)
  }

  @Test func matricesAreHandedOverByOutputs() throws {
    let x = float32(1, 2)
    let turned = try #require(Gemm(transB: false).weights([x, Operand(counting([2, 3]))]))
    #expect(turned.shape == [3, 2] && turned.values == [0, 3, 1, 4, 2, 5] && turned.groups == 1)
    let plain = try #require(Gemm().weights([x, Operand(counting([3, 2]))]))
    #expect(plain.shape == [3, 2] && plain.values == [0, 1, 2, 3, 4, 5])
    // One number stands for all outputs.
    let single = try #require(Gemm().weights([x, Operand(noise([3, 2])), Operand(Tensor([Float(7)]))]))
    #expect(single.bias == [7, 7, 7])
  }

  /// Weights of their own are met along the last dimension by matrix products, along dimension 1 by all else.
  @Test func channelsLieWhereWeightsDiffer() {
    #expect((2...4).map { Gemm().channelAxis(rank: $0) } == [1, 2, 3])
    #expect(Conv(window: Self.window).channelAxis(rank: 4) == 1 && ScaleShift().channelAxis(rank: 4) == 1)
  }

  @Test func scalingIsADepthwiseConvolution() throws {
    let layer = try #require(ScaleShift().weights([Self.image, Self.vector, Self.vector]))
    #expect(layer.shape == [4, 1, 1, 1] && layer.groups == 4 && layer.bias == layer.values)
    let form = try #require(ScaleShift().int8Form(layer, output: nil) as? ConvInt8)
    #expect(form.group == 4 && form.window == Window(kernel: [1, 1]))
  }

  @Test func clampsBecomeBoundsOfIntegers() throws {
    let output = Quantization(scale: 0.5, zeroPoint: -8)
    let sum = try #require(Binary(.add, activation: .clip(lower: 0, upper: 6)).int8Form(output: output) as? AddInt8)
    #expect(sum.output.lower == -8 && sum.output.upper == 4)
    let product = try #require(Binary(.mul).int8Form(output: output) as? MulInt8)
    #expect(product.output.lower == -128 && product.output.upper == 127)
  }

  @Test func whatIsPerChannelComesSecond() {
    let perChannel = float32(1, 4, 1, 1)
    #expect(Binary(.mul).int8Order([perChannel, Self.image]) == [1, 0])
    #expect(Binary(.mul).int8Order([Self.image, perChannel]) == [0, 1])
    #expect(Binary(.mul).int8Order([Self.image, Self.image]) == [0, 1])
    #expect(Concat(axis: 1).int8Order([Self.image, Self.image, Self.image]) == [0, 1, 2])
  }

  /// Only what copies its inputs gains by their having its output's scale.
  @Test func concatenationsTakeInputsAtTheirScale() {
    let such = Example.all.filter { ($0.op as? any Int8ConvertibleOperation)?.takesInputsAtOutputScale ?? false }
    #expect(such.map(\.op.name) == ["Concat"])
  }
}
