package import IR
package import Tensors

/// How an output of a model divides into samples.
///
/// A model with a batch takes it as the first dimension of its input and gives it as that of its output. One whose
/// output does not begin with the input's first dimension has no batch: a run is one sample, and the whole output is
/// its answer.
package struct OutputRows: Sendable, CustomStringConvertible {
  /// Samples one run takes.
  package let batch: Int
  private let shape: [Int]
  private let isBatched: Bool

  /// - Parameters:
  ///   - input: of the graph, as one run takes it
  ///   - output: of the graph, as one run gives it
  package init(input: TensorType, output: TensorType, hasFreeBatch: Bool) {
    shape = output.shape
    let first = input.shape.first
    // [3, H, W] is an image without a batch, even where there are three classes.
    let isImage = input.rank == 3 && first != 1
    isBatched = hasFreeBatch || (first != nil && output.shape.first == first && !isImage)
    batch = isBatched ? max(1, first ?? 1) : 1
  }

  /// - Parameter output: the position among the graph's outputs
  package init(_ graph: Graph, output: Int = 0) {
    self.init(
      input: graph.inputs.first.map { graph.type(of: $0) } ?? TensorType(.float32, []),
      output: graph.outputs.indices.contains(output)
        ? graph.type(of: graph.outputs[output]) : TensorType(.float32, []),
      hasFreeBatch: graph.hasFreeBatch)
  }

  /// The output's shape, as `[1, 64]`.
  package var description: String { "\(shape)" }

  /// Numbers the model gives for one sample.
  package var count: Int { shape.reduce(1, *) / batch }

  /// Whether the numbers for one sample are a list: at most one dimension beside the batch is more than 1.
  package var isList: Bool { (isBatched ? shape.dropFirst() : shape[...]).count { $0 != 1 } <= 1 }

  /// The outputs of one run, sample by sample.
  package func rows(_ values: [Float]) -> [[Float]] {
    let count = count
    return (0..<batch).map { Array(values[$0 * count..<($0 + 1) * count]) }
  }

  /// The shape of the outputs of so many runs in one tensor: joined along the batch, stacked where there is none. One
  /// run's output keeps its shape.
  package func shape(runs: Int) -> [Int] {
    guard isBatched else { return runs == 1 ? shape : [runs] + shape }
    return [runs * batch] + shape.dropFirst()
  }
}
