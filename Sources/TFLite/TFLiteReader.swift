package import IR
import Operators
package import Tensors

/// A model read from a TensorFlow Lite file.
package struct TFLiteModel: Sendable {
  package let graph: Graph
  /// What the converter says of itself.
  package let producer: String
  /// Class names that are packed with the model, in order; whether there are as many as the output means is not
  /// checked.
  package let classNames: [String]?
  package let file: MappedFile
}

/// Reads TensorFlow Lite models (.tflite), schema version 3: float, float16 weights, int8 weights, int8 throughout.
///
/// Inputs and outputs are as in the file: images are [N, H, W, C]. Integers that stand for real numbers are those
/// numbers to the user; inside, the graph quantizes where the file does, by QuantizeLinear and DequantizeLinear.
/// Weights are float32, of the values the file's integers stand for.
package enum TFLiteReader {
  /// Whether a file begins like a TensorFlow Lite model. What cannot be read does not.
  package static func recognizes(_ path: String) -> Bool {
    guard let file = try? MappedFile(path: path) else { return false }
    return file.withBytes(ModelFile.recognizes)
  }

  /// - Parameters:
  ///   - size: height and width of images where the model leaves them free
  ///   - checksWeights: whether weights with NaN or infinite elements are refused, which needs every weight looked at
  package static func read(
    path: String, size: (height: Int, width: Int)? = nil, checksWeights: Bool = true
  ) throws(Refusal) -> TFLiteModel {
    let file: MappedFile
    do throws(Refusal) { file = try MappedFile(path: path) } catch { throw error.about("cannot be read") }
    do throws(Refusal) {
      let model = try ModelFile(file)
      let nodes = liveNodes(of: model)
      try checkOperators(nodes)
      let constants = ConstantStore(model, checksWeights: checksWeights)
      func graph(batch: Int) throws(Refusal) -> Graph {
        let importer = GraphImporter(
          model, constants: constants, binding: InputBinding(batch: batch, size: size))
        try importer.run(nodes)
        return importer.graph
      }
      var result = try graph(batch: 1)
      // The second import only tells which literal shapes follow the batch; a failure means the batch is not free.
      if !model.inputs.isEmpty, model.inputs.allSatisfy({ InputBinding.hasFreeBatch(model.tensors[$0]) }),
        let twice = try? graph(batch: 2)
      {
        result = FreeBatch.adapted(result, like: twice) ?? result
      }
      return TFLiteModel(graph: result, producer: model.producer, classNames: LabelFile.names(in: file), file: file)
    } catch {
      throw error.of(file: path)
    }
  }

  /// The operators that outputs depend on, in the order of the file.
  private static func liveNodes(of model: ModelFile) -> [OperatorRecord] {
    var needed = Set(model.outputs)
    var live: [OperatorRecord] = []
    for node in model.nodes.reversed() where node.outputs.contains(where: needed.contains) {
      needed.formUnion(node.inputs.compactMap(\.self))
      live.append(node)
    }
    return live.reversed()
  }

  /// Names all operators that cannot be imported, not just the first.
  private static func checkOperators(_ nodes: [OperatorRecord]) throws(Refusal) {
    var unknown: [(type: String, nodes: [String])] = []
    var positions: [String: Int] = [:]
    for node in nodes where TFLiteFamilies.readers[node.type] == nil {
      if let index = positions[node.type] {
        unknown[index].nodes.append(node.name)
      } else {
        positions[node.type] = unknown.count
        unknown.append((node.type, [node.name]))
      }
    }
    guard !unknown.isEmpty else { return }
    let list = unknown.map { type, nodes in
      "\(printable(type)) (\(printable(nodes[0]))\(nodes.count > 1 ? " and \(nodes.count - 1) more" : ""))"
    }
    let isFlex = unknown.contains { $0.type.hasPrefix("CUSTOM Flex") }
    throw Refusal(
      "operators that are not supported: \(list.joined(separator: "; "))",
      remedy: isFlex
        ? "convert the model without SELECT_TF_OPS" : "export the source model to ONNX, of which more is read")
  }
}
