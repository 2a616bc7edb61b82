import IR
import Tensors

/// A GraphProto: of the model, or a branch or body of control flow. Its tensors are left where they lie.
struct GraphRecord {
  /// Tells the graph from all others of the model, and from copies of it.
  var identity: Int
  private(set) var name = ""
  var nodes: [NodeRecord] = []
  var inputs: [ValueRecord] = []
  var outputs: [ValueRecord] = []
  private(set) var initializers: [TensorRecord] = []
  private(set) var sparseInitializers: [SparseTensorRecord] = []

  private enum Field {
    static let node = 1, name = 2, initializer = 5, input = 11, output = 12, sparseInitializer = 15
  }

  /// - Parameters:
  ///   - ranges: the pieces of one message, which protobuf allows to be split
  ///   - depth: how many graphs the graph is in
  init(
    _ file: MappedFile, ranges: [Range<Int>], budget: inout ReadingBudget, depth: Int = 0
  ) throws(Refusal) {
    guard depth <= Limits.graphDepth else {
      throw Refusal("has graphs within graphs more than \(Limits.graphDepth) deep", remedy: Refusal.limitRemedy)
    }
    identity = budget.takeGraph()
    for range in ranges { try read(file, range, &budget, depth) }
  }

  private mutating func read(
    _ file: MappedFile, _ range: Range<Int>, _ budget: inout ReadingBudget, _ depth: Int
  ) throws(Refusal) {
    var reader = WireReader(file, range: range)
    while let field = try reader.next() {
      guard let range = field.range else { continue }
      switch field.number {
      case Field.node: nodes.append(try Messages.node(file, range, budget: &budget, depth: depth))
      case Field.name: name = field.string(in: file) ?? ""
      case Field.initializer:
        try budget.takeInitializer()
        let record = try TensorRecord(file, ranges: [range])
        try Messages.checkName(record.name.utf8.count, range)
        initializers.append(record)
      case Field.sparseInitializer:
        try budget.takeInitializer()
        let record = try SparseTensorRecord(file, ranges: [range])
        try Messages.checkName(record.name.utf8.count, range)
        sparseInitializers.append(record)
      case Field.input:
        try budget.takeInput()
        inputs.append(try Messages.value(file, range))
      case Field.output:
        try budget.takeOutput()
        outputs.append(try Messages.value(file, range))
      default: break
      }
    }
  }

  /// Gives inputs, outputs and initializers other names; nodes keep theirs.
  mutating func rename(_ name: (String) throws(Refusal) -> String) throws(Refusal) {
    for index in inputs.indices { inputs[index].name = try name(inputs[index].name) }
    for index in outputs.indices { outputs[index].name = try name(outputs[index].name) }
    for index in initializers.indices { initializers[index].name = try name(initializers[index].name) }
    for index in sparseInitializers.indices {
      sparseInitializers[index].name = try name(sparseInitializers[index].name)
    }
  }

  /// Names of values from outside that nodes of the graph, or of graphs in it, read and the graph may hand on.
  var captures: Set<String> {
    var own = Set(inputs.map(\.name))
    own.formUnion(initializers.map(\.name))
    own.formUnion(sparseInitializers.map(\.name))
    var read = Set(outputs.map(\.name))
    for node in nodes {
      own.formUnion(node.outputs)
      read.formUnion(node.reads)
    }
    read.remove("")
    return read.subtracting(own)
  }
}

/// What has been read of a model, whose graphs may hold graphs: all of them together keep to the limits.
struct ReadingBudget {
  private var nodes = 0
  private var connections = 0
  private var initializers = 0
  private var inputs = 0
  private var outputs = 0
  private var graphs = 0

  mutating func takeNode() throws(Refusal) { try ReadingBudget.take(&nodes, Limits.nodes, "nodes") }
  mutating func takeInitializer() throws(Refusal) {
    try ReadingBudget.take(&initializers, Limits.values, "initializers")
  }
  mutating func takeInput() throws(Refusal) { try ReadingBudget.take(&inputs, Limits.values, "inputs") }
  mutating func takeOutput() throws(Refusal) { try ReadingBudget.take(&outputs, Limits.values, "outputs") }

  /// The number of a graph.
  mutating func takeGraph() -> Int {
    graphs += 1
    return graphs
  }

  /// Inputs and outputs that nodes may still have.
  var connectionsLeft: Int { Limits.connections - connections }

  mutating func takeConnections(_ count: Int) { connections += count }

  private static func take(_ count: inout Int, _ limit: Int, _ what: String) throws(Refusal) {
    count += 1
    guard count <= limit else { throw Refusal("has more than \(limit) \(what)", remedy: Refusal.limitRemedy) }
  }
}
