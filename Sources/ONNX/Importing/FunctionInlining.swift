import IR
import Tensors

/// Puts the nodes of the functions a model defines where they are called.
///
/// Names within a function get the name of the calling node before them; attributes that its nodes take from the call
/// become those of the call, or the function's defaults. Functions may call functions. All nodes that come of it count
/// towards the limit of nodes.
struct FunctionInlining {
  private let functions: [FunctionRecord.Key: FunctionRecord]
  private var names: UniqueNames
  private var budget = ReadingBudget()
  private var nameBytes = 0
  private var copies = 0

  init(_ model: ModelFile) {
    functions = Dictionary(model.functions.map { ($0.key, $0) }) { first, _ in first }
    names = UniqueNames(functions.isEmpty ? [] : FunctionInlining.names(in: model.graph))
  }

  /// The nodes with those of functions instead of calls.
  mutating func inline(_ nodes: [NodeRecord]) throws(Refusal) -> [NodeRecord] {
    guard !functions.isEmpty else { return nodes }
    return try inline(nodes, depth: 0)
  }

  private mutating func inline(_ nodes: [NodeRecord], depth: Int) throws(Refusal) -> [NodeRecord] {
    var result: [NodeRecord] = []
    for (index, given) in nodes.enumerated() {
      try budget.takeNode()
      var node = given
      if node.name.isEmpty { node.name = "\(node.opType)_\(index)" }
      for (name, graph) in node.attributes.graphs {
        var inlined = graph
        inlined.nodes = try inline(graph.nodes, depth: depth)
        node.attributes.graphs[name] = inlined
      }
      guard let function = function(of: node) else {
        result.append(node)
        continue
      }
      do throws(Refusal) {
        guard depth < Limits.graphDepth else {
          throw Refusal("functions call functions more than \(Limits.graphDepth) deep", remedy: Refusal.limitRemedy)
        }
        try result.append(contentsOf: inline(body(of: function, for: node), depth: depth + 1))
      } catch {
        throw error.place == nil ? error.at(Refusal.Place(node: node.name, op: node.opType)) : error
      }
    }
    return result
  }

  /// The function a node calls. What the reader knows itself it reads itself.
  private func function(of node: NodeRecord) -> FunctionRecord? {
    guard ONNXFamilies.reader(of: node) == nil else { return nil }
    let domain = ModelFile.standard(node.domain)
    return functions[FunctionRecord.Key(domain: domain, name: node.opType, overload: node.overload)]
  }

  private mutating func body(of function: FunctionRecord, for call: NodeRecord) throws(Refusal) -> [NodeRecord] {
    guard call.inputs.count <= function.inputs.count, call.outputs.count <= function.outputs.count else {
      throw Refusal(
        "calls a function of \(function.inputs.count) inputs and \(function.outputs.count) outputs with "
          + "\(call.inputs.count) and \(call.outputs.count)", remedy: "check the model with onnx.checker")
    }
    if let opset = function.opset, !ONNXReader.opsets.contains(opset) {
      throw ONNXReader.unknown(opset: opset)
    }
    let given = call.attributes
    let known = function.attributes.union(function.defaults.values.keys).union(function.defaults.graphs.keys)
    let unknown = Set(given.values.keys).union(given.graphs.keys).union(given.sparse.keys).subtracting(known)
    guard unknown.isEmpty else {
      throw Refusal("attribute \(unknown.sorted().joined(separator: ", ")) is not one of the function's")
    }
    var scope = Scope(prefix: call.name, opset: function.opset, call: given, defaults: function.defaults)
    for (index, name) in function.inputs.enumerated() {
      scope.names[name] = index < call.inputs.count ? call.inputs[index] : ""
    }
    var handedOn: [NodeRecord] = []
    let produced = Set(function.nodes.flatMap(\.outputs))
    for (index, name) in function.outputs.enumerated() {
      guard index < call.outputs.count, !call.outputs[index].isEmpty else { continue }
      if produced.contains(name), scope.names[name] == nil {
        scope.names[name] = call.outputs[index]
      } else if let input = scope.names[name], !input.isEmpty {
        handedOn.append(
          NodeRecord(
            name: "\(call.name)/\(name)", opType: "Identity", domain: "", overload: "", inputs: [input],
            outputs: [call.outputs[index]], attributes: AttributeRecords()))
      } else {
        throw Refusal("output \(printable(name)) of the function is not produced by any of its nodes")
      }
    }
    return try substitute(function.nodes, &scope) + handedOn
  }

  /// What names and attributes within a function stand for at one call.
  private struct Scope {
    let prefix: String
    let opset: Int?
    let call: AttributeRecords
    let defaults: AttributeRecords
    var names: [String: String] = [:]
  }

  private mutating func substitute(
    _ nodes: [NodeRecord], _ scope: inout Scope
  ) throws(Refusal) -> [NodeRecord] {
    var result: [NodeRecord] = []
    for (index, node) in nodes.enumerated() {
      var copy = node
      copy.name = "\(scope.prefix)/\(node.name.isEmpty ? "\(node.opType)_\(index)" : node.name)"
      copy.opset = scope.opset
      try spend(copy.name)
      for index in copy.inputs.indices { copy.inputs[index] = try name(of: node.inputs[index], &scope) }
      for index in copy.outputs.indices { copy.outputs[index] = try name(of: node.outputs[index], &scope) }
      for (name, reference) in node.attributes.references {
        copy.attributes.references[name] = nil
        copy.attributes.values[name] = scope.call.values[reference] ?? scope.defaults.values[reference]
        copy.attributes.graphs[name] = scope.call.graphs[reference] ?? scope.defaults.graphs[reference]
        copy.attributes.sparse[name] = scope.call.sparse[reference] ?? scope.defaults.sparse[reference]
      }
      for (name, graph) in node.attributes.graphs { copy.attributes.graphs[name] = try substitute(graph, scope) }
      result.append(copy)
    }
    return result
  }

  /// A graph within a function sees its names; its own hide them and get names of their own, too.
  private mutating func substitute(_ graph: GraphRecord, _ outer: Scope) throws(Refusal) -> GraphRecord {
    var scope = outer
    var copy = graph
    for name in FunctionInlining.tensors(of: graph) + graph.nodes.flatMap(\.outputs) { scope.names[name] = nil }
    copies += 1
    copy.identity = -copies
    try copy.rename { (given) throws(Refusal) in try name(of: given, &scope) }
    copy.nodes = try substitute(graph.nodes, &scope)
    return copy
  }

  private mutating func name(of name: String, _ scope: inout Scope) throws(Refusal) -> String {
    guard !name.isEmpty else { return "" }
    if let known = scope.names[name] { return known }
    let unique = names.unique("\(scope.prefix)/\(name)")
    try spend(unique)
    scope.names[name] = unique
    return unique
  }

  /// Names grow with every call within a call.
  private mutating func spend(_ name: String) throws(Refusal) {
    nameBytes += name.utf8.count
    guard nameBytes <= Limits.madeNameBytes else {
      throw Refusal("its functions need more than \(Limits.madeNameBytes) bytes of names", remedy: Refusal.limitRemedy)
    }
  }

  private static func names(in graph: GraphRecord) -> Set<String> {
    var result = Set(tensors(of: graph))
    for node in graph.nodes {
      result.formUnion(node.outputs)
      for inner in node.attributes.graphs.values { result.formUnion(names(in: inner)) }
    }
    return result
  }

  private static func tensors(of graph: GraphRecord) -> [String] {
    graph.inputs.map(\.name) + graph.initializers.map(\.name) + graph.sparseInitializers.map(\.name)
  }
}
