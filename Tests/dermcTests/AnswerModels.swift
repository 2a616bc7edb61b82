import CanonicalJSON
import NumPyFiles
import Tensors
import Testing

/// A network of fixtures/answers, and what dermc must be told of its data.
struct AnswerModel: Sendable, CustomTestStringConvertible {
  let name: String
  /// Options of the data, besides the preprocessing.
  let data: [String]
  /// Options of the answer.
  var answer: [String] = []
  var testDescription: String { name }

  static let root = Fixture.root + "answers/"
  static let preprocessing = ["--preprocess", root + "preprocess.json"]

  var path: String { AnswerModel.root + name + ".onnx" }
  var options: [String] { AnswerModel.preprocessing + data + answer }

  /// One of each kind, by both exporters.
  static let all: [AnswerModel] = ["", "_dynamo"].flatMap { exporter in
    [
      AnswerModel(name: "binary_sigmoid" + exporter, data: melanoma),
      AnswerModel(name: "binary_logit" + exporter, data: melanoma),
      AnswerModel(name: "two_logits" + exporter, data: melanoma),
      AnswerModel(name: "traits_sigmoid" + exporter, data: traits),
      AnswerModel(name: "traits_logits" + exporter, data: traits, answer: ["--task", "multilabel"]),
      AnswerModel(name: "embedding" + exporter, data: []),
      AnswerModel(name: "metadata" + exporter, data: metadata),
    ]
  }

  private static let melanoma = ["--table", root + "melanoma.csv"]
  private static let traits = ["--table", root + "traits.csv"]
  static let columns = ["--columns", "metadata=age,sex,site"]
  /// Options of calibration.
  var calibration: [String] {
    name.hasPrefix("metadata") ? ["--calib-table", AnswerModel.root + "metadata_calib.csv"] : []
  }

  private static let metadata = ["--table", root + "metadata.csv"] + columns

  /// ONNX Runtime's probabilities for the evaluation images, in the order of their paths.
  func probabilities() throws -> [[Double]] {
    let arrays = try NumPyFile.read(path: AnswerModel.root + "golden/\(name).npz")
    let tensor = try #require(arrays.first { $0.name == "class_probabilities" }).tensor
    let values = tensor.doubles()
    return stride(from: 0, to: values.count, by: tensor.shape[1]).map { Array(values[$0..<$0 + tensor.shape[1]]) }
  }

  /// scikit-learn's measures of these.
  func measures() throws -> JSONNode {
    let bytes = try MappedFile.contents(of: AnswerModel.root + "golden/\(name).json")
    return JSONNode(try JSON(parsing: bytes), name: "golden")
  }
}
