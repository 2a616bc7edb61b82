import IR
import Operators
import Tensors

/// Makes an IR graph of a model for one batch size. Constants are folded on the way.
final class GraphImporter {
  let model: ModelFile
  let opset: Int
  var graph: Graph
  /// Names of the model's outputs.
  let modelOutputs: Set<String>

  private let initializers: Initializers
  private let memo: FoldMemo
  private let binding: InputBinding
  private let checksWeights: Bool
  private var symbols: [String: Symbol] = [:]
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
    graph = Graph(name: model.graphName)
    modelOutputs = Set(model.outputs.map(\.name))
  }

  func run(_ nodes: [NodeRecord]) throws(Refusal) {
    do throws(Refusal) {
      try addInputs()
      nameOutputs(nodes)
      for node in nodes {
        do throws(Refusal) { try importNode(node) } catch {
          throw error.at(Refusal.Place(node: node.name, op: node.opType, opset: opset))
        }
      }
      try addOutputs()
    } catch {
      throw error.of(file: model.file.path)
    }
  }

  private func addInputs() throws(Refusal) {
    for input in model.inputs where !initializers.contains(input.name) {
      let type = try binding.type(of: input)
      let id = graph.addInput(input.name, type)
      symbols[input.name] = Symbol(input.name, type, id: id)
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
    guard !model.outputs.isEmpty else { throw Refusal("the graph has no outputs") }
    for output in model.outputs {
      guard let symbol = try symbol(output.name), let id = symbol.value(in: &graph) else {
        throw Refusal("output \(printable(output.name)) is not produced by any node")
      }
      graph.addOutput(id)
    }
  }

  private func importNode(_ record: NodeRecord) throws(Refusal) {
    guard let reader = ONNXFamilies.readers[record.opType] else {
      throw Refusal("operator \(record.opType) is not supported")
    }
    var inputs: [Symbol?] = []
    for name in record.inputs {
      guard !name.isEmpty else {
        inputs.append(nil)
        continue
      }
      guard let symbol = try symbol(name) else {
        throw Refusal("input \(printable(name)) is not produced by any node before it")
      }
      inputs.append(symbol)
    }
    var node = NodeImport(record, inputs: inputs, importer: self)
    let outputs = try reader(&node)
    try node.finish()
    for (index, name) in record.outputs.enumerated() where !name.isEmpty {
      guard index < outputs.count else {
        throw Refusal("output \(index) (\(printable(name))) of \(record.opType) is not supported")
      }
      guard symbols[name] == nil else { throw Refusal("output \(printable(name)) is produced twice") }
      symbols[name] = outputs[index]
    }
  }

  private func symbol(_ name: String) throws(Refusal) -> Symbol? {
    if let symbol = symbols[name] { return symbol }
    guard let tensor = try initializers.tensor(name) else { return nil }
    let symbol = Symbol(name, constant: tensor)
    symbols[name] = symbol
    return symbol
  }

  // MARK: Adding nodes

  /// Adds an operator, or computes it at once when all its inputs are constant.
  func add(
    _ op: any Operator, name: String, inputs: [Symbol?], outputNames names: [String], origin: String
  ) throws(Refusal) -> [Symbol] {
    guard graph.nodeCount < Limits.nodes else {
      throw Refusal("the graph would have more than \(Limits.nodes) nodes", remedy: Messages.limitRemedy)
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
    let types = try op.inferTypes(inputs.map { tensor in tensor.map { Operand($0) } })
    if op is Reshape, let tensor = inputs.first.flatMap(\.self), let result = tensor.reshaped(types[0].shape) {
      // Moves nothing, so weights stay in the mapped file.
      return [result]
    }
    for type in types { try spend(type, isFilled: op is ConstantOfShape) }
    let outputs = try evaluateConstants(op, inputs: inputs)
    memo.record(foldCount, op, inputs, outputs)
    return outputs
  }

  /// Folding may make large tensors of small ones.
  private func spend(_ type: TensorType, isFilled: Bool) throws(Refusal) {
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

  /// A constant that a node carries itself.
  func check(weights tensor: Tensor) throws(Refusal) {
    if checksWeights { try checkFinite(tensor) }
  }
}
