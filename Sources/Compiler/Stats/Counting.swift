package import Reports
import Runtime
package import Tensors

/// What `dermc stats` does: counts what a model is made of and, if asked, what running it takes here.
package struct Counting {
  package struct Result {
    package let statistics: ModelStatistics
    /// Bytes of all files the model is read from.
    package let fileBytes: Int
  }

  private let path: String
  private let size: (height: Int, width: Int)?
  private let plansMemory: Bool

  /// - Parameters:
  ///   - size: height and width for ONNX models that leave them free
  ///   - plansMemory: whether to make the model ready to run, which reads all weights, and tell what that takes
  package init(_ path: String, size: (height: Int, width: Int)? = nil, plansMemory: Bool = false) {
    self.path = path
    self.size = size
    self.plansMemory = plansMemory
  }

  package func run() throws(Refusal) -> Result {
    let model = try LoadedModel(path: path, size: size, checksWeights: false)
    var statistics = ModelStatistics(model.graph)
    if plansMemory {
      statistics.memory = try Preparation.plan(Preparation.executable(model), fusesRows: true).memory
    }
    return Result(statistics: statistics, fileBytes: model.fileBytes)
  }
}
