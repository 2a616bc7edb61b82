import IR
import Math
import Operators
import Tensors
import Testing

/// y = x + x, z = concat(y, x, y), two outputs.
private func shared() throws -> (graph: Graph, x: ValueID, y: ValueID, z: ValueID) {
  var graph = Graph(name: "shared")
  let x = graph.addInput("x", TensorType(.float32, [1, 2]))
  let y = try graph.add(Binary(.add), name: "y", inputs: [x, x], outputNames: ["y"], origins: ["first"])[0]
  let z = try graph.add(Concat(axis: 1), name: "z", inputs: [y, x, y], outputNames: ["z"])[0]
  graph.addOutput(z)
  graph.addOutput(y)
  return (graph, x, y, z)
}

/// Edits of a graph keep names, types, producers and uses right; those of an attempt can be taken back.
@Suite struct GraphTests {
  // MARK: Reading

  @Test func valuesKnowTheirReaders() throws {
    let (graph, x, y, z) = try shared()
    #expect(graph[x].uses.count == 3 && graph[x].users.count == 2)
    #expect(graph[y].uses.count == 2 && graph[y].users == [graph[z].producer])
    #expect(graph.isOutput(y) && graph.isOutput(z) && graph.isInput(x) && !graph.isInput(y) && !graph.isOutput(x))
    #expect(graph.producer(of: x) == nil && graph.producer(of: z)?.name == "z")
    // Neither a value with two uses, though by one node, nor one that is an output has a sole user.
    #expect(graph.soleUser(of: x) == nil && graph.soleUser(of: y) == nil && graph.soleUser(of: z) == nil)
    #expect(graph.valueIDs == [x, y, z] && graph.nodeCount == 2)
    #expect(graph.operand(nil) == nil && graph.constant(nil) == nil && graph.constant(x) == nil)
  }

  @Test func soleUsers() throws {
    var (graph, x, _, z) = try shared()
    let a = try graph.add(Unary(.tanh), name: "a", inputs: [z])[0]
    // z is an output besides.
    #expect(graph.soleUser(of: z) == nil && !graph.isUsed(a))
    let b = try graph.add(Unary(.tanh), name: "b", inputs: [a])[0]
    #expect(graph.soleUser(of: a)?.name == "b" && graph.isUsed(a))
    graph.addOutput(a)
    #expect(graph.soleUser(of: a) == nil)
    graph.erase(try #require(graph[b].producer))
    #expect(graph.isUsed(a) && graph.soleUser(of: x) == nil)
  }

  @Test func constantsAreOperandsWithValues() throws {
    var graph = Graph(name: "test")
    let tensor = Tensor([Int64(2), 3])
    let c = graph.addConstant("c", tensor)
    #expect(graph.constant(c)?.isIdentical(to: tensor) == true)
    #expect(graph.operand(c)?.constant?.isIdentical(to: tensor) == true && graph.operand(c)?.shape == [2])
    #expect(graph.type(of: c) == TensorType(.int64, [2]) && !graph.isUsed(c))
    graph.removeUnusedConstants()
    // The value stays, so that its number does; its elements are gone.
    #expect(graph.constant(c) == nil && graph.valueIDs == [c])
  }

  /// Whatever order nodes are added and rewired in, each comes after those it reads; else as they were added.
  @Test func nodesComeAfterThoseTheyRead() throws {
    var graph = Graph(name: "test")
    let x = graph.addInput("x", TensorType(.float32, [1]))
    let a = try graph.add(Unary(.abs), name: "a", inputs: [x])[0]
    let b = try graph.add(Unary(.neg), name: "b", inputs: [x])[0]
    let c = try graph.add(Binary(.add), name: "c", inputs: [a, b])[0]
    let d = try graph.add(Unary(.exp), name: "d", inputs: [x])[0]
    #expect(graph.nodesInOrder().map(\.name) == ["a", "b", "c", "d"])
    try graph.update(try #require(graph[a].producer), op: Unary(.abs), inputs: [d])
    #expect(graph.nodesInOrder().map(\.name) == ["d", "a", "b", "c"])
    graph.addOutput(c)
    try Verifier.check(graph)
  }

  // MARK: Building

  @Test func namesAreGivenOnce() throws {
    var graph = Graph(name: "test")
    let ids = [
      graph.addInput("a", TensorType(.float32, [1])), graph.addConstant("a", Tensor([Float(1)])),
      try graph.add(Unary(.abs), name: "a", inputs: [graph.addConstant("b", Tensor([Float(1)]))], outputNames: ["a"])[
        0],
      try graph.add(Unary(.abs), name: "node", inputs: [ValueID(0)])[0],
      try graph.add(Unary(.abs), name: "node", inputs: [ValueID(0)], outputNames: [""])[0],
    ]
    #expect(ids.map { graph[$0].name } == ["a", "a_2", "a_3", "node_out0", "node_out0_2"])
  }

  @Test func nodesThatAreRefusedLeaveNothing() throws {
    var (graph, x, _, _) = try shared()
    let before = graph.description
    let uses = graph[x].uses
    #expect(throws: Refusal.self) { try graph.add(Transpose(perm: [0, 1, 2]), name: "t", inputs: [x]) }
    #expect(graph.description == before && graph[x].uses == uses && graph.nodeCount == 2)
    #expect(graph.valueIDs.count == 3)
  }

  // MARK: Editing

  @Test func usesFollowEveryEdit() throws {
    var (graph, x, y, z) = try shared()
    let c = graph.addConstant("c", Tensor([Float(1), 2], shape: [1, 2]))
    graph.replaceUses(of: y, with: c)
    try Verifier.check(graph)
    #expect(graph[c].uses.count == 2 && graph[y].uses.isEmpty)
    #expect(graph.outputs == [z, c])
    // The output keeps its name.
    #expect(graph[c].name == "y" && graph[y].name == "c")
    let erased = try #require(graph[y].producer)
    graph.erase(erased)
    #expect(graph[x].uses.count == 1)
    #expect(graph.nodeCount == 1 && graph[y].producer == nil && graph[erased] == nil)
    let id = try #require(graph[z].producer)
    try graph.update(id, op: Concat(axis: 1), inputs: [c, c, c], origins: ["second"])
    try Verifier.check(graph)
    #expect(graph[x].uses.isEmpty && !graph.isUsed(x) && graph[c].uses.count == 3)
    #expect(graph[id]?.origins == ["second"])
    // Erasing again is nothing.
    graph.erase(erased)
    #expect(graph.nodeCount == 1 && graph[x].uses.isEmpty)
  }

  @Test func whatIsErasedDoesNotBecomeAnotherNode() async {
    await #expect(processExitsWith: .failure) {
      var (graph, x, y, _) = try shared()
      let id = try #require(graph[y].producer)
      graph.replaceUses(of: y, with: x)
      graph.erase(id)
      try graph.update(id, op: Unary(.abs), inputs: [x])
    }
  }

  /// Two names from outside stay: an input that becomes an output keeps its own, and so does another output.
  @Test func namesFromOutsideStay() throws {
    var (graph, x, y, z) = try shared()
    graph.replaceUses(of: y, with: x)
    #expect(graph.outputs == [z, x] && graph[x].name == "x" && graph[y].name == "y")
    #expect(graph.isOutput(x) && !graph.isOutput(y))
    try Verifier.check(graph)
    graph.replaceUses(of: x, with: z)
    #expect(graph.outputs == [z, z] && graph[z].name == "z" && graph[x].uses.count == 0)
    // The node now reads its own output.
    #expect(throws: Refusal.self) { try Verifier.check(graph) }
    graph.replaceUses(of: z, with: z)
    #expect(graph.outputs == [z, z])
  }

  @Test func outputsOfDeadNodesGo() throws {
    var (graph, _, y, z) = try shared()
    let a = try graph.add(Unary(.tanh), name: "a", inputs: [z])[0]
    try graph.add(Unary(.tanh), name: "b", inputs: [a])
    #expect(graph.removeDeadNodes() == 2)
    #expect(graph.nodesInOrder().map(\.name) == ["y", "z"])
    #expect(graph[z].uses.isEmpty && graph[y].uses.count == 2)
    #expect(graph.removeDeadNodes() == 0)
  }

  /// The only output of a node becomes a constant in its place, of whatever type.
  @Test func constantsTakeThePlaceOfNodes() throws {
    var (graph, x, y, z) = try shared()
    graph.setConstant(y, Tensor([Float(1), 2, 3, 4, 5, 6], shape: [1, 6]))
    #expect(graph.nodeCount == 1 && graph[x].uses.count == 1)
    #expect(throws: Refusal.self) { try Verifier.check(graph) }
    try graph.inferTypes()
    #expect(graph.type(of: z).shape == [1, 14])
    try Verifier.check(graph)
    #expect(graph.constant(y)?.floats() == [1, 2, 3, 4, 5, 6])
  }

  @Test func typesAreInferredFromTheInputs() throws {
    var (graph, x, _, z) = try shared()
    graph.setType(x, TensorType(.float32, [5, 3]))
    try graph.inferTypes()
    #expect(graph.type(of: z) == TensorType(.float32, [5, 9]))
    graph.setType(x, TensorType(.bool, [5, 3]))
    do throws(Refusal) {
      try graph.inferTypes()
      Issue.record("a sum of truth values is no type")
    } catch {
      #expect("\(error)" == "node y (Binary): add of bool is not supported")
    }
  }

  // MARK: Attempts

  @Test func takenBackAttemptsLeaveNothing() throws {
    var (graph, x, y, z) = try shared()
    let before = graph.description
    for fails in [false, true] {
      do {
        try graph.attempt { graph in
          let one = try graph.add(Unary(.tanh), name: "y", inputs: [x], outputNames: ["y"])[0]
          graph.replaceUses(of: y, with: one)
          graph.erase(try #require(graph[y].producer))
          graph.addOutput(graph.addConstant("c", Tensor([Float(1)])))
          graph.addInput("more", TensorType(.float32, [1]))
          graph.setType(z, TensorType(.float32, [9]))
          if fails { throw Refusal("no") }
          return false
        }
      } catch is Refusal {}
      try Verifier.check(graph)
      #expect(graph.description == before)
      #expect(graph.valueIDs.count == 3 && graph.nodeCount == 2 && graph.inputs == [x] && graph.outputs == [z, y])
    }
    // A name that was given back is given again.
    let again = graph.addConstant("y", Tensor([Float(1)]))
    #expect(graph[again].name == "y_2")
  }

  @Test func keptAttemptsStay() throws {
    var (graph, _, _, z) = try shared()
    try graph.attempt { graph in
      graph.erase(try #require(graph[z].producer))
      return true
    }
    #expect(graph.nodeCount == 1)
  }
}
