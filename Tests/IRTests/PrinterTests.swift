import IR
import Math
import Operators
import Tensors
import Testing

@Suite struct PrinterTests {
  /// Inputs, a line for each node, outputs; constants by name and type, optional inputs that are left out as dashes.
  @Test func graphsAreALineForEachNode() throws {
    var graph = Graph(name: "test")
    let x = graph.addInput("x", TensorType(.float32, [1, 3, 8, 8]))
    graph.addInput("n", TensorType(.int64, []))
    let w = graph.addConstant("w", Tensor([Float](repeating: 1, count: 108), shape: [4, 3, 3, 3]))
    let conv = try graph.add(
      Conv(window: Window(kernel: [3, 3], pads: [1, 1, 1, 1]), activation: .relu6), name: "conv",
      inputs: [x, w, nil], outputNames: ["y"])[0]
    let parts = try graph.add(
      Split(axis: 1, sizes: [1, 3]), name: "split", inputs: [conv], outputNames: ["a", "b"])
    let quantized = try graph.add(
      QuantizeLinear(Quantization(scale: 0.5, zeroPoint: -3)), name: "q", inputs: [parts[0]], outputNames: ["q"])[0]
    graph.addOutput(quantized)
    graph.addOutput(parts[1])
    #expect(
      graph.description == """
        x: float32[1,3,8,8]
        n: int64[]
        y = Conv(x, w: float32[4,3,3,3], -) activation="clip" activation_parameters=[0.0, 6.0] kernel_shape=[3, 3] \
        pads=[1, 1, 1, 1] -> float32[1,4,8,8]
        a, b = Split(y) axis=1 sizes=[1, 3] -> float32[1,1,8,8], float32[1,3,8,8]
        q = QuantizeLinear(a) scale=0.5 zero_point=-3 -> int8[1,1,8,8] s=0.5 z=-3
        return q, b
        """)
    #expect(Graph(name: "empty").description == "return ")
  }

  @Test(
    arguments: [
      (.int(-3), "-3"), (.float(0.1), "0.1"), (.string("a b"), "\"a b\""), (.ints([1, 2]), "[1, 2]"),
      (.floats([.infinity, 0.5]), "[inf, 0.5]"), (.strings(["a"]), "[\"a\"]"),
      (.tensor(Tensor([Int32(7)])), "int32[1] [7.0]"), (.tensor(Tensor([Int32(7), 8])), "int32[2]"),
    ] as [(Attribute, String)])
  func attributes(attribute: Attribute, text: String) { #expect("\(attribute)" == text) }
}
