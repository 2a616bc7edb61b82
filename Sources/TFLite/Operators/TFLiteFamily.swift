import IR
import Tensors

/// Makes typed operators of one operator of a file and returns its outputs.
typealias OperatorReader = @Sendable (inout NodeImport) throws(Refusal) -> [TensorValue]

/// An operator or a small family of operators that are alike: one file of this folder and one line of
/// `TFLiteFamilies`.
protocol TFLiteFamily: Sendable {
  /// How operators become those of the IR, by their name in the schema.
  static var readers: [String: OperatorReader] { get }
}
