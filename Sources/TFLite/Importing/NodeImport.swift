import IR
import Math
import Operators
import Tensors

/// The operator being imported, as readers (`TFLiteFamily`) see it: its options and inputs, and how to add operators of
/// the IR for it. All errors are `Refusal`s; the caller adds the place.
struct NodeImport {
  let record: OperatorRecord
  private let values: [TensorValue?]
  private let importer: GraphImporter

  init(_ record: OperatorRecord, inputs: [TensorValue?], importer: GraphImporter) {
    self.record = record
    values = inputs
    self.importer = importer
  }

  var outputCount: Int { record.outputs.count }

  // MARK: Options

  /// Numbers of the operator's options by their field; those left out have the schema's default.
  func int(_ field: Int, default fallback: Int = 0) throws(Refusal) -> Int {
    try record.options?.number(Int32.self, field).map(Int.init) ?? fallback
  }

  /// An enumeration of the schema.
  func choice(_ field: Int) throws(Refusal) -> Int { try record.options?.number(Int8.self, field).map(Int.init) ?? 0 }

  func bool(_ field: Int) throws(Refusal) -> Bool { try record.options?.number(UInt8.self, field) ?? 0 != 0 }

  func float(_ field: Int) throws(Refusal) -> Float {
    let value = try record.options?.number(UInt32.self, field).map(Float.init(bitPattern:)) ?? 0
    guard value.isFinite else { throw Refusal("option \(field) is \(value), expected a number") }
    return value
  }

  func ints(_ field: Int) throws(Refusal) -> [Int]? {
    guard let vector = try record.options?.vector(field, width: 4) else { return nil }
    guard vector.count <= Limits.rank else { throw Refusal("option \(field) has \(vector.count) numbers") }
    return try vector.numbers(Int32.self).map(Int.init)
  }

  /// The schema's ActivationFunctionType.
  func activation(_ field: Int) throws(Refusal) -> UnaryFunction {
    let number = try choice(field)
    switch number {
    case 0: return .identity
    case 1: return .relu
    case 2: return .clip(lower: -1, upper: 1)
    case 3: return .relu6
    case 4: return .tanh
    default: throw Refusal("its fused activation \(number) is not supported")
    }
  }

  // MARK: Inputs

  var inputCount: Int { values.count }

  func input(_ index: Int, _ role: String) throws(Refusal) -> TensorValue {
    guard let value = optional(index) else { throw Refusal("input \(index) (\(role)) is missing") }
    return value
  }

  func optional(_ index: Int) -> TensorValue? { index < values.count ? values[index] : nil }

  /// The inputs, of which none may be left out.
  func allInputs() throws(Refusal) -> [TensorValue] {
    guard !values.isEmpty else { throw Refusal("has no inputs") }
    var result: [TensorValue] = []
    for index in values.indices { result.append(try input(index, "operand")) }
    return result
  }

  /// A tensor in an order of its dimensions.
  func symbol(_ value: TensorValue, _ order: AxisOrder = .stored) throws(Refusal) -> Symbol {
    try importer.symbol(of: value, order)
  }

  func symbols(_ values: [TensorValue], _ order: AxisOrder) throws(Refusal) -> [Symbol] {
    var result: [Symbol] = []
    for value in values { result.append(try symbol(value, order)) }
    return result
  }

  /// A batch of images [N, C, H, W].
  func images(_ index: Int, _ role: String) throws(Refusal) -> Symbol {
    let value = try input(index, role)
    guard value.rank == 4 else { throw Refusal("\(role) has shape \(value.shape), expected [N, H, W, C]") }
    return try symbol(value, .channelsFirst)
  }

  /// In which order an operator that treats all dimensions alike works on its inputs: where some are images with their
  /// channels first, that, so that no transposes come between.
  func order(of values: [TensorValue]) -> AxisOrder {
    let flowing = values.filter { !$0.isConstant }
    let isImages = values.allSatisfy { $0.rank <= 4 } && flowing.allSatisfy { $0.rank == 4 }
    return isImages && flowing.contains(where: \.hasChannelsFirst) ? .channelsFirst : .stored
  }

  /// The value of an input that must be known when the model is read; nil when it is left out.
  func constant(_ index: Int, _ role: String) throws(Refusal) -> Tensor? {
    guard let value = optional(index) else { return nil }
    guard value.isConstant, let constant = try symbol(value).constant else {
      throw Refusal(
        "input \(index) (\(role)) is computed at run time, expected a constant",
        remedy: "convert the model with fixed shapes")
    }
    return constant
  }

  /// Numbers that name dimensions or extents, of which there are few.
  func ints(input index: Int, _ role: String) throws(Refusal) -> [Int] {
    guard let tensor = try constant(index, role) else { throw Refusal("input \(index) (\(role)) is missing") }
    guard tensor.count <= 2 * Limits.rank || role == "sizes", let values = tensor.integers() else {
      throw Refusal("input \(index) (\(role)) is \(tensor.type), expected a few integers")
    }
    return values
  }

  func axis(_ axis: Int, rank: Int) throws(Refusal) -> Int { try normalizedAxis(axis, rank: rank) }

  // MARK: Adding operators

  /// Adds an operator on the way to the outputs; `step` tells its name from others of the node.
  func add(step: String, _ op: some Operator, _ inputs: [Symbol?]) throws(Refusal) -> Symbol {
    try importer.add(op, name: "\(record.name)/\(step)", inputs: inputs, origin: record.name)[0]
  }

  /// A constant the importer makes up.
  func constant(_ step: String, _ tensor: Tensor) -> Symbol { Symbol("\(record.name)/\(step)", constant: tensor) }

  /// Adds the operator whose outputs are the node's, then the activation that is fused into it, and quantizes what is
  /// quantized in the file.
  func finish(
    _ op: some Operator, _ inputs: [Symbol?], _ order: AxisOrder = .stored, activation: UnaryFunction = .identity
  ) throws(Refusal) -> [TensorValue] {
    try finish(op, inputs, order, activation: activation, outputs: record.outputs)
  }

  /// The same for an operator that makes one of the node's outputs.
  func finish(_ op: some Operator, _ inputs: [Symbol?], output: Int) throws(Refusal) -> TensorValue {
    guard let value = try finish(op, inputs, .stored, activation: .identity, outputs: [record.outputs[output]]).first
    else { throw Refusal("makes nothing of output \(output)") }
    return value
  }

  private func finish(
    _ op: some Operator, _ inputs: [Symbol?], _ order: AxisOrder, activation: UnaryFunction, outputs: [Int]
  ) throws(Refusal) -> [TensorValue] {
    let isFused = activation != .identity
    var names: [String] = []
    for index in outputs {
      let tensor = importer.model.tensors[index]
      let quantization = try quantization(index)
      let isLast = !isFused && quantization == nil && order == .stored
      names.append(importer.isModelOutput(index) ? isLast ? tensor.name : "\(tensor.name)/linear" : tensor.shortName)
    }
    let made = try importer.add(op, name: record.name, inputs: inputs, outputNames: names, origin: record.name)
    var result: [TensorValue] = []
    for (index, symbol) in zip(outputs, made) {
      var symbol = symbol
      if isFused {
        let name = try quantization(index) == nil ? importer.outputName(of: index, order) : nil
        symbol = try importer.add(
          Unary(activation), name: "\(record.name)/activation", inputs: [symbol],
          outputNames: name.map { [$0] }, origin: record.name)[0]
      }
      result.append(try value(index, symbol, order))
    }
    return result
  }

  /// An output that is an input in other words.
  func pass(_ input: TensorValue) throws(Refusal) -> [TensorValue] {
    guard let index = record.outputs.first else { return [] }
    if input.isConstant { return [input] }
    let order: AxisOrder = input.hasChannelsFirst ? .channelsFirst : .stored
    if try quantization(index) == nil, importer.isModelOutput(index) {
      return try finish(Unary(.identity), [try symbol(input)])
    }
    return [try value(index, try symbol(input, order), order)]
  }

  /// An output whose value is known.
  func result(_ tensor: Tensor) throws(Refusal) -> [TensorValue] {
    guard let index = record.outputs.first else { return [] }
    return [try value(index, Symbol(importer.model.tensors[index].name, constant: tensor), .stored)]
  }

  /// The element type the first output is to have.
  func outputElement() throws(Refusal) -> ElementType? {
    try record.outputs.first.map { index throws(Refusal) in
      try importer.numbers(of: importer.model.tensors[index], []).0.element
    }
  }

  private func quantization(_ index: Int) throws(Refusal) -> Quantization? {
    try importer.numbers(of: importer.model.tensors[index], []).1
  }

  private func value(_ index: Int, _ symbol: Symbol, _ order: AxisOrder) throws(Refusal) -> TensorValue {
    let record = importer.model.tensors[index]
    var symbol = symbol
    if symbol.constant == nil, let quantization = try quantization(index) {
      guard symbol.type.element == .float32 else {
        throw Refusal("output \(printable(record.name)) is quantized, but made of \(symbol.type)")
      }
      let name = "\(record.shortName)/quantized"
      symbol = try importer.add(
        QuantizeLinear(quantization), name: name, inputs: [symbol], origin: self.record.name)[0]
    }
    var type = symbol.type
    let order = type.rank == 4 ? order : .stored
    if order == .channelsFirst { type.shape = AxisOrder.stored.permutation.map { type.shape[$0] } }
    return TensorValue(index, record.shortName, type, (symbol, order))
  }
}
