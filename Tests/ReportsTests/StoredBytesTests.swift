import CanonicalJSON
import IR
import Operators
import Tensors
import Testing

@testable import Reports

/// Which layer the bytes of a section are of.
struct StoredBytesTests {
  /// Two convolutions: one whose weights say little, one whose weights all differ; the second has the first's bias.
  private func graph() throws -> (graph: Graph, nodes: [NodeID]) {
    var graph = Graph(name: "test")
    let x = graph.addInput("x", TensorType(.float32, [1, 4, 8, 8]))
    let plain = Tensor((0..<64).map { Float($0 % 2) }, shape: [4, 4, 2, 2])
    let varied = Tensor((0..<64).map { Float($0) * 1.37 }, shape: [4, 4, 2, 2])
    let bias = graph.addConstant("b", Tensor([0.5, 0.25, 1, 2] as [Float]))
    var (value, nodes): (ValueID, [NodeID]) = (x, [])
    for (name, weights) in [("plain", plain), ("varied", varied)] {
      let conv = Conv(window: Window(kernel: [2, 2]))
      value = try graph.add(conv, name: name, inputs: [value, graph.addConstant("\(name)_w", weights), bias])[0]
      nodes.append(try #require(graph.producer(of: value)).id)
    }
    graph.addOutput(value)
    return (graph, nodes)
  }

  private func section(_ codec: String, _ bytes: Int) -> Report.SectionSize {
    .init(name: "parameters", codec: codec, rawBytes: 592, storedBytes: bytes)
  }

  @Test func constantsThatAreStoredAsTheyAreHaveTheirOwnBytes() throws {
    let (graph, nodes) = try graph()
    let stored = StoredBytes.all(graph, [section("raw", 592)])
    #expect(stored[nodes[0]] == StoredBytes(weights: 256, steps: 0, biases: 16, other: 0))
    #expect(stored[nodes[1]] == StoredBytes(weights: 256, steps: 0, biases: 0, other: 0))
  }

  /// Nothing of a coded section is lost or counted twice, however many bytes it has.
  @Test(arguments: [1, 7, 100, 333])
  func sharesAreAllOfASection(bytes: Int) throws {
    let (graph, nodes) = try graph()
    let stored = StoredBytes.all(graph, [section("zlib-planes", bytes)])
    #expect(stored.values.reduce(0) { $0 + $1.total } == bytes)
    let (plain, varied) = try (#require(stored[nodes[0]]), #require(stored[nodes[1]]))
    if bytes > 50 { #expect(varied.weights > 2 * plain.weights && plain.weights > 0) }
  }

  /// Zeros and ones, as often, differ in two of their four bytes: a bit in each of 128. The biases are 0x3f000000,
  /// 0x3e800000, 0x3f800000 and 0x40000000: a bit and one and a half in each of 4.
  @Test func sharesGoByEntropy() throws {
    let (graph, nodes) = try graph()
    let stored = StoredBytes.all(graph, [section("zlib-planes", 1 << 30)])
    let bits = stored[nodes[0]].map { Double($0.weights) / Double($0.biases) }
    #expect(try abs(#require(bits) - 128 / (4 * (1 + 1.5))) < 1e-3)
  }

  @Test func reportsAddUpToTheFile() throws {
    var report = sampleReport()
    #expect(report.byteAccount == nil)
    report.layers[0].stored = StoredBytes(weights: 2_000_000, steps: 700, biases: 800, other: 0)
    report.layers[1].stored = StoredBytes(weights: 79_000, steps: 0, biases: 0, other: 100)
    let account = try #require(report.byteAccount)
    #expect(account.reduce(0) { $0 + $1.bytes } == 2_150_300)
    let lines = Dictionary(uniqueKeysWithValues: account.map { ($0.name, $0.bytes) })
    #expect(lines["weights"] == 2_079_000 && lines["texts"] == 6100 && lines["self_test"] == 0)
    #expect(lines["padding"] == 2_081_000 - 2_080_600 && lines["container"] == 2_150_300 - 2_087_100)
    #expect(SummaryText.make(report).contains("bytes     weights 2.08 MB ("))
    #expect(try Report(json: JSON(parsing: report.json.prettyBytes())) == report)
    let page = HTMLReport.make(report)
    #expect(page.contains("What the bytes are") && page.contains("other constants"))
  }
}
