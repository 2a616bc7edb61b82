import IR
import Math
import Operators
import Tensors

/// Makes an IR graph of a file for one batch size. Constants are folded on the way.
///
/// Images are [N, H, W, C] in the file and [N, C, H, W] to the operators on them. Each tensor is had in either order
/// (`TensorValue`), and what does not care stays in the order its operands are in, so that transposes are left only
/// where the file itself leaves images: at the inputs, where they name the same memory, and before Reshape.
final class GraphImporter {
  let model: ModelFile
  let constants: ConstantStore
  private(set) var graph: Graph

  private let binding: InputBinding
  private var values: [Int: TensorValue] = [:]
  private let modelOutputs: Set<Int>

  init(_ model: ModelFile, constants: ConstantStore, binding: InputBinding) {
    self.model = model
    self.constants = constants
    self.binding = binding
    graph = Graph(name: "")
    modelOutputs = Set(model.outputs)
  }

  func run(_ nodes: [OperatorRecord]) throws(Refusal) {
    for index in model.inputs { try addInput(index) }
    for node in nodes {
      do throws(Refusal) { try importNode(node) } catch {
        throw error.at(Refusal.Place(node: node.name, op: node.type))
      }
    }
    guard !model.outputs.isEmpty else { throw Refusal("the graph has no outputs") }
    for index in model.outputs { try addOutput(index) }
  }

  /// An input of integers that stand for real numbers is those numbers to the user, and quantized first of all.
  private func addInput(_ index: Int) throws(Refusal) {
    let record = model.tensors[index]
    let shape = try binding.shape(of: record)
    let type: TensorType
    let quantization: Quantization?
    do throws(Refusal) {
      (type, quantization) = try numbers(of: record, shape)
    } catch {
      throw error.about("input \(printable(record.name))")
    }
    guard values[index] == nil else { throw Refusal("input \(printable(record.name)) is there twice") }
    let id = graph.addInput(record.name, type)
    var symbol = Symbol(record.name, type, id: id)
    if let quantization {
      symbol = try add(QuantizeLinear(quantization), name: "\(record.name)/quantized", inputs: [symbol])[0]
    }
    values[index] = TensorValue(index, record.name, symbol.type, (symbol, .stored))
  }

  /// The type a computed tensor has to all that read it, and how it is quantized.
  func numbers(of record: TensorRecord, _ shape: [Int]) throws(Refusal) -> (TensorType, Quantization?) {
    let kind = try record.kind()
    if kind.element != .float32, let scaling = try record.scaling() {
      return (TensorType(.float32, shape), try scaling.activation(kind))
    }
    guard let element = kind.element else { throw Refusal("\(kind) without a scale is not supported") }
    return (TensorType(element, shape), nil)
  }

  private func addOutput(_ index: Int) throws(Refusal) {
    let record = model.tensors[index]
    guard let value = try value(index) else {
      throw Refusal("output \(printable(record.name)) is not produced by any operator")
    }
    var symbol = try symbol(of: value, .stored)
    if symbol.constant == nil, graph.inputs.contains(where: { $0 == symbol.value(in: &graph) }) {
      symbol = try add(Unary(.identity), name: record.name, inputs: [symbol])[0]
    }
    guard let id = symbol.value(in: &graph) else {
      throw Refusal("output \(printable(record.name)) has no value")
    }
    graph.addOutput(id)
  }

  /// The name an output of the model must end with, where a value in that order is one.
  func outputName(of index: Int, _ order: AxisOrder) -> String? {
    order == .stored && modelOutputs.contains(index) ? model.tensors[index].name : nil
  }

  func isModelOutput(_ index: Int) -> Bool { modelOutputs.contains(index) }

  private func importNode(_ record: OperatorRecord) throws(Refusal) {
    guard let reader = TFLiteFamilies.readers[record.type] else {
      throw Refusal("operator \(record.type) is not supported")
    }
    var inputs: [TensorValue?] = []
    for index in record.inputs {
      guard let index else {
        inputs.append(nil)
        continue
      }
      guard let value = try value(index) else {
        throw Refusal("input \(printable(model.tensors[index].name)) is not produced by any operator before it")
      }
      inputs.append(value)
    }
    var node = NodeImport(record, inputs: inputs, importer: self)
    let outputs = try reader(&node)
    guard outputs.count >= record.outputs.count else {
      throw Refusal("has \(record.outputs.count) outputs, expected at most \(outputs.count)")
    }
    for (index, output) in zip(record.outputs, outputs) {
      guard values[index] == nil else {
        throw Refusal("output \(printable(model.tensors[index].name)) is produced twice")
      }
      values[index] = output
    }
  }

  /// What a tensor stands for; nil for one that nothing has produced.
  private func value(_ index: Int) throws(Refusal) -> TensorValue? {
    if let value = values[index] { return value }
    let record = model.tensors[index]
    guard try model.bytes(of: record) != nil else {
      guard !record.isVariable else { throw Refusal("tensor \(printable(record.name)) is a variable, not supported") }
      return nil
    }
    // Integers that are quantized have a type of their own only once they are read.
    let kind = try record.kind()
    let isScaled = try record.isScaled()
    let isReal = kind.element == .float32 || isScaled
    let element = isReal ? ElementType.float32 : kind.element ?? .int32
    let value = TensorValue(index, record.name, TensorType(element, record.shape), nil)
    values[index] = value
    return value
  }

  // MARK: Adding nodes

  /// Adds an operator, or computes it at once when all its inputs are constant. Its outputs are named like it, or as
  /// given.
  func add(
    _ op: any Operator, name: String, inputs: [Symbol?], outputNames: [String]? = nil, origin: String? = nil
  ) throws(Refusal) -> [Symbol] {
    try op.check()
    guard graph.nodeCount < Limits.nodes else {
      throw Refusal("the graph would have more than \(Limits.nodes) nodes", remedy: Refusal.limitRemedy)
    }
    let names = outputNames ?? [name]
    let tensors = inputs.map { $0?.constant }
    if zip(inputs, tensors).allSatisfy({ $0 == nil || $1 != nil }) {
      return try foldConstants(op, inputs: tensors, spend: constants.spend).enumerated().map { index, tensor in
        Symbol(index < names.count ? names[index] : "\(name)_out\(index)", constant: tensor)
      }
    }
    let ids = inputs.map { $0?.value(in: &graph) }
    let outputs = try graph.add(
      op, name: name, inputs: ids, outputNames: names, origins: origin.map { [$0] } ?? [name])
    return outputs.map { Symbol(graph[$0].name, graph.type(of: $0), id: $0) }
  }
}
