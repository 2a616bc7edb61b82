import IR
import Math
import Operators
import Quantization
import Tensors
import Testing

/// Values that have one scale: what only moves elements, and concatenations.
@Suite struct SharedScaleTests {
  /// An operator that only moves elements, and its printed int8 form after `first`.
  struct Mover: Sendable, CustomTestStringConvertible {
    let op: any Operator
    let printed: String
    var testDescription: String { "\(op.name) \(op.attributes)" }
  }

  static let movers: [Mover] = [
    Mover(
      op: Reshape(shape: [1, 4, 2, 4]),
      printed: "Reshape(first) shape=[1, 4, 2, 4] -> int8[1,4,2,4]"),
    Mover(
      op: Transpose(perm: [0, 1, 3, 2]),
      printed: "Transpose(first) perm=[0, 1, 3, 2] -> int8[1,2,4,4]"),
    Mover(
      op: Slice(starts: [1], ends: [3], axes: [2]),
      printed: "Slice(first) axes=[2] ends=[3] starts=[1] -> int8[1,2,2,4]"),
    Mover(
      op: Pad(pads: [0, 0, 1, 0, 0, 0, 0, 1]),
      printed: "Pad(first) pads=[0, 0, 1, 0, 0, 0, 0, 1] -> int8[1,2,5,5]"),
    // Other borders take what is there, whatever number the operator has for constant ones.
    Mover(
      op: Pad(pads: [0, 0, 1, 0, 0, 0, 0, 1], mode: .edge, value: 3),
      printed: "Pad(first) mode=\"edge\" pads=[0, 0, 1, 0, 0, 0, 0, 1] value=3.0 -> int8[1,2,5,5]"),
    Mover(
      op: MaxPool(window: Window(kernel: [2, 2])),
      printed: "MaxPool(first) kernel_shape=[2, 2] -> int8[1,2,3,3]"),
    Mover(op: GlobalMaxPool(), printed: "GlobalMaxPool(first) -> int8[1,2,1,1]"),
    Mover(
      op: ChannelShuffle(groups: 2), printed: "ChannelShuffle(first) groups=2 -> int8[1,2,4,4]"),
  ]

  /// They pass int8 through at one scale, whose range is the union of what was seen before and after.
  @Test(arguments: movers) func moversPassInt8Through(_ mover: Mover) throws {
    var model = Model()
    let first = try model.conv("first", model.input([1, 2, 4, 4]))
    model.observe(first, -4...1)
    let y = try model.add("y", mover.op, first)
    model.observe(y, -3...2)
    model.graph.addOutput(try model.conv("last", y))
    let result = try model.quantized()
    let scale = Float(6.0 / 255)
    // 4 of the 6 lie below zero: -128 + 170.
    #expect(
      result.graph.description.split(separator: "\n").map(String.init)[3]
        == "y = \(mover.printed) s=\(scale) z=42")
    #expect(try result.quantization("first") == Quantization(scale: scale, zeroPoint: 42))
    #expect(result.lines == ["int8 first", "pass-through y", "int8 last"])
  }

  /// All outputs of a Split have its input's scale, with the extremes of all of them.
  @Test func splitsShareWithAllTheirOutputs() throws {
    var model = Model()
    let first = try model.conv("first", model.input([1, 2, 4, 4]))
    model.observe(first, -1...3)
    let parts = try model.graph.add(
      Split(axis: 1, sizes: [1, 1]), name: "split", inputs: [first], outputNames: ["left", "right"])
    model.observe(parts[0], -2...1)
    model.observe(parts[1], 0...1)
    let left = try model.conv("a", parts[0])
    model.graph.addOutput(try model.add("sum", Binary(.add), left, try model.conv("b", parts[1])))
    let result = try model.quantized()
    let shared = Quantization(scale: Float(5.0 / 255), zeroPoint: -26)
    for name in ["first", "left", "right"] { #expect(try result.quantization(name) == shared) }
    // Nothing wants the sum in int8: the layers before it give float numbers.
    #expect(
      result.lines == [
        "int8 first", "pass-through split", "int8 a", "int8 b",
        "float32 sum: nothing around it is int8",
      ])
  }

  /// A border of another number than 0 may lie outside the range that was seen: the operator stays float.
  @Test func padsByNumbersStayFloat() throws {
    var model = Model()
    let first = try model.conv("first", model.input([1, 2, 4, 4]), step: 1 / 8)
    let pad = try model.add(
      "pad", Pad(pads: [0, 0, 1, 1, 0, 0, 1, 1], value: -7), first, step: 1 / 16)
    model.graph.addOutput(try model.conv("last", pad))
    let result = try model.quantized()
    #expect(result.lines == ["int8 first", "float32 pad: int8 has no form for Pad", "int8 last"])
    // So the layer before gives float numbers, which the one after takes at the scale of the padded value.
    #expect(try result.quantization("first") == nil)
    #expect(try result.quantization("pad_quantized") == Quantization(scale: 1 / 16, zeroPoint: 0))
  }

  /// Nothing feeds it int8 or wants int8 of it: a mover of float numbers stays what it is.
  @Test func moversOfFloatStayFloat() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let turned = try model.add("turned", Transpose(perm: [0, 1, 3, 2]), x)
    let y = try model.conv("y", turned)
    model.graph.addOutput(try model.add("flat", Reshape(shape: [1, -1]), y))
    let result = try model.quantized()
    // Before the first layer nothing is int8 yet, after the last nobody wants it.
    #expect(
      result.lines == [
        "float32 turned: nothing around it is int8", "int8 y",
        "float32 flat: nothing around it is int8",
      ])
    #expect(
      result.graph.description == """
        x: float32[1,2,4,4]
        turned = Transpose(x) perm=[0, 1, 3, 2] -> float32[1,2,4,4]
        turned_quantized = QuantizeLinear(turned) scale=0.015625 zero_point=0 -> int8[1,2,4,4] s=0.015625 z=0
        y = ConvInt8(turned_quantized, y_w: int8[2,2,1,1], y_w_scale: float32[2]) kernel_shape=[1, 1] -> \
        float32[1,2,4,4]
        flat = Reshape(y) shape=[1, -1] -> float32[1,32]
        return flat
        """)
  }

  // MARK: Concatenations

  /// A part that feeds nothing else is produced at the scale of the whole; one that does keeps its own and is rounded.
  @Test func partsWithOneReaderTakeTheScaleOfTheWhole() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let a = try model.conv("a", x)
    let b = try model.conv("b", x)
    let joined = try model.add("joined", Concat(axis: 1), a, b)
    model.observe(a, -1...1)
    model.observe(b, 0...6)
    model.observe(joined, -0.5...5)
    // Another reader of b.
    let side = try model.conv("side", b, outputs: 4, step: 1 / 4)
    let sum = try model.add("sum", Binary(.add), joined, side, step: 1 / 2)
    model.graph.addOutput(try model.conv("last", sum))
    let result = try model.quantized()
    // From the -1 of a to the 5 of the whole; the 6 of b is not in it.
    let shared = Quantization(
      scale: Float(6.0 / 255), zeroPoint: Int((-128.0 + 255 / 6).rounded(.toNearestOrEven)))
    #expect(try result.quantization("joined") == shared)
    #expect(try result.quantization("a") == shared)
    #expect(try result.quantization("b") == Quantization(scale: Float(6.0 / 255), zeroPoint: -128))
    #expect(
      result.lines == ["int8 a", "int8 b", "int8 joined", "int8 side", "int8 sum", "int8 last"])
    let line = result.graph.description.split(separator: "\n").first { $0.hasPrefix("joined = ") }
    let scale = shared.scale
    #expect(
      line == """
        joined = ConcatInt8(a, b) output_scale=\(scale) output_zero_point=-86 -> int8[1,4,4,4] s=\(scale) z=-86
        """)
  }

  /// In a chain every link has one scale although links are read beside the chain, so nothing is rounded twice.
  @Test func linksOfAChainShareOneScale() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    var features = try model.conv("stem", x)
    model.observe(features, 0...1)
    for link in 1...3 {
      let more = try model.conv("conv\(link)", features)
      model.observe(more, -Float(link)...0)
      features = try model.add("join\(link)", Concat(axis: 1), features, more)
      model.observe(features, -Float(link)...1)
    }
    model.graph.addOutput(try model.conv("last", features))
    let result = try model.quantized()
    let shared = Quantization(scale: Float(4.0 / 255), zeroPoint: 63)
    for name in ["join1", "join2", "join3", "conv1", "conv2", "conv3"] {
      #expect(try result.quantization(name) == shared, "\(name)")
    }
    // The stem is no concatenation and feeds a convolution beside the first link.
    #expect(
      try result.quantization("stem") == Quantization(scale: Float(1.0 / 255), zeroPoint: -128))
  }

  @Test func axesStay() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let a = try model.conv("a", x)
    let joined = try model.add(
      "joined", Concat(axis: -1), a, try model.conv("b", x), step: 1 / 4, zero: 1)
    model.graph.addOutput(try model.conv("last", joined))
    let line = try model.quantized().graph.description.split(separator: "\n").first {
      $0.hasPrefix("joined = ")
    }
    #expect(
      line
        == "joined = ConcatInt8(a, b) axis=-1 output_scale=0.25 output_zero_point=1 -> int8[1,2,4,8] s=0.25 z=1"
    )
  }

  /// A concatenation nobody wants in int8 joins nothing: each layer before it gives float numbers of its own.
  @Test func concatenationsAtTheEndStayFloat() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let a = try model.conv("a", x)
    model.graph.addOutput(try model.add("joined", Concat(axis: 1), a, try model.conv("b", x)))
    let result = try model.quantized()
    #expect(result.lines == ["int8 a", "int8 b", "float32 joined: nothing around it is int8"])
    #expect(try result.quantization("a") == nil && result.quantization("b") == nil)
  }
}
