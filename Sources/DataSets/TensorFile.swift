import NumPyFiles
import Tensors

/// Files of tensors that are fed to a model as they are: .npy and .npz.
package struct TensorFile: Sendable {
  /// The tensors, each with its first dimension as the number of inputs it holds.
  private let tensors: [Tensor]

  package static func read(_ path: String) throws(DataError) -> TensorFile {
    do throws(FileError) {
      return TensorFile(tensors: try NumPyFile.read(path: path).map(\.tensor))
    } catch {
      throw DataError("\(error)")
    }
  }

  /// How many inputs of a model the file holds, taking the first dimension as the batch.
  package var count: Int { tensors.reduce(0) { $0 + ($1.shape.first ?? 1) } }

  /// Input `index` as float32 of a given shape (whose first dimension is 1).
  package func input(_ index: Int, shape: [Int]) throws(DataError) -> [Float] {
    var remaining = index
    for tensor in tensors {
      // A tensor without a batch dimension is one input.
      let isSingle = tensor.shape == Array(shape.dropFirst())
      let batch = isSingle ? 1 : tensor.shape.first ?? 1
      if remaining >= batch {
        remaining -= batch
        continue
      }
      guard isSingle || Array(tensor.shape.dropFirst()) == Array(shape.dropFirst()) else {
        throw DataError("has shape \(tensor.shape), the model's input is \(shape)")
      }
      let size = shape.reduce(1, *)
      let values = tensor.floats() ?? tensor.doubles().map(Float.init)
      guard (remaining + 1) * size <= values.count else { throw DataError("has no input \(index)") }
      return Array(values[remaining * size..<(remaining + 1) * size])
    }
    throw DataError("has no input \(index)")
  }
}
