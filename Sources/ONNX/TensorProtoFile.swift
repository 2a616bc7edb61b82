package import Tensors

/// Files of one TensorProto each, as the test data of public ONNX models are stored: input_0.pb.
package enum TensorProtoFile {
  /// The tensor of a file; floats of all sizes become float32.
  package static func read(path: String) throws(Refusal) -> Tensor {
    let file = try MappedFile(path: path)
    do throws(Refusal) {
      guard file.count > 0 else { throw Refusal("is empty") }
      return try TensorRecord(file, ranges: [0..<file.count]).tensor(file, external: nil)
    } catch {
      throw error.about("is not a readable ONNX tensor").of(file: path)
    }
  }
}
