import IR
import Operators
package import Tensors

/// Reads ONNX models: IR versions 3 to 13, operator sets 7 to 25.
///
/// Weights stay in the mapped file, which lives as long as a tensor of the graph does.
package enum ONNXReader {
  static let irVersions = 3...13
  static let opsets = 7...25

  package static func read(
    path: String, options: ONNXReadingOptions = ONNXReadingOptions()
  ) throws(Refusal) -> ONNXModel {
    let file: MappedFile
    do throws(Refusal) { file = try MappedFile(path: path) } catch { throw error.about("cannot be read") }
    let model: ModelFile
    do throws(Refusal) { model = try ModelFile(file) } catch { throw error.of(file: path) }
    do throws(Refusal) { return try read(model, options) } catch { throw error.withRemedy.of(file: path) }
  }

  private static func read(_ model: ModelFile, _ options: ONNXReadingOptions) throws(Refusal) -> ONNXModel {
    let opset = try checkVersions(model)
    var inlining = FunctionInlining(model)
    let nodes = try NodeOrder.live(inlining.inline(model.graph.nodes), outputs: model.graph.outputs.map(\.name))
    try checkOperators(nodes, model, opset)
    try checkFourBits(nodes, model, opset)
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
    let inputs = model.graph.inputs.filter { !initializers.contains($0.name) }
    // The second import only tells which literal shapes follow the batch; a failure means the batch is not free.
    if !inputs.isEmpty, inputs.allSatisfy(InputBinding.hasFreeBatch), let twice = try? graph(batch: 2) {
      result = FreeBatch.adapted(result, like: twice) ?? result
    }
    return ONNXModel(
      graph: result, producer: model.producer, irVersion: model.irVersion, opset: opset,
      classNames: ClassNameMetadata.names(model.metadata), files: [model.file] + initializers.companionFiles)
  }

  private static func checkVersions(_ model: ModelFile) throws(Refusal) -> Int {
    guard let opset = model.opsets[""] else {
      throw Refusal("names no operator set", remedy: "the file is truncated or is not an ONNX model")
    }
    guard opsets.contains(opset) else { throw unknown(opset: opset) }
    guard irVersions.contains(model.irVersion) else {
      throw Refusal(
        "has IR version \(model.irVersion), expected \(irVersions.lowerBound) to \(irVersions.upperBound)",
        remedy: "export it again, or set ir_version with the onnx package where the model uses nothing newer")
    }
    return opset
  }

  static func unknown(opset: Int) -> Refusal {
    Refusal(
      "uses operator set \(opset), expected \(opsets.lowerBound) to \(opsets.upperBound)",
      remedy: "convert it with onnx.version_converter or export with opset_version 17")
  }

  /// Tensors of 4 bits are read as ones of 8, which only DequantizeLinear does not tell from others.
  private static func checkFourBits(_ nodes: [NodeRecord], _ model: ModelFile, _ opset: Int) throws(Refusal) {
    let tensors = Set(model.graph.initializers.filter(\.hasFourBits).map(\.name))
    guard !tensors.isEmpty else { return }
    for node in nodes where node.opType != "DequantizeLinear" && node.inputs.contains(where: tensors.contains) {
      throw Refusal("has an input of 4 bits, which is only supported for DequantizeLinear")
        .at(Refusal.Place(node: node.name, op: node.opType, opset: opset))
    }
  }

  /// Names all operators that cannot be imported, not just the first, each with the first of its nodes.
  static func checkOperators(_ nodes: [NodeRecord], _ model: ModelFile, _ opset: Int) throws(Refusal) {
    var unknown: [(op: String, nodes: [String])] = []
    var positions: [String: Int] = [:]
    for node in nodes {
      let domain = ModelFile.standard(node.domain)
      if ONNXFamilies.reader(of: node) != nil { continue }
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
    let list = unknown.map {
      let nodes = Listing.of($0.nodes.map { oneLine($0, limit: 60) }, most: unknown.count > 2 ? 1 : 2)
      return "\(oneLine($0.op, limit: 60)) (\(nodes))"
    }
    var refusal = Refusal(
      "operators that are not supported (opset \(opset)): \(Listing.of(list, separator: "; ", most: 5))",
      remedy: SupportedOperators.remedy(for: unknown.map(\.op)))
    if list.count > 5 { refusal.details = Array(list.prefix(Refusal.mostDetails)) }
    throw refusal
  }
}

extension Refusal {
  /// The refusal of a model that can be decoded, with what can be done about it.
  fileprivate var withRemedy: Refusal {
    guard remedy == nil else { return self }
    var refusal = self
    refusal.remedy = "docs/supported.md has what is read of " + (place.map { oneLine($0.op, limit: 60) } ?? "ONNX")
    return refusal
  }
}
