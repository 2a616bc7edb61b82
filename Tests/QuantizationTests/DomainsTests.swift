import IR
import Math
import Operators
import Tensors
import Testing

@testable import Quantization

/// Who wants int8, looking backwards, and who can give it, looking forwards.
@Suite struct DomainsTests {
  /// The nodes that run in int8, and the values that are stored in it.
  private func domains(_ model: Model) -> (nodes: [String], values: [String]) {
    let order = model.graph.nodesInOrder()
    let domains = Domains(model.graph, order: order)
    return (
      order.filter { domains.isInt8($0) }.map(\.name),
      model.graph.valueIDs.filter { domains.isInt8($0) }.map { model.graph[$0].name }
    )
  }

  @Test func layersWithWeightsRunInInt8WhoeverIsAround() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let soft = try model.add("soft", Softmax(axis: 1), x)
    let conv = try model.conv("conv", soft)
    model.graph.addOutput(try model.add("last", Softmax(axis: 1), conv))
    let (nodes, values) = domains(model)
    // What comes before stays float, and nobody wants the result in int8.
    #expect(nodes == ["conv"] && values.isEmpty)
  }

  /// Wishes go back through everything with an int8 form to the layer that can fulfil them.
  @Test func wishesGoBack() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let a = try model.conv("a", x)
    let tanh = try model.add("tanh", Unary(.tanh), a)
    let pool = try model.add("pool", MaxPool(window: Window(kernel: [2, 2])), tanh)
    let sum = try model.add("sum", Binary(.add), pool, pool)
    let b = try model.conv("b", sum)
    model.graph.addOutput(b)
    let (nodes, values) = domains(model)
    #expect(nodes == ["a", "tanh", "pool", "sum", "b"] && values == ["a", "tanh", "pool", "sum"])
  }

  /// What nothing int8 feeds does not begin to be int8 by a wish alone: the layer itself quantizes what it is given.
  @Test func wishesEndWhereNothingIsInt8() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let relu = try model.add("relu", Unary(.relu), x)
    let turned = try model.add("turned", Transpose(perm: [0, 1, 3, 2]), relu)
    model.graph.addOutput(try model.conv("last", turned))
    let (nodes, values) = domains(model)
    #expect(nodes == ["last"] && values.isEmpty)
  }

  /// One int8 operand of two is enough to join.
  @Test func oneOperandFeeds() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let a = try model.conv("a", x)
    let sum = try model.add("sum", Binary(.add), x, a)
    model.graph.addOutput(try model.conv("last", sum))
    let (nodes, values) = domains(model)
    #expect(nodes == ["a", "sum", "last"] && values == ["a", "sum"])
  }

  /// After the last layer nobody wants int8, whatever has a form.
  @Test func theEndStaysFloat() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let a = try model.conv("a", x)
    let b = try model.conv("b", a)
    let relu = try model.add("relu", Unary(.relu), b)
    let pool = try model.add("pool", GlobalAveragePool(), relu)
    model.graph.addOutput(try model.add("flat", Reshape(shape: [1, 2]), pool))
    let (nodes, values) = domains(model)
    #expect(nodes == ["a", "b"] && values == ["a"])
  }

  /// A float operator in the middle ends the wish before it; what branches off beside it keeps its own.
  @Test func wishesDoNotPassFloatOperators() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let a = try model.conv("a", x)
    let relu = try model.add("relu", Unary(.relu), a)
    let soft = try model.add("soft", Softmax(axis: 1), relu)
    let b = try model.conv("b", soft)
    let side = try model.add("side", Unary(.tanh), a)
    let c = try model.conv("c", side)
    model.graph.addOutput(try model.add("sum", Binary(.add), b, c))
    let (nodes, values) = domains(model)
    #expect(nodes == ["a", "b", "side", "c"] && values == ["a", "side"])
  }
}
