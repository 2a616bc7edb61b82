import IR
package import Tensors

/// Reads ONNX models: IR versions 3 to 10, operator sets 7 to 21.
///
/// Weights stay in the mapped file, which lives as long as a tensor of the graph does.
package enum ONNXReader {
  static let irVersions = 3...10
  static let opsets = 7...21

  package static func read(
    path: String, options: ONNXReadingOptions = ONNXReadingOptions()
  ) throws(Refusal) -> ONNXModel {
    let file: MappedFile
    do throws(Refusal) { file = try MappedFile(path: path) } catch { throw error.about("cannot be read") }
    let model: ModelFile
    let nodes: [NodeRecord]
    let opset: Int
    do throws(Refusal) {
      model = try ModelFile(file)
      opset = try checkVersions(model)
      nodes = try liveNodes(of: model)
      try checkOperators(nodes, model, opset)
    } catch {
      throw error.of(file: path)
    }
    let initializers = Initializers(model, checksWeights: options.checksWeights)
    let memo = FoldMemo()
    func graph(batch: Int) throws(Refusal) -> Graph {
      let importer = GraphImporter(
        model, opset: opset, initializers: initializers, memo: memo,
        binding: InputBinding(batch: batch, size: options.size), checksWeights: options.checksWeights)
      try importer.run(nodes)
      return importer.graph
    }
    var result = try graph(batch: 1)
    let inputs = model.inputs.filter { !initializers.contains($0.name) }
    // The second import only tells which literal shapes follow the batch; a failure means the batch is not free.
    if !inputs.isEmpty, inputs.allSatisfy(InputBinding.hasFreeBatch), let twice = try? graph(batch: 2) {
      FreeBatch.adapt(&result, like: twice)
    }
    return ONNXModel(
      graph: result, producer: model.producer, irVersion: model.irVersion, opset: opset,
      classNames: ClassNameMetadata.names(model.metadata), files: [file] + initializers.companionFiles)
  }

  private static func checkVersions(_ model: ModelFile) throws(Refusal) -> Int {
    guard irVersions.contains(model.irVersion) else {
      throw Refusal("has IR version \(model.irVersion), expected \(irVersions.lowerBound) to \(irVersions.upperBound)")
    }
    guard let opset = model.opsets[""] else {
      throw Refusal("names no operator set", remedy: "the file is truncated or is not an ONNX model")
    }
    guard opsets.contains(opset) else {
      throw Refusal(
        "uses operator set \(opset), expected \(opsets.lowerBound) to \(opsets.upperBound)",
        remedy: "convert it with onnx.version_converter or export with opset_version 17")
    }
    guard model.sparseInitializers == 0 else { throw Refusal("has sparse initializers, which are not supported") }
    return opset
  }

  /// The nodes that outputs depend on, named, in the order of the file.
  private static func liveNodes(of model: ModelFile) throws(Refusal) -> [NodeRecord] {
    var needed = Set(model.outputs.map(\.name))
    var live: [NodeRecord] = []
    for (index, node) in model.nodes.enumerated().reversed() {
      guard node.outputs.contains(where: { needed.contains($0) && !$0.isEmpty }) else { continue }
      needed.formUnion(node.inputs)
      var named = node
      if named.name.isEmpty { named.name = "\(node.opType)_\(index)" }
      live.append(named)
    }
    return live.reversed()
  }

  /// Names all nodes that cannot be imported, not just the first.
  private static func checkOperators(_ nodes: [NodeRecord], _ model: ModelFile, _ opset: Int) throws(Refusal) {
    var unknown: [(op: String, nodes: [String])] = []
    var positions: [String: Int] = [:]
    var hasControlFlow = false
    var hasFunctions = false
    for node in nodes {
      let domain = ModelFile.standard(node.domain)
      if domain.isEmpty, ONNXFamilies.readers[node.opType] != nil { continue }
      hasControlFlow = hasControlFlow || domain.isEmpty && ["If", "Loop", "Scan"].contains(node.opType)
      hasFunctions = hasFunctions || model.functions.contains(node.opType)
      let version = model.opsets[domain].map { " opset \($0)" } ?? ""
      let op = domain.isEmpty ? "\(node.opType)" : "\(domain).\(node.opType)\(version)"
      if let index = positions[op] {
        unknown[index].nodes.append(node.name)
      } else {
        positions[op] = unknown.count
        unknown.append((op, [node.name]))
      }
    }
    guard !unknown.isEmpty else { return }
    let list = unknown.map { "\(printable($0.op)) (\($0.nodes.map(printable).joined(separator: ", ")))" }
    let remedy =
      hasControlFlow
      ? "control flow is not supported: export the model by tracing with fixed inputs"
      : hasFunctions ? "functions defined in the model are not supported: inline them (onnx.inliner)" : nil
    throw Refusal(
      "operators that are not supported (opset \(opset)): \(list.joined(separator: "; "))", remedy: remedy)
  }
}
