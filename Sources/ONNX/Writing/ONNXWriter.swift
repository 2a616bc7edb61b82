package import IR
package import Tensors

/// Writes graphs as ONNX models that compute the same: activations fused into operators become nodes of their own, a
/// free batch becomes the dimension N, int8 operators become float ones between DequantizeLinear and QuantizeLinear
/// (QDQ).
///
/// Operator set 17, or a later one where an operator needs it. Weights go to the file from where they lie.
package enum ONNXWriter {
  /// The operator set files have where no operator needs a later one.
  static let baseOpset = 17

  /// - Throws: when an operator has no ONNX form, or the file cannot be written; then nothing of it is left.
  package static func write(_ graph: Graph, to path: String, producerVersion: String = "") throws(Refusal) {
    var emission = Emission(graph)
    for node in graph.nodesInOrder() {
      do throws(Refusal) {
        try emission.write(node)
      } catch {
        throw error.at(node).of(file: path)
      }
    }
    let model = model(emission.graphMessage(), opset: emission.opset, producerVersion: producerVersion)
    guard model.count < 1 << 31 else {
      throw Refusal(
        file: path, reason: "would be \(model.count) bytes long, ONNX files end at 2 GiB",
        remedy: "write a .derm file instead")
    }
    let failure = model.withPieces { pieces -> Refusal? in
      do throws(Refusal) { try OutputFile.write(pieces, to: path) } catch { return error }
      return nil
    }
    if let failure { throw failure }
  }

  private static func model(_ graph: WireWriter, opset: Int, producerVersion: String) -> WireWriter {
    var model = WireWriter()
    // The IR versions ONNX released together with these operator sets.
    model.integer(1, opset < 19 ? 8 : opset < 21 ? 9 : 10)
    model.string(2, "dermc")
    if !producerVersion.isEmpty { model.string(3, producerVersion) }
    model.message(7, graph)
    model.message(8) { operatorSet in
      operatorSet.string(1, "")
      operatorSet.integer(2, opset)
    }
    return model
  }
}
