import IR
import Math
import Operators
import Quantization
import Tensors
import Testing

/// Where int8 ends and begins again, and each reason for which a node stays float.
@Suite struct FloatIslandTests {
  /// Between two int8 layers: the layer before gives float numbers at once, the one after quantizes them.
  @Test func islandsLieBetweenConversions() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let a = try model.conv("a", x, step: 1 / 8)
    let norm = try model.add("norm", LRN(size: 1), a, step: 1 / 16, zero: 7)
    let relu = try model.add("relu", Unary(.relu), norm, step: 1 / 32, zero: -128)
    model.graph.addOutput(try model.conv("b", relu))
    let result = try model.quantized()
    #expect(
      result.graph.description == """
        x: float32[1,2,4,4]
        x_quantized = QuantizeLinear(x) scale=0.015625 zero_point=0 -> int8[1,2,4,4] s=0.015625 z=0
        a = ConvInt8(x_quantized, a_w: int8[2,2,1,1], a_w_scale: float32[2]) kernel_shape=[1, 1] -> float32[1,2,4,4]
        norm = LRN(a) alpha=0.0001 beta=0.75 bias=1.0 size=1 -> float32[1,2,4,4]
        relu = Unary(norm) function="clip" parameters=[0.0, inf] -> float32[1,2,4,4]
        relu_quantized = QuantizeLinear(relu) scale=0.03125 zero_point=-128 -> int8[1,2,4,4] s=0.03125 z=-128
        b = ConvInt8(relu_quantized, b_w: int8[2,2,1,1], b_w_scale: float32[2]) kernel_shape=[1, 1] -> float32[1,2,4,4]
        return b
        """)
    #expect(
      result.lines == [
        "int8 a", "float32 norm: int8 has no form for LRN",
        "float32 relu: nothing around it is int8", "int8 b",
      ])
  }

  /// A value that int8 and float both read is stored once and dequantized once, for all that read it as float.
  @Test func floatReadersShareOneConversion() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let a = try model.conv("a", x, step: 1 / 8)
    let b = try model.conv("b", a)
    let low = try model.add("low", Binary(.min), a, b)
    model.graph.addOutput(try model.add("high", Binary(.max), a, low))
    model.graph.addOutput(a)
    let result = try model.quantized()
    #expect(
      result.graph.description == """
        x: float32[1,2,4,4]
        x_quantized = QuantizeLinear(x) scale=0.015625 zero_point=0 -> int8[1,2,4,4] s=0.015625 z=0
        a = ConvInt8(x_quantized, a_w: int8[2,2,1,1], a_w_scale: float32[2]) kernel_shape=[1, 1] output_scale=0.125 \
        output_zero_point=0 -> int8[1,2,4,4] s=0.125 z=0
        b = ConvInt8(a, b_w: int8[2,2,1,1], b_w_scale: float32[2]) kernel_shape=[1, 1] -> float32[1,2,4,4]
        a_dequantized = DequantizeLinear(a) -> float32[1,2,4,4]
        low = Binary(a_dequantized, b) function="min" -> float32[1,2,4,4]
        high = Binary(a_dequantized, low) function="max" -> float32[1,2,4,4]
        return high, a_dequantized
        """)
  }

  @Test func graphsWithoutWeightsStayAsTheyAre() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let relu = try model.add("relu", Unary(.relu), x)
    model.graph.addOutput(try model.add("sum", Binary(.add), relu, x))
    model.graph.hasFreeBatch = true
    let result = try model.quantized()
    #expect(result.graph.description == model.graph.description)
    #expect(result.graph.hasFreeBatch && result.graph.name == "test")
    #expect(
      result.lines == [
        "float32 relu: nothing around it is int8", "float32 sum: nothing around it is int8",
      ])
  }

  /// Inputs of what may become int8 and its outputs are looked at: no constants, nothing that stays float, no integers.
  @Test func valuesToObserve() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let indices = model.graph.addInput("indices", TensorType(.int64, [1]))
    let a = try model.conv("a", x)
    let turned = try model.add("turned", Transpose(perm: [0, 1, 3, 2]), a)
    let soft = try model.add("soft", Softmax(axis: 1), turned)
    let soft2 = try model.add("soft2", Softmax(axis: 1), soft)
    let taken = try model.graph.add(
      Gather(axis: 1), name: "taken", inputs: [soft2, indices], outputNames: ["taken"])[0]
    model.graph.addOutput(taken)
    let observed = Quantizer.valuesToObserve(model.graph).map { model.graph[$0].name }.sorted()
    #expect(observed == ["a", "soft2", "taken", "turned", "x"])
  }

  // MARK: Refusals

  /// A node that stays float between a convolution's output and another convolution.
  struct RefusedForm: Sendable, CustomTestStringConvertible {
    let reason: String
    let write: @Sendable (inout Model, ValueID) throws -> ValueID
    var testDescription: String { reason }

    init(_ reason: String, _ write: @escaping @Sendable (inout Model, ValueID) throws -> ValueID) {
      self.reason = reason
      self.write = write
    }
  }

  private static let point = Window(kernel: [1, 1])

  static let refusals: [RefusedForm] =
    [
      RefusedForm("activation silu is not a clamp") { model, x in
        try model.conv("y", x, activation: .silu)
      },
      RefusedForm("weights are not constant") { model, x in
        try model.add("y", Conv(window: point), x, model.input([2, 2, 1, 1], "w"))
      },
      RefusedForm("the bias is not constant") { model, x in
        let w = model.constant("w", [2, 2, 1, 1])
        return try model.add("y", Conv(window: point), x, w, model.input([2], "b"))
      },
      RefusedForm("activation tanh is not a clamp") { model, x in
        try model.add(
          "y", ScaleShift(activation: .tanh), x, model.constant("s", [2]), model.constant("t", [2]))
      },
      RefusedForm("weights are not constant") { model, x in
        try model.add("y", ScaleShift(), x, model.input([2], "s"), model.constant("t", [2]))
      },
      RefusedForm("the bias is not constant") { model, x in
        try model.add("y", ScaleShift(), x, model.constant("s", [2]), model.input([2], "t"))
      },
      RefusedForm("an operand is constant") { model, x in
        try model.add("y", Binary(.add), x, model.constant("c", [1, 2, 4, 4]))
      },
      RefusedForm("an operand is constant") { model, x in
        try model.add("y", Binary(.mul), model.constant("c", [1, 2, 1, 1]), x)
      },
      RefusedForm("activation elu is not a clamp") { model, x in
        try model.add("y", Binary(.add, activation: .elu(alpha: 1)), x, x)
      },
      RefusedForm("shapes [1, 2, 4, 4] and [1, 2, 1, 1] broadcast in a way int8 has no form for") {
        model, x in
        try model.add("y", Binary(.add), x, try model.add("p", GlobalAveragePool(), x))
      },
      RefusedForm("shapes [1, 2, 4, 4] and [1, 1, 4, 4] broadcast in a way int8 has no form for") {
        model, x in
        try model.add("y", Binary(.mul), x, try model.conv("p", x, outputs: 1))
      },
      RefusedForm("shapes [1, 2, 1, 1] and [2, 4, 4] broadcast in a way int8 has no form for") {
        model, x in
        let flat = try model.add("p", Reshape(shape: [2, 4, 4]), x)
        return try model.add("y", Binary(.mul), try model.add("g", GlobalAveragePool(), x), flat)
      },
      RefusedForm("windows that overhang the padding are averaged over the padding they cover") {
        model, x in
        let window = Window(kernel: [3, 3], strides: [2, 2])
        return try model.add(
          "y", AveragePool(window: window, ceiling: true, countIncludePad: true), x)
      },
      RefusedForm("the input is constant") { model, x in
        let y = try model.add("y", Unary(.tanh), model.constant("c", [1, 2, 4, 4]))
        return try model.add("sum", Binary(.add), x, y)
      },
      RefusedForm("the input is constant") { model, x in
        let y = try model.add("y", GlobalAveragePool(), model.constant("c", [1, 2, 4, 4]))
        return try model.add("z", Binary(.mul), x, y)
      },
      RefusedForm("an operand is constant") { model, x in
        try model.add("y", Concat(axis: 1), x, model.constant("c", [1, 2, 4, 4]))
      },
      RefusedForm("int8 has no form for Softmax") { model, x in try model.add("y", Softmax(axis: 1), x)
      },
      RefusedForm("int8 has no form for PRelu") { model, x in
        try model.add("y", PRelu(), x, model.constant("s", [2, 1, 1]))
      },
    ]
    + [Binary.Function.sub, .div, .min, .max, .pow].map { function in
      RefusedForm("int8 has no form for \(function.rawValue)") { model, x in
        try model.add("y", Binary(function), x, try model.conv("side", x))
      }
    }

  @Test(arguments: refusals) func staysFloat(_ refusal: RefusedForm) throws {
    var model = Model()
    let first = try model.conv("first", model.input([1, 2, 4, 4]))
    let y = try refusal.write(&model, first)
    model.graph.addOutput(try model.conv("last", y))
    let result = try model.quantized()
    let decision = try #require(result.decisions.first { $0.node == "y" })
    #expect(decision.precision == .float32)
    #expect(decision.reason == refusal.reason)
    #expect(decision.op == model.graph.nodesInOrder().first { $0.name == "y" }?.op.name)
    // The very same operator is in the int8 graph, and the layers around it are int8 all the same.
    let node = try result.node("y")
    #expect(
      node.op.attributes.mapValues(\.description)
        == model.graph.nodesInOrder()
        .first { $0.name == "y" }?.op.attributes.mapValues(\.description))
    #expect(try result.quantization("y") == nil)
    #expect(try result.node("first").op is ConvInt8 && result.node("last").op is ConvInt8)
  }

  @Test func scalingsOfVectorsStayFloat() throws {
    var model = Model()
    let x = model.input([1, 3])
    let y = try model.add("y", ScaleShift(), x, model.constant("s", [3]), model.constant("t", [3]))
    model.graph.addOutput(try model.add("last", Gemm(), y, model.constant("w", [2, 3])))
    #expect(
      try model.quantized().lines == [
        "float32 y: the input has 2 dimensions, int8 has a form for 4", "int8 last",
      ])
  }

  /// A graph that no verifier has seen is refused, not misread.
  @Test func valuesThatNothingProduces() throws {
    func refusal(_ edit: (inout Model) throws -> Void) throws -> String? {
      var model = Model()
      let a = try model.conv("a", model.input([1, 2, 4, 4]))
      model.graph.addOutput(try model.conv("b", a))
      try edit(&model)
      do throws(Refusal) {
        _ = try Quantizer(model.graph, observations: model.observations(), options: model.options).run()
        return nil
      } catch {
        return "\(error)"
      }
    }
    func erase(_ name: String, _ model: inout Model) throws {
      model.graph.erase(try #require(model.graph.nodesInOrder().first { $0.name == name }).id)
    }
    #expect(try refusal { _ in } == nil)
    #expect(try refusal { try erase("a", &$0) } == "node b (Conv): value a is used before it is produced")
    #expect(try refusal { try erase("b", &$0) } == "node b (output): value b is used before it is produced")
  }
}
