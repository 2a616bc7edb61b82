import DataSets
import NumPyFiles
import Tensors
import Testing

/// Files of tensors as inputs of models: how many a file holds, which they are, and what cannot be one.
@Suite struct TensorFileTests {
  private static let pairs = TensorType(.float32, [1, 2])

  private func file(_ tensor: Tensor, _ folder: Folder) throws -> TensorFile {
    try TensorFile.read(try folder.write(NumPyFile.encode(tensor), "a.npy"))
  }

  private func refusal(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// One where the batch is left out; else as many batches as the first dimension has.
  @Test(arguments: [
    ([2], [1, 2], 1), ([1, 2], [1, 2], 1), ([5, 2], [1, 2], 5), ([6, 2], [3, 2], 2), ([5, 2], [3, 2], 0),
    ([2, 5], [1, 2], 0), ([0, 2], [1, 2], 0), ([], [], 1), ([4], [4], 1), ([0, 2], [0, 2], 1), ([3, 1, 2], [1, 2], 0),
  ])
  func inputsAreCounted(shape: [Int], input: [Int], count: Int) throws {
    let folder = try Folder()
    let tensor = Tensor([Float](repeating: 0, count: shape.reduce(1, *)), shape: shape)
    let inputs = ModelInputs(TensorType(.float32, input))
    #expect(try file(tensor, folder).count(for: inputs) == count)
    #expect(try SampleFolder.samples(at: folder / "a.npy", inputs: inputs).samples.count == max(1, count))
  }

  @Test func inputsAreRowsOfTheFile() throws {
    let folder = try Folder()
    let found = try file(Tensor((0..<6).map(Float.init), shape: [3, 2]), folder)
    for index in 0..<3 {
      let tensor = try found.input(index, for: Self.pairs)
      #expect(tensor.shape == [1, 2] && tensor.floats() == [Float(2 * index), Float(2 * index + 1)])
    }
    #expect(
      refusal { _ = try found.input(3, for: Self.pairs) } == "has shape [3, 2], the model's input is [1, 2]")
    #expect(
      refusal { _ = try found.input(0, for: TensorType(.float32, [1, 5])) }
        == "has shape [3, 2], the model's input is [1, 5]")
  }

  /// Numbers of other types become the model's float32; a model of integers takes only its own.
  @Test func numbersAreConverted() throws {
    let folder = try Folder()
    #expect(try file(Tensor([UInt8(7), 255], shape: [1, 2]), folder).input(0, for: Self.pairs).floats() == [7, 255])
    #expect(try file(Tensor([0.5, 1e300], shape: [1, 2]), folder).count(for: ModelInputs(Self.pairs)) == 1)
    #expect(try file(Tensor([0.5, 0.1], shape: [1, 2]), folder).input(0, for: Self.pairs).floats() == [0.5, 0.1])
    let integers = TensorType(.int64, [1, 2])
    #expect(try file(Tensor([Int64(7), -1], shape: [1, 2]), folder).input(0, for: integers).integers() == [7, -1])
    let floats = try file(Tensor([Float(7), 1], shape: [1, 2]), folder)
    #expect(refusal { _ = try floats.input(0, for: integers) } == "holds float32, the model's input is int64")
  }

  @Test func filesThatAreNone() throws {
    let folder = try Folder()
    for name in ["a.npy", "a.npz", "a.pb"] {
      let path = try folder.write("no tensor", name)
      #expect(refusal { _ = try TensorFile.read(path) } != nil)
      // As a sample it stays one: reading it then tells why.
      #expect(try SampleFolder.samples(at: path, inputs: ModelInputs(Self.pairs)).samples.count == 1)
    }
    #expect(refusal { _ = try TensorFile.read(folder / "none.npy") }?.contains("No such file") == true)
  }
}
