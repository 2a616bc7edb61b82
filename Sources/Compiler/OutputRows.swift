import IR
import Tensors

/// How the first output of a model divides into samples.
///
/// A model with a batch takes it as the first dimension of its input and gives it as that of its output. One whose output
/// does not begin with the input's first dimension has no batch: a run is one sample, and the whole output is its answer.
struct OutputRows: Sendable {
  /// Samples one run takes.
  let batch: Int
  private let shape: [Int]
  private let isBatched: Bool

  /// - Parameters:
  ///   - input: of the graph, as one run takes it
  ///   - output: of the graph, as one run gives it
  init(input: TensorType, output: TensorType, hasFreeBatch: Bool) {
    shape = output.shape
    let first = input.shape.first
    // [3, H, W] is an image without a batch, even where there are three classes.
    let isImage = input.rank == 3 && first != 1
    isBatched = hasFreeBatch || (first != nil && output.shape.first == first && !isImage)
    batch = isBatched ? max(1, first ?? 1) : 1
  }

  init(_ graph: Graph) {
    self.init(
      input: graph.inputs.first.map { graph.type(of: $0) } ?? TensorType(.float32, []),
      output: graph.outputs.first.map { graph.type(of: $0) } ?? TensorType(.float32, []),
      hasFreeBatch: graph.hasFreeBatch)
  }

  /// Numbers the model gives for one sample.
  var count: Int { shape.reduce(1, *) / batch }

  /// The outputs of one run, sample by sample.
  func rows(_ values: [Float]) -> [[Float]] {
    let count = count
    return (0..<batch).map { Array(values[$0 * count..<($0 + 1) * count]) }
  }

  /// The shape of the outputs of so many runs in one tensor: joined along the batch, stacked where there is none. One
  /// run's output keeps its shape.
  func shape(runs: Int) -> [Int] {
    guard isBatched else { return runs == 1 ? shape : [runs] + shape }
    return [runs * batch] + shape.dropFirst()
  }
}
