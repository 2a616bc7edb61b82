import IR
import Math
import Operators
import Quantization
import Tensors
import Testing

/// Sums, products, functions and pooling between int8 layers.
@Suite struct ElementwiseLayerTests {
  /// A convolution before and one after what `write` adds; the lines of the int8 graph between them, and the decisions.
  private func between(
    _ shape: [Int] = [1, 2, 4, 4], _ write: (inout Model, ValueID) throws -> ValueID
  ) throws -> (graph: [String], decisions: [String]) {
    var model = Model()
    let x = model.input(shape)
    let first = try model.conv("first", x, outputs: shape[1], step: 1 / 8, zero: 10)
    let y = try write(&model, first)
    model.graph.addOutput(try model.conv("last", y))
    let result = try model.quantized()
    let lines = result.graph.description.split(separator: "\n").map(String.init)
    #expect(lines[2].hasPrefix("first = ConvInt8(x_quantized, "))
    #expect(lines[lines.count - 2].hasPrefix("last = ConvInt8("))
    #expect(result.lines.first == "int8 first" && result.lines.last == "int8 last")
    return (Array(lines[3...].dropLast(2)), Array(result.lines.dropFirst().dropLast()))
  }

  @Test func sums() throws {
    let (graph, decisions) = try between { model, x in
      let side = try model.conv("side", x, step: 1 / 2)
      return try model.add("y", Binary(.add, activation: .relu6), x, side, step: 1 / 32, zero: -128)
    }
    // 6 on a grid of 1/32 from 0 is the 192nd step.
    #expect(
      graph == [
        "side = ConvInt8(first, side_w: int8[2,2,1,1], side_w_scale: float32[2]) kernel_shape=[1, 1] "
          + "output_scale=0.5 output_zero_point=0 -> int8[1,2,4,4] s=0.5 z=0",
        "y = AddInt8(first, side) output_scale=0.03125 output_zero_point=-128 upper=64 "
          + "-> int8[1,2,4,4] s=0.03125 z=-128",
      ])
    #expect(decisions == ["int8 side", "int8 y"])
  }

  @Test func products() throws {
    let (graph, decisions) = try between { model, x in
      try model.add("y", Binary(.mul), x, x, step: 1, zero: -128)
    }
    #expect(
      graph == [
        "y = MulInt8(first, first) output_scale=1.0 output_zero_point=-128 -> int8[1,2,4,4] s=1.0 z=-128"
      ])
    #expect(decisions == ["int8 y"])
  }

  /// Squeeze and excitation: a number for each channel, whichever operand it is, is the second one in int8.
  @Test(arguments: [false, true]) func productsByChannel(isSwapped: Bool) throws {
    let (graph, decisions) = try between { model, x in
      let pool = try model.add("pool", GlobalAveragePool(), x, step: 1 / 16)
      let gate = try model.add(
        "gate", Unary(.sigmoid), try model.conv("excite", pool), step: 1 / 256, zero: -128)
      return isSwapped
        ? try model.add("y", Binary(.mul, activation: .relu), gate, x)
        : try model.add("y", Binary(.mul, activation: .relu), x, gate)
    }
    #expect(
      graph == [
        "pool = AveragePoolInt8(first) output_scale=0.0625 output_zero_point=0 -> int8[1,2,1,1] s=0.0625 z=0",
        "gate = ConvInt8(pool, excite_w: int8[2,2,1,1], excite_w_scale: float32[2]) function=\"sigmoid\" "
          + "inner_scale=0.015625 inner_zero_point=0 kernel_shape=[1, 1] output_scale=0.00390625 "
          + "output_zero_point=-128 -> int8[1,2,1,1] s=0.00390625 z=-128",
        "y = MulInt8(first, gate) lower=0 output_scale=0.015625 output_zero_point=0 -> int8[1,2,4,4] s=0.015625 z=0",
      ])
    #expect(decisions == ["int8 pool", "int8 gate", "int8 excite", "int8 y"])
  }

  @Test func pooling() throws {
    let window = Window(kernel: [2, 2], strides: [2, 2], pads: [1, 1, 0, 0])
    let (graph, decisions) = try between([1, 2, 5, 5]) { model, x in
      let plain = try model.add(
        "plain", AveragePool(window: Window(kernel: [2, 2], strides: [2, 2]), ceiling: true), x,
        step: 1 / 16)
      return try model.add(
        "padded", AveragePool(window: window, countIncludePad: true), plain, step: 1 / 32, zero: 1)
    }
    #expect(
      graph == [
        "plain = AveragePoolInt8(first) ceil_mode=1 kernel_shape=[2, 2] output_scale=0.0625 output_zero_point=0 "
          + "strides=[2, 2] -> int8[1,2,3,3] s=0.0625 z=0",
        "padded = AveragePoolInt8(plain) count_include_pad=1 kernel_shape=[2, 2] output_scale=0.03125 "
          + "output_zero_point=1 pads=[1, 1, 0, 0] strides=[2, 2] -> int8[1,2,2,2] s=0.03125 z=1",
      ])
    #expect(decisions == ["int8 plain", "int8 padded"])
  }

  /// What an operand is converted for: it is float, and someone wants the sum in int8.
  @Test func floatOperandsAreQuantized() throws {
    let (graph, decisions) = try between { model, x in
      let norm = try model.add("norm", LRN(size: 1), x, step: 1 / 4, zero: 2)
      return try model.add("y", Binary(.add), norm, x, step: 1 / 2)
    }
    #expect(
      graph == [
        "first_dequantized = DequantizeLinear(first) -> float32[1,2,4,4]",
        "norm = LRN(first_dequantized) alpha=0.0001 beta=0.75 bias=1.0 size=1 -> float32[1,2,4,4]",
        "norm_quantized = QuantizeLinear(norm) scale=0.25 zero_point=2 -> int8[1,2,4,4] s=0.25 z=2",
        "y = AddInt8(norm_quantized, first) output_scale=0.5 output_zero_point=0 -> int8[1,2,4,4] s=0.5 z=0",
      ])
    #expect(decisions == ["float32 norm: int8 has no form for LRN", "int8 y"])
  }
}
