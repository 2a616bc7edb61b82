import IR
import Tensors

/// What a name of the ONNX graph stands for while it is imported: a constant, or a value of the IR graph.
///
/// A constant enters the IR graph only when a node that stays there uses it, so shape arithmetic leaves nothing behind.
final class Symbol {
  let name: String
  let type: TensorType
  let constant: Tensor?
  /// The tensors of a sequence, which has neither a type of its own nor a value.
  let elements: [Symbol]?
  /// The value in the IR graph; nil as long as a constant is not needed there.
  private(set) var id: ValueID?

  init(_ name: String, _ type: TensorType, id: ValueID) {
    self.name = name
    self.type = type
    self.id = id
    constant = nil
    elements = nil
  }

  init(_ name: String, constant: Tensor) {
    self.name = name
    type = constant.type
    self.constant = constant
    elements = nil
  }

  init(_ name: String, elements: [Symbol]) {
    self.name = name
    type = TensorType(.float32, [])
    constant = nil
    self.elements = elements
  }

  var shape: [Int] { type.shape }
  var element: ElementType { type.element }

  func value(in graph: inout Graph) -> ValueID? {
    if id == nil, let constant { id = graph.addConstant(name, constant) }
    return id
  }
}

/// The initializers of a graph as constants, read once however often it is imported.
final class Initializers {
  private let file: MappedFile
  private let companions: ExternalData
  private let checksWeights: Bool
  private let byName: [String: TensorRecord]
  private let sparse: [String: SparseTensorRecord]
  private var read: [String: Tensor] = [:]
  private var refused: [String: Refusal] = [:]
  /// Bytes of the constants that were read.
  private(set) var byteCount = 0
  private var sparseBytes = 0

  init(_ model: ModelFile, checksWeights: Bool) {
    file = model.file
    self.checksWeights = checksWeights
    companions = ExternalData(modelPath: model.file.path)
    (byName, sparse) = Initializers.records(model.graph)
  }

  /// Those of a graph within the model of others.
  init(_ graph: GraphRecord, like outer: Initializers) {
    file = outer.file
    checksWeights = outer.checksWeights
    companions = outer.companions
    (byName, sparse) = Initializers.records(graph)
  }

  private static func records(
    _ graph: GraphRecord
  ) -> (byName: [String: TensorRecord], sparse: [String: SparseTensorRecord]) {
    (
      Dictionary(graph.initializers.map { ($0.name, $0) }) { _, last in last },
      Dictionary(graph.sparseInitializers.map { ($0.name, $0) }) { _, last in last }
    )
  }

  func contains(_ name: String) -> Bool { byName[name] != nil || sparse[name] != nil }

  /// The files beside the model that tensors were read from, in the order of their names.
  var companionFiles: [MappedFile] { companions.opened }

  func tensor(_ name: String) throws(Refusal) -> Tensor? {
    if let tensor = read[name] { return tensor }
    guard contains(name) else { return nil }
    if let known = refused[name] { throw known }
    do throws(Refusal) {
      let tensor: Tensor
      if let record = byName[name] {
        tensor = try record.tensor(file, external: companions)
      } else if let record = sparse[name] {
        tensor = try dense(record)
      } else {
        return nil
      }
      if checksWeights { try tensor.checkFinite() }
      read[name] = tensor
      byteCount += tensor.type.byteCount
      return tensor
    } catch {
      let refusal = error.about("initializer \(printable(name))")
      refused[name] = refusal
      throw refusal
    }
  }

  /// A few bytes may stand for many zeros.
  private func dense(_ record: SparseTensorRecord) throws(Refusal) -> Tensor {
    sparseBytes += try record.type().byteCount
    guard sparseBytes <= Limits.filledBytes else {
      throw Refusal("sparse tensors become \(sparseBytes) bytes, at most \(Limits.filledBytes)")
    }
    return try record.tensor(file, external: companions)
  }
}

/// Results of constant folding in one import, for the next import of the same model.
final class FoldMemo {
  private struct Entry {
    let op: any Operator
    let inputs: [Tensor?]
    let outputs: [Tensor]
  }

  private var entries: [Int: Entry] = [:]

  /// What the n-th folded node gave, when it had the same operator and the very same inputs.
  func outputs(_ index: Int, _ op: any Operator, _ inputs: [Tensor?]) -> [Tensor]? {
    guard let entry = entries[index], entry.inputs.count == inputs.count, entry.op.isEqual(to: op) else { return nil }
    for (known, given) in zip(entry.inputs, inputs) {
      guard known?.buffer === given?.buffer, known?.type == given?.type else { return nil }
    }
    return entry.outputs
  }

  func record(_ index: Int, _ op: any Operator, _ inputs: [Tensor?], _ outputs: [Tensor]) {
    entries[index] = Entry(op: op, inputs: inputs, outputs: outputs)
  }
}
