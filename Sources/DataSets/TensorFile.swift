import NumPyFiles
import ONNX
package import Tensors

/// Files of tensors that are fed to a model as they are: .npy, .npz and ONNX's .pb.
package struct TensorFile: Sendable {
  /// Arrays with their names; one that is alone in its file has none.
  private let entries: [(name: String, tensor: Tensor)]

  private var tensors: [Tensor] { entries.map(\.tensor) }

  package static func read(_ path: String) throws(Refusal) -> TensorFile {
    if SampleFormat(path: path) == .tensorProto {
      return TensorFile(entries: [("", try TensorProtoFile.read(path: path))])
    }
    return TensorFile(entries: try NumPyFile.read(path: path).map { ($0.name, $0.tensor) })
  }

  /// The tensors of the file a sample is in.
  static func read(_ sample: Sample) throws(Refusal) -> TensorFile {
    guard let place = sample.place else { return try read(sample.path) }
    let entries: [NumPyFile.Entry]
    do throws(Refusal) { entries = try NumPyFile.read(place.contents()) } catch { throw error.of(file: sample.path) }
    return TensorFile(entries: entries.map { ($0.name, $0.tensor) })
  }

  /// How many inputs of a model a tensor holds; nil when it does not fit.
  ///
  /// One where it has the input's shape without the batch, else as many batches as its first dimension has.
  private static func count(of tensor: Tensor, for shape: [Int]) -> Int? {
    guard let batch = shape.first, batch > 0 else { return tensor.shape == shape ? 1 : nil }
    if batch == 1, tensor.shape == Array(shape.dropFirst()) { return 1 }
    guard let total = tensor.shape.first, tensor.shape.dropFirst() == shape.dropFirst(), total % batch == 0 else {
      return nil
    }
    return total / batch
  }

  /// How many samples the file holds. Arrays of other shapes (labels, say) do not count, nor do those that are not
  /// named as one of several inputs.
  package func count(for inputs: ModelInputs) -> Int {
    let named = inputs.all.compactMap { input in
      array(named: input.name).map { TensorFile.count(of: $0, for: input.type.shape) ?? 0 }
    }
    if inputs.all.count > 1, let fewest = named.min() { return fewest }
    guard let shape = inputs.mainType?.shape else { return 0 }
    return tensors.reduce(0) { $0 + (TensorFile.count(of: $1, for: shape) ?? 0) }
  }

  private func array(named name: String) -> Tensor? { entries.first { $0.name == name }?.tensor }

  /// Names of the arrays.
  var names: [String] { entries.map(\.name) }

  /// Input `index` of those in the array of a name, in the model's type; nil where there is no such array.
  func input(_ index: Int, named input: ModelInputs.Input) throws(Refusal) -> Tensor? {
    guard let tensor = array(named: input.name) else { return nil }
    guard let count = TensorFile.count(of: tensor, for: input.type.shape) else {
      throw Refusal(
        "array \(DataTable.shown(input.name)) has shape \(tensor.shape), the model's input is \(input.type.shape)")
    }
    guard index < count else {
      throw Refusal("array \(DataTable.shown(input.name)) holds \(count) inputs, others more")
    }
    return try TensorFile.piece(index, of: tensor, as: input.type)
  }

  /// Input `index` of those in all arrays, in the model's type.
  package func input(_ index: Int, for type: TensorType) throws(Refusal) -> Tensor {
    var remaining = index
    for tensor in tensors {
      guard let count = TensorFile.count(of: tensor, for: type.shape) else { continue }
      guard remaining < count else {
        remaining -= count
        continue
      }
      return try TensorFile.piece(remaining, of: tensor, as: type)
    }
    let shapes = tensors.map { "\($0.shape)" }.joined(separator: ", ")
    throw Refusal("has shape \(shapes.isEmpty ? "none" : shapes), the model's input is \(type.shape)")
  }

  private static func piece(_ index: Int, of tensor: Tensor, as type: TensorType) throws(Refusal) -> Tensor {
    let size = type.count * tensor.element.size
    let piece = tensor.withBytes { bytes in
      Tensor(TensorType(tensor.element, type.shape)) {
        $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[index * size..<(index + 1) * size]))
      }
    }
    if tensor.element == type.element { return piece }
    guard type.element == .float32 else {
      throw Refusal("holds \(tensor.element.rawValue), the model's input is \(type.element.rawValue)")
    }
    return Tensor(piece.floats() ?? piece.doubles().map { Float($0) }, shape: type.shape)
  }
}
