import IR
import Operators
import Tensors

/// The node being imported, as readers (`ONNXFamily`) see it: its attributes and inputs, and how to add operators of
/// the IR for it. All errors are `Refusal`s; the caller adds the place.
struct NodeImport {
  let record: NodeRecord
  private let symbols: [Symbol?]
  private let importer: GraphImporter
  private var attributes: AttributeReader
  /// What is wrong with attributes whose defaults were taken instead, to find what else is wrong.
  private var problems: [String] = []
  /// Attributes that are graphs or sparse tensors and were looked at.
  private var lookedAt: Set<String> = []

  init(_ record: NodeRecord, inputs: [Symbol?], importer: GraphImporter) {
    self.record = record
    symbols = inputs
    self.importer = importer
    attributes = AttributeReader(record.attributes.values)
  }

  var opset: Int { record.opset ?? importer.opset }
  var inputCount: Int { symbols.count }
  var outputCount: Int { record.outputs.count }

  /// Whether something may read an output.
  func usesOutput(_ index: Int) -> Bool { record.readOutputs.contains(index) }

  /// Whether an output is one of the model.
  func isModelOutput(_ index: Int) -> Bool {
    usesOutput(index) && importer.modelOutputs.contains(record.outputs[index])
  }

  /// Whether the numbers of an output are seen, not only what they stand for: integers, where it is quantized.
  func showsNumbers(_ index: Int) -> Bool { isModelOutput(index) || record.castOutputs.contains(index) }

  /// Fails when an attribute was given that the reader did not look at, or one whose value is not supported.
  func finish() throws(Refusal) {
    var all = problems
    let given = record.attributes
    var unknown = given.foreign + given.references.keys + given.graphs.keys + given.sparse.keys
    unknown.removeAll(where: lookedAt.contains)
    unknown += attributes.unread
    if !unknown.isEmpty {
      all.append("attribute \(printable(unknown.sorted().joined(separator: ", "))) is not supported")
    }
    guard all.isEmpty else { throw Refusal(all.joined(separator: "; ")) }
  }

  /// What the node is refused for, with what else is wrong with its attributes.
  func refusal(with error: Refusal) -> Refusal {
    guard !problems.isEmpty, error.place == nil else { return error }
    return Refusal((problems + [error.reason]).joined(separator: "; "), remedy: error.remedy)
  }

  // MARK: Attributes

  private mutating func read<Result>(
    _ body: (inout AttributeReader) throws(Refusal) -> Result
  ) throws(Refusal) -> Result {
    return try body(&attributes)
  }

  mutating func int(_ name: String, default fallback: Int? = nil) throws(Refusal) -> Int {
    try read { (reader) throws(Refusal) in try reader.int(name, default: fallback) }
  }

  mutating func bool(_ name: String, default fallback: Bool) throws(Refusal) -> Bool {
    try int(name, default: fallback ? 1 : 0) != 0
  }

  mutating func float(_ name: String, default fallback: Float? = nil) throws(Refusal) -> Float {
    try read { (reader) throws(Refusal) in try reader.float(name, default: fallback) }
  }

  mutating func string(_ name: String, default fallback: String? = nil) throws(Refusal) -> String {
    try read { (reader) throws(Refusal) in try reader.string(name, default: fallback) }
  }

  /// One of the cases of an enumeration of names.
  mutating func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, default fallback: Choice
  ) throws(Refusal) -> Choice where Choice.RawValue == String {
    do throws(Refusal) {
      return try read { (reader) throws(Refusal) in try reader.choice(name, default: fallback) }
    } catch {
      problems.append(error.reason)
      return fallback
    }
  }

  mutating func ints(_ name: String) throws(Refusal) -> [Int]? {
    try read { (reader) throws(Refusal) in try reader.ints(name) }
  }

  mutating func floats(_ name: String) throws(Refusal) -> [Float]? {
    try read { (reader) throws(Refusal) in try reader.floats(name) }
  }

  mutating func strings(_ name: String) throws(Refusal) -> [String]? {
    try read { (reader) throws(Refusal) in try reader.strings(name) }
  }

  mutating func tensor(_ name: String) throws(Refusal) -> Tensor? {
    try read { (reader) throws(Refusal) in try reader.tensor(name) }
  }

  /// A tensor that is stored by what of it is not zero.
  mutating func sparseTensor(_ name: String) throws(Refusal) -> Tensor? {
    guard let record = record.attributes.sparse[name] else { return nil }
    lookedAt.insert(name)
    return try importer.tensor(record)
  }

  /// A branch or body of control flow.
  mutating func graph(_ name: String) throws(Refusal) -> InnerGraph {
    lookedAt.insert(name)
    guard let graph = record.attributes.graphs[name] else { throw Refusal("attribute \(name) is missing") }
    return try importer.inner(graph)
  }

  /// Accepts a graph that is not needed.
  mutating func ignore(graph name: String) { lookedAt.insert(name) }

  mutating func has(_ name: String) -> Bool { attributes.has(name) }

  /// Accepts attributes that change nothing in inference.
  mutating func ignore(_ names: String...) {
    for name in names { attributes.ignore(name) }
  }

  /// Fails unless an attribute is absent or has the only value that is supported.
  mutating func expect(_ name: String, _ value: Int) throws(Refusal) {
    let given = try int(name, default: value)
    if given != value { problems.append("attribute \(name) is \(given), only \(value) is supported") }
  }

  mutating func expect(_ name: String, _ value: String) throws(Refusal) {
    let given = try string(name, default: value)
    if given != value {
      problems.append("attribute \(name) is \"\(printable(given))\", only \"\(value)\" is supported")
    }
  }

  // MARK: Inputs

  func input(_ index: Int, _ role: String) throws(Refusal) -> Symbol {
    guard let symbol = optional(index) else { throw Refusal("input \(index) (\(role)) is missing") }
    return symbol
  }

  func optional(_ index: Int) -> Symbol? { index < symbols.count ? symbols[index] : nil }

  /// The inputs, of which none may be left out.
  func allInputs() throws(Refusal) -> [Symbol] {
    guard !symbols.isEmpty else { throw Refusal("has no inputs") }
    var result: [Symbol] = []
    for index in symbols.indices { result.append(try input(index, "operand")) }
    return result
  }

  /// The value of an input that must be known when the model is read; nil when it is left out.
  func constant(_ index: Int, _ role: String) throws(Refusal) -> Tensor? {
    guard let symbol = optional(index) else { return nil }
    guard let constant = symbol.constant else {
      throw Refusal(
        "input \(index) (\(role)) is computed at run time, expected a constant",
        remedy: "export with fixed shapes, or simplify the model")
    }
    return constant
  }

  func ints(input index: Int, _ role: String) throws(Refusal) -> [Int]? {
    guard let tensor = try constant(index, role) else { return nil }
    guard let values = tensor.integers() else {
      throw Refusal("input \(index) (\(role)) is \(tensor.type), expected integers")
    }
    return values
  }

  mutating func floats(input index: Int, orAttribute name: String) throws(Refusal) -> [Float]? {
    if let values = try floats(name) { return values }
    return try floats(input: index, name)
  }

  func floats(input index: Int, _ role: String) throws(Refusal) -> [Float]? {
    guard let tensor = try constant(index, role) else { return nil }
    guard let values = tensor.floats() else {
      throw Refusal("input \(index) (\(role)) is \(tensor.type), expected floats")
    }
    return values
  }

  /// One number that newer opsets take as an input and older ones as an attribute; nil when it is left out.
  mutating func scalar(input index: Int, orAttribute name: String) throws(Refusal) -> Float? {
    if has(name) { return try float(name) }
    guard let tensor = try constant(index, name) else { return nil }
    guard tensor.count == 1, let value = tensor.doubles().first else {
      throw Refusal("input \(index) (\(name)) is \(tensor.type), expected one number")
    }
    return Float(value)
  }

  /// A list that newer opsets take as an input and older ones as an attribute.
  mutating func ints(input index: Int, orAttribute name: String) throws(Refusal) -> [Int]? {
    if let values = try ints(name) { return values }
    return try ints(input: index, name)
  }

  func axis(_ axis: Int, rank: Int) throws(Refusal) -> Int {
    return try normalizedAxis(axis, rank: rank)
  }

  // MARK: Adding operators

  /// Adds the operator that computes the node's outputs.
  func add(_ op: some Operator, _ inputs: [Symbol?]) throws(Refusal) -> [Symbol] {
    try check(op)
    return try addChecked(op, inputs)
  }

  /// Adds the operator that computes the node's outputs where ONNX has its attributes under the same names. Takes all
  /// inputs, of which none may be left out, unless others are given.
  mutating func add<Op: Operator>(reading _: Op.Type, _ inputs: [Symbol?]? = nil) throws(Refusal) -> [Symbol] {
    let op = try read { (reader) throws(Refusal) in try Op(reading: &reader) }
    guard let inputs else { return try addChecked(op, try allInputs()) }
    return try addChecked(op, inputs)
  }

  /// Adds an operator on the way to the outputs; `step` tells its name from others of the node.
  func add(step: String, _ op: some Operator, _ inputs: [Symbol?]) throws(Refusal) -> Symbol {
    try check(op)
    let name = "\(record.name)/\(step)"
    return try importer.add(op, name: name, inputs: inputs, outputNames: [name], origin: record.name)[0]
  }

  private func addChecked(_ op: some Operator, _ inputs: [Symbol?]) throws(Refusal) -> [Symbol] {
    try importer.add(op, name: record.name, inputs: inputs, outputNames: record.outputs, origin: record.name)
  }

  private func check(_ op: some Operator) throws(Refusal) {
    try op.check()
  }

  /// Adds the nodes of a graph the node holds, for what its inputs are; returns its outputs.
  func add(step: String, _ graph: InnerGraph, _ arguments: [Symbol]) throws(Refusal) -> [Symbol] {
    try importer.run(graph, arguments, prefix: "\(record.name)/\(step)")
  }

  /// A sequence of tensors.
  func sequence(_ elements: [Symbol]) throws(Refusal) -> Symbol {
    try importer.spend(sequenceOf: elements.count)
    return Symbol(record.outputs.first ?? record.name, elements: elements)
  }

  /// Counts a constant that a reader is about to make of small ones against what one model may ask for.
  func reserve(_ element: ElementType, _ shape: [Int]) throws(Refusal) {
    try importer.spend(TensorType(element, try checkedShape(shape)), isFilled: true)
  }

  /// A constant the importer makes up.
  func constant(_ step: String, _ tensor: Tensor) -> Symbol { Symbol("\(record.name)/\(step)", constant: tensor) }

  /// A constant that is the node's output.
  func result(_ tensor: Tensor) -> [Symbol] { [Symbol(record.outputs.first ?? record.name, constant: tensor)] }

  /// A constant of the model that is the node's output.
  func result(weights tensor: Tensor) throws(Refusal) -> [Symbol] {
    try importer.check(weights: tensor)
    return result(tensor)
  }
}
