import IR
import Tensors
import Testing

@testable import ONNX

/// Models with more in them than any image classifier has are refused in one line, before much is made of them.
@Suite struct LimitTests {
  private func refusal(_ build: (inout TestModel) -> Void) throws -> String {
    var model = TestModel()
    model.input("x", [1, 4])
    build(&model)
    model.output("y")
    let error = try #require(throws: Refusal.self) { try model.read() }
    return "\(error.reason); \(error.remedy ?? "")"
  }

  private let remedy = "no image classifier is as large: check where the file comes from"

  @Test func nodes() throws {
    let message = try refusal { model in
      for index in 0..<Limits.nodes + 1 { model.node("Relu", [index == 0 ? "x" : "v\(index)"], ["v\(index + 1)"]) }
    }
    #expect(message == "has more than 65536 nodes; \(remedy)")
  }

  /// A Sum is an addition for each input after the first.
  @Test func nodesThatOneBecomes() throws {
    let message = try refusal { model in
      model.node("Sum", [String](repeating: "x", count: Limits.nodes + 2), ["y"])
    }
    #expect(message == "the graph would have more than 65536 nodes; \(remedy)")
  }

  @Test func inputsOfNodes() throws {
    let most = try refusal { model in
      model.node("Concat", [String](repeating: "x", count: Limits.connections), ["y"], ["axis": .int(1)])
    }
    #expect(most.hasPrefix("the nodes up to the one at byte "))
    #expect(most.hasSuffix(" have more than 262144 inputs and outputs; \(remedy)"))
    // Together they count, too.
    let together = try refusal { model in
      for index in 0..<3 {
        model.node("Concat", [String](repeating: "x", count: 90_000), ["v\(index)"], ["axis": .int(1)])
      }
    }
    #expect(together.hasSuffix(" have more than 262144 inputs and outputs; \(remedy)"))
  }

  @Test func names() throws {
    let long = String(repeating: "n", count: Limits.nameBytes + 1)
    let builds: [(inout TestModel) -> Void] = [
      { $0.node("Relu", ["x"], ["y"], name: long) }, { $0.node("Relu", ["x"], [long]) },
      { $0.node("Relu", [long], ["y"]) }, { $0.node(long, ["x"], ["y"]) }, { $0.input(long, [1]) },
      { $0.initializer(long, Tensor([Float(1)])) },
    ]
    for build in builds {
      let message = try refusal(build)
      #expect(message.hasPrefix("a name at byte "))
      #expect(message.hasSuffix(" has 4097 bytes, more than 4096; \(remedy)"))
    }
    var model = TestModel()
    model.input("x", [1, 4])
    model.node("Relu", ["x"], ["y"], name: String(long.dropLast()))
    model.output("y")
    #expect(try model.read().graph.nodesInOrder()[0].name.count == Limits.nameBytes)
  }

  /// Messages within messages take a hundred times their bytes when they are decoded.
  @Test func messagesThatGrow() throws {
    let message = try refusal { model in
      model.graph.message(1) { node in
        node.string(1, "x")
        node.string(2, "y")
        node.string(4, "Relu")
        for _ in 0..<600_000 { node.message(5) { _ in } }
      }
    }
    #expect(message.hasSuffix("cannot be decoded; the file is damaged"))
  }

  /// Whole networks are published with weights of one repeated number each: many bytes, whose shapes stand in the file.
  @Test func repeatedNumbers() throws {
    func message(extent: Int64) throws -> String? {
      var model = TestModel()
      model.input("x", [1, 4])
      model.initializer("shape", Tensor([extent, 1 << 20]))
      model.node("ConstantOfShape", ["shape"], ["c"])
      model.node("ReduceMax", ["c"], ["m"])
      model.node("Add", ["x", "m"], ["y"])
      model.output("y")
      return try model.refusal()
    }
    #expect(try message(extent: 20) == nil)
    #expect(
      try message(extent: 257)?.contains(
        "constant float32[257,1048576] is too large: 1077936128 bytes of repeated numbers, at most 1073741824") == true)
  }

  /// A constant joined with itself again and again: a kilobyte that would become as many bytes as there are.
  @Test(arguments: [true, false]) func constantsThatGrow(isInitializer: Bool) throws {
    let message = try refusal { model in
      if isInitializer {
        model.initializer("c0", Tensor([Float](repeating: 1, count: 64)))
      } else {
        model.node("Constant", [], ["c0"], ["value": .tensor(Tensor([Float](repeating: 1, count: 64)))])
      }
      for index in 0..<24 { model.node("Concat", ["c\(index)", "c\(index)"], ["c\(index + 1)"], ["axis": .int(0)]) }
      model.node("ReduceMax", ["c24"], ["m"])
      model.node("Add", ["x", "m"], ["y"])
    }
    #expect(message.contains("is too large: "))
    #expect(message.contains(" bytes of constants would be computed from "))
  }
}
