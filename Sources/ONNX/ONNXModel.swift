package import IR
import Operators
package import Tensors

/// A model read from an ONNX file.
package struct ONNXModel: Sendable {
  package var graph: Graph
  /// Name and version of the program that wrote the file.
  package let producer: String
  package let irVersion: Int
  /// The version of the standard operator set the nodes follow.
  package let opset: Int
  /// Class names that the model's metadata hold, in order; whether there are as many as the output means is not
  /// checked.
  package let classNames: [String]?
  /// The file itself, then the files beside it that hold its weights, in the order of their names.
  package let files: [MappedFile]
}

/// How a model is read.
package struct ONNXReadingOptions: Sendable {
  /// Height and width of images where the model leaves them free.
  package var size: (height: Int, width: Int)?
  /// Whether weights with NaN or infinite elements are refused. Needs every weight to be looked at.
  package var checksWeights: Bool

  package init(size: (height: Int, width: Int)? = nil, checksWeights: Bool = true) {
    self.size = size
    self.checksWeights = checksWeights
  }
}
