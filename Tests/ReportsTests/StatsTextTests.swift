import CanonicalJSON
import IR
import Operators
import Tensors
import Testing

@testable import Reports

struct StatsTextTests {
  private func statistics() throws -> ModelStatistics {
    var graph = Graph(name: "small")
    graph.hasFreeBatch = true
    let x = graph.addInput("image", TensorType(.float32, [1, 3, 32, 32]))
    let weights = graph.addConstant("w", Tensor([Float](repeating: 1, count: 16 * 27), shape: [16, 3, 3, 3]))
    let bias = graph.addConstant("b", Tensor([Float](repeating: 0, count: 16)))
    let conv = try graph.add(Conv(window: Window(kernel: [3, 3])), name: "stem", inputs: [x, weights, bias])
    let pooled = try graph.add(GlobalAveragePool(), name: "pool", inputs: [conv[0]])
    graph.addOutput(pooled[0])
    return ModelStatistics(graph)
  }

  /// Eight windows of a billion places over images of 1.6 billion pixels each: 1.4e19.
  @Test func moreWorkThanAnIntegerCountsIsTheLargest() throws {
    var graph = Graph(name: "wide")
    let x = graph.addInput("x", TensorType(.float32, [1, 1, 40_000, 40_000]))
    let side = 16_383
    let window = Window(kernel: [1 << 15, 1 << 15], pads: [side, side, side, side])
    for index in 0..<8 {
      graph.addOutput(try graph.add(MaxPool(window: window), name: "pool\(index)", inputs: [x])[0])
    }
    #expect(ModelStatistics(graph).work.elementOperations == .max)
    #expect(Work(macs: .max / 2 + 1) + Work(macs: .max / 2 + 1) == Work(macs: .max))
  }

  @Test func alignsFiguresAndLayers() throws {
    #expect(
      StatsText.make(try statistics(), title: "small.onnx", fileBytes: 2000, perLayer: true) == """
        small.onnx
          input   image      float32 [N, 3, 32, 32]
          output  pool_out0  float32 [N, 16, 1, 1]

          file bytes                 2,000  2.00 kB
          parameters                   448  trainable
          constant bytes             1,792  1.79 kB
          MACs                     388,800  convolutions and matrix products
          FLOPs                    777,600  2 × MACs
          element-wise operations   14,400  activations, additions, pooling
          peak activation bytes     69,888  alive at one step, layer by layer

          layer     operator           output      parameters     MACs    share  element-wise  bytes
          ──────────────────────────────────────────────────────────────────────────────────────────
          stem      Conv               1×16×30×30         448  388,800  100.0 %                1,792
          pool      GlobalAveragePool  1×16×1×1                                        14,400
          ──────────────────────────────────────────────────────────────────────────────────────────
          2 layers                                        448  388,800                 14,400  1,792

        """)
  }
}
