import IR
import Math
import Operators
import Tensors
import Testing

/// Each way in which edits can break a graph is found, and said of the node or value where it is.
///
/// Every edit keeps right what values record of their readers: the two refusals about that are for defects of `Graph`,
/// and nothing outside of it can bring them about.
@Suite struct VerifierTests {
  /// x, a = relu(x), b = a + a, which is the output.
  private struct Chain {
    var graph = Graph(name: "chain")
    let x: ValueID
    let a: ValueID
    let b: ValueID

    init() throws {
      x = graph.addInput("x", TensorType(.float32, [1, 4]))
      a = try graph.add(Unary(.relu), name: "relu", inputs: [x], outputNames: ["a"])[0]
      b = try graph.add(Binary(.add), name: "sum", inputs: [a, a], outputNames: ["b"])[0]
      graph.addOutput(b)
    }

    func node(_ value: ValueID) throws -> NodeID { try #require(graph.producer(of: value)).id }

    func refusal() -> String? {
      do throws(Refusal) {
        try Verifier.check(graph)
        return nil
      } catch {
        return "\(error)"
      }
    }
  }

  @Test func whatIsRightPasses() throws {
    var chain = try Chain()
    #expect(chain.refusal() == nil)
    // An optional input that is left out, a constant that is the output, an input that nobody reads.
    let w = chain.graph.addConstant("w", Tensor([Float](repeating: 1, count: 8), shape: [2, 4]))
    let y = try chain.graph.add(Gemm(), name: "gemm", inputs: [chain.b, w, nil])[0]
    chain.graph.addOutput(y)
    chain.graph.addOutput(chain.graph.addConstant("c", Tensor([Int64(1)])))
    chain.graph.addInput("unread", TensorType(.int64, [0]))
    #expect(chain.refusal() == nil)
    #expect(Graph(name: "empty").nodeCount == 0)
    try Verifier.check(Graph(name: "empty"))
  }

  @Test(arguments: [
    ([1 << 16, 1 << 16], "[65536, 65536]"), ([1, -4], "[1, -4]"),
    ([1, 1, 1, 1, 1, 1, 1, 1, 4], "[1, 1, 1, 1, 1, 1, 1, 1, 4]"),
  ])
  func shapesBeyondTheLimits(shape: [Int], printed: String) throws {
    var chain = try Chain()
    chain.graph.setType(chain.x, TensorType(.float32, shape))
    #expect(chain.refusal() == "node x (value): shape \(printed) is beyond the limits")
  }

  @Test func inputsOfErasedNodes() throws {
    var chain = try Chain()
    chain.graph.erase(try chain.node(chain.a))
    #expect(chain.refusal() == "node sum (Binary): input a is used before it is produced")
  }

  @Test func cycles() throws {
    var chain = try Chain()
    try chain.graph.update(try chain.node(chain.a), op: Unary(.relu), inputs: [chain.b])
    // Wherever one enters it, the first node met waits for another.
    let refusal = try #require(chain.refusal())
    #expect(
      [
        "node relu (Unary): input b is used before it is produced",
        "node sum (Binary): input a is used before it is produced",
      ].contains(refusal))
    var self1 = try Chain()
    try self1.graph.update(try self1.node(self1.a), op: Unary(.relu), inputs: [self1.a])
    #expect(self1.refusal() == "node relu (Unary): input a is used before it is produced")
  }

  @Test func inputsTheOperatorRefuses() throws {
    var chain = try Chain()
    chain.graph.setType(chain.x, TensorType(.int32, [1, 4]))
    #expect(chain.refusal() == "node relu (Unary): x is int32, expected float32")
  }

  @Test func typesThatAreNotInferred() throws {
    var chain = try Chain()
    chain.graph.setType(chain.b, TensorType(.float32, [4, 1]))
    #expect(
      chain.refusal() == "node sum (Binary): output b is recorded as float32[4,1], inferred as float32[1,4]")
    // Quantization is a part of the type.
    chain = try Chain()
    chain.graph.setType(
      chain.b, TensorType(.float32, [1, 4], quantization: Quantization(scale: 0.5, zeroPoint: 3)))
    #expect(
      chain.refusal()
        == "node sum (Binary): output b is recorded as float32[1,4] s=0.5 z=3, inferred as float32[1,4]")
  }

  /// As many outputs as its input has elements.
  private struct Scatter: Operator {
    static let name = "Scatter"

    init() {}
    init(reading _: inout AttributeReader) throws(Refusal) {}
    func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
      [TensorType](repeating: TensorType(.float32, [1]), count: inputs.first??.type.count ?? 0)
    }
    func kernel(for _: Site) throws(Refusal) -> Kernel { throw Refusal("is never run") }
  }

  @Test func numbersOfOutputsThatChange() throws {
    var graph = Graph(name: "scatter")
    let x = graph.addInput("x", TensorType(.float32, [3]))
    let parts = try graph.add(Scatter(), name: "parts", inputs: [x])
    #expect(parts.map { graph[$0].name } == ["parts_out0", "parts_out1", "parts_out2"])
    for part in parts { graph.addOutput(part) }
    try Verifier.check(graph)
    graph.setType(x, TensorType(.float32, [2]))
    #expect(throws: Refusal.self) { try Verifier.check(graph) }
    do throws(Refusal) { try Verifier.check(graph) } catch {
      #expect("\(error)" == "node parts (Scatter): has the wrong number of outputs")
    }
    // An edit does not bring it about: it is refused before anything is changed.
    let id = try #require(graph.producer(of: parts[0])).id
    #expect(throws: Refusal.self) { try graph.update(id, op: Scatter(), inputs: [x]) }
    do throws(Refusal) { try graph.update(id, op: Scatter(), inputs: [x]) } catch {
      #expect("\(error)" == "Scatter has 2 outputs where Scatter had 3")
    }
  }

  /// One of several outputs cannot be made a constant where it is: its node goes on producing it.
  @Test func constantsThatAreProduced() throws {
    var chain = try Chain()
    let parts = try chain.graph.add(
      Split(axis: 1, sizes: [1, 3]), name: "split", inputs: [chain.b], outputNames: ["left", "right"])
    for part in parts { chain.graph.addOutput(part) }
    #expect(chain.refusal() == nil)
    chain.graph.setConstant(parts[1], Tensor([Float](repeating: 0, count: 3), shape: [1, 3]))
    #expect(chain.refusal() == "node split (Split): output right has another producer")
  }

  @Test func outputsOfErasedNodes() throws {
    var chain = try Chain()
    chain.graph.erase(try chain.node(chain.b))
    #expect(chain.refusal() == "node b (output): is not produced by any node")
  }
}
