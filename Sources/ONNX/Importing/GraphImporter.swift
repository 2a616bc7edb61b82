import IR
import Operators
import Tensors

/// A branch or body of control flow, in order and without what nothing reads.
struct InnerGraph {
  let record: GraphRecord
  let nodes: [NodeRecord]
  let initializers: Initializers
}

/// Makes an IR graph of a model for one batch size. Constants are folded on the way.
final class GraphImporter {
  let model: ModelFile
  let opset: Int
  var graph: Graph
  /// Names of the model's outputs.
  let modelOutputs: Set<String>

  private struct Scope {
    var symbols: [String: Symbol] = [:]
    let initializers: Initializers
  }

  private let initializers: Initializers
  private let memo: FoldMemo
  private let binding: InputBinding
  private let checksWeights: Bool
  /// What names stand for: those of the model, then those of graphs within it that are being imported, the innermost
  /// last.
  private var scopes: [Scope]
  private var problems = Problems()
  /// Graphs that nodes hold, by their identity.
  private var innerGraphs: [Int: InnerGraph] = [:]
  private var innerSize = 0
  private var sequenceSize = 0
  private var nameBytes = 0
  private var foldCount = 0
  private var foldedBytes = 0
  private var filledBytes = 0
  /// What graph outputs are called that only hand on another value.
  private var outputNames: [String: String] = [:]

  init(
    _ model: ModelFile, opset: Int, initializers: Initializers, memo: FoldMemo, binding: InputBinding,
    checksWeights: Bool
  ) {
    self.model = model
    self.opset = opset
    self.initializers = initializers
    self.memo = memo
    self.binding = binding
    self.checksWeights = checksWeights
    scopes = [Scope(initializers: initializers)]
    graph = Graph(name: model.graph.name)
    modelOutputs = Set(model.graph.outputs.map(\.name))
  }

  /// Imports the nodes, and says of all that cannot be read why.
  func run(_ nodes: [NodeRecord]) throws(Refusal) {
    try addInputs()
    nameOutputs(nodes)
    for node in nodes {
      if problems.reach(node) { continue }
      do throws(Refusal) {
        try importNode(node)
      } catch {
        problems.add(error, of: node, unknown: node.outputs.filter { scopes[0].symbols[$0] == nil })
      }
    }
    if let refusal = problems.refusal { throw refusal }
    try addOutputs()
  }

  private func addInputs() throws(Refusal) {
    for input in model.graph.inputs where !initializers.contains(input.name) {
      let type = try binding.type(of: input)
      let id = graph.addInput(input.name, type)
      scopes[0].symbols[input.name] = Symbol(input.name, type, id: id)
    }
  }

  private func nameOutputs(_ nodes: [NodeRecord]) {
    for node in nodes.reversed() where Identities.readers[node.opType] != nil {
      guard let input = node.inputs.first, let output = node.outputs.first, !modelOutputs.contains(input) else {
        continue
      }
      if modelOutputs.contains(output) {
        outputNames[input] = output
      } else if let name = outputNames[output] {
        outputNames[input] = name
      }
    }
  }

  private func addOutputs() throws(Refusal) {
    guard !model.graph.outputs.isEmpty else { throw Refusal("the graph has no outputs") }
    for output in model.graph.outputs {
      guard let symbol = try symbol(output.name) else {
        throw Refusal("output \(printable(output.name)) is not produced by any node")
      }
      guard var id = symbol.value(in: &graph) else {
        throw Refusal(
          "output \(printable(output.name)) is a sequence of tensors, expected a tensor",
          remedy: "export the model with tensors as outputs")
      }
      if graph[id].name != output.name {
        if graph.isInput(id) || graph.isOutput(id) {
          // What has a name from outside already gets another one by a node that changes nothing.
          id = try graph.add(
            Reshape(shape: symbol.shape), name: output.name, inputs: [id], outputNames: [output.name],
            origins: [output.name])[0]
        } else {
          graph.rename(id, to: output.name)
        }
      }
      graph.addOutput(id)
    }
  }

  private func importNode(_ record: NodeRecord) throws(Refusal) {
    let place = Refusal.Place(node: record.name, op: record.opType, opset: record.opset ?? opset)
    do throws(Refusal) {
      guard let reader = ONNXFamilies.reader(of: record) else {
        throw Refusal("operator \(record.opType) is not supported")
      }
      var node = NodeImport(record, inputs: try inputs(of: record), importer: self)
      let outputs: [Symbol]
      do throws(Refusal) { outputs = try reader(&node) } catch { throw node.refusal(with: error) }
      for (index, name) in record.outputs.enumerated() where !name.isEmpty {
        guard index < outputs.count else {
          guard record.readOutputs.contains(index) else { continue }
          throw Refusal("output \(index) (\(printable(name))) of \(record.opType) is not supported")
        }
        guard scopes[scopes.count - 1].symbols[name] == nil else {
          throw Refusal("output \(printable(name)) is produced twice")
        }
        scopes[scopes.count - 1].symbols[name] = outputs[index]
      }
      // The outputs stand: what else is wrong in the model can be found.
      try node.finish()
    } catch {
      throw error.place == nil ? error.at(place) : error
    }
  }

  private func inputs(of record: NodeRecord) throws(Refusal) -> [Symbol?] {
    var inputs: [Symbol?] = []
    for name in record.inputs {
      guard !name.isEmpty else {
        inputs.append(nil)
        continue
      }
      guard let symbol = try symbol(name) else {
        throw Refusal("input \(printable(name)) is not produced by any node")
      }
      guard symbol.elements == nil || ONNXFamilies.takeSequences.contains(record.opType) else {
        throw Refusal("input \(printable(name)) is a sequence of tensors, expected a tensor")
      }
      inputs.append(symbol)
    }
    return inputs
  }

  private func symbol(_ name: String) throws(Refusal) -> Symbol? {
    for index in scopes.indices.reversed() {
      if let symbol = scopes[index].symbols[name] { return symbol }
      guard let tensor = try scopes[index].initializers.tensor(name) else { continue }
      let symbol = Symbol(name, constant: tensor)
      scopes[index].symbols[name] = symbol
      return symbol
    }
    return nil
  }

  // MARK: Graphs within the model

  /// A graph that a node holds, made ready to be imported any number of times.
  func inner(_ graph: GraphRecord) throws(Refusal) -> InnerGraph {
    if let known = innerGraphs[graph.identity] { return known }
    let nodes = try NodeOrder.live(graph.nodes, outputs: graph.outputs.map(\.name))
    try ONNXReader.checkOperators(nodes, model, opset)
    let inner = InnerGraph(record: graph, nodes: nodes, initializers: Initializers(graph, like: initializers))
    innerGraphs[graph.identity] = inner
    return inner
  }

  /// Imports a graph that a node holds, for what its inputs are; returns its outputs.
  ///
  /// - Parameter prefix: put before the names of its nodes
  func run(_ inner: InnerGraph, _ arguments: [Symbol], prefix: String) throws(Refusal) -> [Symbol] {
    guard arguments.count == inner.record.inputs.count else {
      throw Refusal("its graph has \(inner.record.inputs.count) inputs, expected \(arguments.count)")
    }
    var scope = Scope(initializers: inner.initializers)
    for (input, argument) in zip(inner.record.inputs, arguments) { scope.symbols[input.name] = argument }
    scopes.append(scope)
    defer { scopes.removeLast() }
    innerSize += 1 + inner.nodes.count + inner.record.outputs.count
    guard innerSize <= Limits.values else {
      throw Refusal(
        "control flow becomes more than \(Limits.values) nodes and values", remedy: "export the model without loops")
    }
    for node in inner.nodes {
      var named = node
      named.name = "\(prefix)/\(node.name)"
      nameBytes += named.name.utf8.count
      guard nameBytes <= Limits.madeNameBytes else {
        throw Refusal(
          "control flow needs more than \(Limits.madeNameBytes) bytes of names", remedy: Refusal.limitRemedy)
      }
      try importNode(named)
    }
    var outputs: [Symbol] = []
    for output in inner.record.outputs {
      guard let symbol = try symbol(output.name) else {
        throw Refusal("output \(printable(output.name)) of its graph is not produced by any node")
      }
      outputs.append(symbol)
    }
    return outputs
  }

  // MARK: Adding nodes

  /// Adds an operator, or computes it at once when all its inputs are constant.
  func add(
    _ op: any Operator, name: String, inputs: [Symbol?], outputNames names: [String], origin: String
  ) throws(Refusal) -> [Symbol] {
    guard graph.nodeCount < Limits.nodes else {
      throw Refusal("the graph would have more than \(Limits.nodes) nodes", remedy: Refusal.limitRemedy)
    }
    let tensors = inputs.map { $0?.constant }
    if zip(inputs, tensors).allSatisfy({ $0 == nil || $1 != nil }) {
      return try fold(op, tensors).enumerated().map { index, tensor in
        Symbol(index < names.count ? names[index] : "\(name)_out\(index)", constant: tensor)
      }
    }
    let ids = inputs.map { $0?.value(in: &graph) }
    let outputs = try graph.add(
      op, name: name, inputs: ids, outputNames: names.map { outputNames[$0] ?? $0 }, origins: [origin])
    return outputs.map { Symbol(graph[$0].name, graph.type(of: $0), id: $0) }
  }

  private func fold(_ op: any Operator, _ inputs: [Tensor?]) throws(Refusal) -> [Tensor] {
    foldCount += 1
    if let known = memo.outputs(foldCount, op, inputs) { return known }
    let outputs = try foldConstants(op, inputs: inputs) { (type) throws(Refusal) in
      try spend(type, isFilled: op is ConstantOfShape)
    }
    memo.record(foldCount, op, inputs, outputs)
    return outputs
  }

  /// Folding may make large tensors of small ones.
  func spend(_ type: TensorType, isFilled: Bool) throws(Refusal) {
    guard !isFilled else {
      filledBytes += type.byteCount
      guard filledBytes <= Limits.filledBytes else {
        throw Refusal(
          "constant \(type) is too large: \(filledBytes) bytes of repeated numbers, at most \(Limits.filledBytes)")
      }
      return
    }
    foldedBytes += type.byteCount
    let given = model.file.count + initializers.byteCount
    guard foldedBytes <= Limits.foldedBytes(from: given) else {
      throw Refusal(
        "constant \(type) is too large: \(foldedBytes) bytes of constants would be computed from \(given)")
    }
  }

  /// Sequences that are made of others hold all their tensors.
  func spend(sequenceOf count: Int) throws(Refusal) {
    sequenceSize += count
    guard sequenceSize <= Limits.sequenceElements else {
      throw Refusal("sequences hold more than \(Limits.sequenceElements) tensors", remedy: Refusal.limitRemedy)
    }
  }

  /// A sparse tensor that a node carries itself.
  func tensor(_ record: SparseTensorRecord) throws(Refusal) -> Tensor {
    try spend(record.type(), isFilled: true)
    return try record.tensor(model.file, external: nil)
  }

  /// A constant that a node carries itself.
  func check(weights tensor: Tensor) throws(Refusal) {
    if checksWeights { try tensor.checkFinite() }
  }
}
