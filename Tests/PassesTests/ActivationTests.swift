import IR
import Math
import Operators
import Passes
import Tensors
import Testing

@Suite struct RecogniseActivationsTests {
  /// A way to write a function, and the function.
  struct Spelling: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let function: String
    let write: @Sendable (inout Model, ValueID) throws -> ValueID

    init(_ text: String, _ function: String, _ write: @escaping @Sendable (inout Model, ValueID) throws -> ValueID) {
      testDescription = text
      self.function = function
      self.write = write
    }
  }

  static let spellings: [Spelling] = [
    Spelling("x * sigmoid(x)", "function=\"silu\"") { model, x in
      try model.add("y", Binary(.mul), x, try model.add("s", Unary(.sigmoid), x))
    },
    Spelling("sigmoid(x) * x", "function=\"silu\"") { model, x in
      try model.add("y", Binary(.mul), try model.add("s", Unary(.sigmoid), x), x)
    },
    Spelling("x * (1 / (1 + exp(-x)))", "function=\"silu\"") { model, x in
      let e = try model.add("e", Unary(.exp), try model.add("n", Unary(.neg), x))
      let d = try model.add("d", Binary(.add), model.scalar(1), e)
      return try model.add("y", Binary(.mul), x, try model.add("r", Unary(.reciprocal), d))
    },
    Spelling("1 / (exp(-1 * x) + 1)", "function=\"sigmoid\"") { model, x in
      let e = try model.add("e", Unary(.exp), try model.add("n", Binary(.mul), x, model.scalar(-1)))
      let d = try model.add("d", Binary(.add), e, model.scalar(1))
      return try model.add("y", Binary(.div), model.numbers("one", [1]), d)
    },
    Spelling("clip(x + 3, 0, 6) / 6", "function=\"hard_sigmoid\" parameters=[0.16666667, 0.5]") { model, x in
      let c = try model.add("c", Unary(.relu6), try model.add("a", Binary(.add), x, model.scalar(3)))
      return try model.add("y", Binary(.div), c, model.scalar(6))
    },
    Spelling("clip(x * 0.2 + 0.5, 0, 1)", "function=\"hard_sigmoid\" parameters=[0.2, 0.5]") { model, x in
      let a = try model.add(
        "a", Binary(.add), model.scalar(0.5), try model.add("m", Binary(.mul), x, model.scalar(0.2)))
      return try model.add("y", Unary(.clip(lower: 0, upper: 1)), a)
    },
    Spelling("x * clip(x + 3, 0, 6) / 6", "function=\"hard_swish\"") { model, x in
      let c = try model.add("c", Unary(.relu6), try model.add("a", Binary(.add), model.scalar(3), x))
      return try model.add("y", Binary(.div), try model.add("m", Binary(.mul), x, c), model.scalar(6))
    },
    Spelling("x * (clip(x + 3, 0, 6) * 0.1666667)", "function=\"hard_swish\"") { model, x in
      let c = try model.add("c", Unary(.relu6), try model.add("a", Binary(.add), x, model.scalar(3)))
      return try model.add("y", Binary(.mul), x, try model.add("m", Binary(.mul), c, model.scalar(0.1666667)))
    },
    Spelling("(x / 6) * min(max(x + 3, 0), 6)", "function=\"hard_swish\"") { model, x in
      let a = try model.add("a", Binary(.add), x, model.scalar(3))
      let l = try model.add("l", Binary(.max), a, model.scalar(0))
      let u = try model.add("u", Binary(.min), model.scalar(6), l)
      return try model.add("y", Binary(.mul), try model.add("d", Binary(.div), x, model.scalar(6)), u)
    },
    Spelling("hard_sigmoid(x) * x", "function=\"hard_swish\"") { model, x in
      let h = try model.add("h", Unary(.hardSigmoid(alpha: 1 / 6, beta: 0.5)), x)
      return try model.add("y", Binary(.mul), h, x)
    },
    Spelling("x * (1 + erf(x / sqrt(2))) * 0.5", "function=\"gelu\"") { model, x in
      let e = try model.add("e", Unary(.erf), try model.add("d", Binary(.div), x, model.scalar(1.414_213_5)))
      let m = try model.add("m", Binary(.mul), x, try model.add("p", Binary(.add), e, model.scalar(1)))
      return try model.add("y", Binary(.mul), m, model.scalar(0.5))
    },
    Spelling("(x * 0.5) * (1 + erf(x * 0.70710677))", "function=\"gelu\"") { model, x in
      let e = try model.add("e", Unary(.erf), try model.add("d", Binary(.mul), x, model.scalar(0.707_106_77)))
      let p = try model.add("p", Binary(.add), model.scalar(1), e)
      return try model.add("y", Binary(.mul), try model.add("h", Binary(.mul), x, model.scalar(0.5)), p)
    },
    Spelling("x * tanh(log(1 + exp(x)))", "function=\"mish\"") { model, x in
      let a = try model.add("a", Binary(.add), try model.add("e", Unary(.exp), x), model.scalar(1))
      let t = try model.add("t", Unary(.tanh), try model.add("l", Unary(.log), a))
      return try model.add("y", Binary(.mul), x, t)
    },
    Spelling("max(x, 0)", "function=\"clip\" parameters=[0.0, inf]") { model, x in
      try model.add("y", Binary(.max), x, model.scalar(0))
    },
    Spelling("min(2, x)", "function=\"clip\" parameters=[-inf, 2.0]") { model, x in
      try model.add("y", Binary(.min), model.scalar(2), x)
    },
    Spelling("max(0.1 * x, x)", "function=\"leaky_relu\" parameters=[0.1]") { model, x in
      try model.add("y", Binary(.max), try model.add("m", Binary(.mul), model.scalar(0.1), x), x)
    },
    Spelling("prelu(x, [0.25, 0.25])", "function=\"leaky_relu\" parameters=[0.25]") { model, x in
      try model.add("y", PRelu(), x, model.numbers("slopes", [0.25, 0.25], shape: [2, 1, 1]))
    },
  ]

  @Test(arguments: spellings) func spelledOutFunctionsAreFound(_ spelling: Spelling) throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    model.graph.addOutput(try spelling.write(&model, x))
    let (graph, log, difference) = try model.rewritten([
      PassGroup("test", repeats: true, [.recogniseActivations, .eliminateIdentities, .eliminateDeadNodes])
    ])
    #expect(
      graph.description == """
        x: float32[1,2,4,4]
        y = Unary(x) \(spelling.function) -> float32[1,2,4,4]
        return y
        """)
    #expect(log.entries.contains { $0.pass == "recognise-activations" && $0.node == "y" && $0.outcome == .applied })
    #expect(difference < 1e-6)
  }

  static let others: [Spelling] = [
    Spelling("x * sigmoid(2 * x)", "") { model, x in
      let m = try model.add("m", Binary(.mul), x, model.scalar(2))
      return try model.add("y", Binary(.mul), x, try model.add("s", Unary(.sigmoid), m))
    },
    Spelling("x * clip(x + 3, 0, 6) / 5", "") { model, x in
      let c = try model.add("c", Unary(.relu6), try model.add("a", Binary(.add), x, model.scalar(3)))
      return try model.add("y", Binary(.div), try model.add("m", Binary(.mul), x, c), model.scalar(5))
    },
    Spelling("x * (2 + erf(x / sqrt(2))) / 2", "") { model, x in
      let e = try model.add("e", Unary(.erf), try model.add("d", Binary(.div), x, model.scalar(1.414_213_5)))
      let m = try model.add("m", Binary(.mul), x, try model.add("p", Binary(.add), e, model.scalar(2)))
      return try model.add("y", Binary(.mul), m, model.scalar(0.5))
    },
    Spelling("x * sigmoid(mean(x))", "") { model, x in
      let s = try model.add("s", Unary(.sigmoid), try model.add("p", GlobalAveragePool(), x))
      return try model.add("y", Binary(.mul), x, s)
    },
    Spelling("max(x, [0, 1])", "") { model, x in
      try model.add("y", Binary(.max), x, model.numbers("c", [0, 1], shape: [2, 1, 1]))
    },
    Spelling("clip(x, 0, 1)", "") { model, x in try model.add("y", Unary(.clip(lower: 0, upper: 1)), x) },
    Spelling("max(2 * x, x)", "") { model, x in
      try model.add("y", Binary(.max), try model.add("m", Binary(.mul), model.scalar(2), x), x)
    },
    Spelling("prelu(x, [0.25, 0.5])", "") { model, x in
      try model.add("y", PRelu(), x, model.numbers("slopes", [0.25, 0.5], shape: [2, 1, 1]))
    },
  ]

  @Test(arguments: others) func otherFunctionsStay(_ spelling: Spelling) throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    model.graph.addOutput(try spelling.write(&model, x))
    let (graph, log, _) = try model.rewritten(.recogniseActivations)
    #expect(graph.description == model.graph.description)
    #expect(log.entries.isEmpty)
  }

  @Test func aFusedActivationIsNotLost() throws {
    var model = Model()
    let x = model.input([2, 4])
    let s = try model.add("s", Unary(.sigmoid), x)
    model.graph.addOutput(try model.add("y", Binary(.mul, activation: .relu), x, s))
    let (_, log, difference) = try model.rewritten(.recogniseActivations)
    #expect(log.lines == ["refused y: silu is followed by clip in one operator"])
    #expect(difference == 0)
  }

  @Test func squeezeExciteBlocksAreNamed() throws {
    var model = Model()
    let x = model.input([1, 8, 4, 4])
    let pool = try model.add("pool", GlobalAveragePool(), x)
    let squeeze = try model.conv("squeeze", pool, outputs: 2)
    let silu = try model.add("silu", Unary(.silu), squeeze)
    let excite = try model.conv("excite", silu, outputs: 8)
    let gate = try model.add("gate", Unary(.sigmoid), excite)
    model.graph.addOutput(try model.add("scale", Binary(.mul), gate, x))
    for groups in [[], PassList.fuseFunctions] {
      let (graph, log, _) = try model.rewritten(groups + [PassGroup("test", [.recogniseSqueezeExcite])])
      #expect(graph.nodeCount == (groups.isEmpty ? 6 : 4))
      #expect(
        log.entries.filter { $0.pass == "recognise-squeeze-excite" }.map(\.detail) == [
          "squeeze-and-excite of 8 channels through 2"
        ])
    }
  }
}

@Suite struct FuseActivationsTests {
  @Test func everyOperatorThatCanClampDoes() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    var y = try model.conv("conv", x, outputs: 2)
    y = try model.add("a", Unary(.relu), y)
    y = try model.add(
      "up", ConvTranspose(window: Window(kernel: [2, 2], strides: [2, 2])), y, model.constant("up_w", [2, 3, 2, 2]))
    y = try model.add("b", Unary(.relu6), y)
    y = try model.batchNormalization("bn", y)
    y = try model.add("c", Unary(.clip(lower: -1, upper: 1)), y)
    y = try model.add("sum", Binary(.add), y, y)
    y = try model.add("d", Unary(.relu), y)
    y = try model.add("flat", Reshape(shape: [1, -1]), y)
    y = try model.add("gemm", Gemm(), y, model.constant("w", [5, 192]))
    model.graph.addOutput(try model.add("e", Unary(.relu), y))
    let (graph, log, difference) = try model.rewritten(.batchNormalizationToScaleShift, .fuseClamps)
    #expect(
      graph.description == """
        x: float32[1,2,4,4]
        conv = Conv(x, conv_w: float32[2,2,1,1], conv_b: float32[2]) activation="clip" \
        activation_parameters=[0.0, inf] kernel_shape=[1, 1] -> float32[1,2,4,4]
        up = ConvTranspose(conv, up_w: float32[2,3,2,2]) activation="clip" activation_parameters=[0.0, 6.0] \
        kernel_shape=[2, 2] strides=[2, 2] -> float32[1,3,8,8]
        bn = ScaleShift(up, bn_scale_2: float32[3], bn_shift: float32[3]) activation="clip" \
        activation_parameters=[-1.0, 1.0] -> float32[1,3,8,8]
        sum = Binary(bn, bn) activation="clip" activation_parameters=[0.0, inf] function="add" -> float32[1,3,8,8]
        flat = Reshape(sum) shape=[1, -1] -> float32[1,192]
        e = Gemm(flat, w: float32[5,192]) activation="clip" activation_parameters=[0.0, inf] -> float32[1,5]
        return e
        """)
    #expect(log.entries.filter { $0.pass == "fuse-clamps" }.map(\.node) == ["a", "b", "c", "d", "e"])
    #expect(difference == 0)
  }

  @Test func clampsOfUsedValuesStay() throws {
    var model = Model()
    let conv = try model.conv("conv", model.input([1, 2, 4, 4]), outputs: 2)
    let relu = try model.add("relu", Unary(.relu), conv)
    model.graph.addOutput(try model.add("y", Binary(.add), conv, relu))
    let (graph, log, _) = try model.rewritten(.fuseClamps)
    #expect(graph.nodeCount == 3)
    #expect(log.lines == ["refused relu: the value before it is used elsewhere"])
  }

  @Test func functionsFuseOnlyWhenAskedTo() throws {
    var model = Model()
    let conv = try model.conv("conv", model.input([1, 2, 4, 4]), outputs: 2)
    let silu = try model.add("silu", Unary(.silu), conv)
    model.graph.addOutput(try model.add("clip", Unary(.relu6), silu))
    let clamped = try model.rewritten(PassList.simplify + PassList.fuseClamps)
    #expect(clamped.graph.nodeCount == 3)
    let (graph, log, difference) = try model.rewritten(PassList.fuseFunctions)
    #expect(
      graph.description == """
        x: float32[1,2,4,4]
        conv = Conv(x, conv_w: float32[2,2,1,1], conv_b: float32[2]) activation="silu" kernel_shape=[1, 1] \
        -> float32[1,2,4,4]
        clip = Unary(conv) function="clip" parameters=[0.0, 6.0] -> float32[1,2,4,4]
        return clip
        """)
    #expect(log.lines == ["applied silu: silu in conv", "refused clip: conv already applies silu"])
    #expect(difference < 1e-6)
  }
}
