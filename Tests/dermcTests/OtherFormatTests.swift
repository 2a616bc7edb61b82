import CanonicalJSON
import NumPyFiles
import Platform
import Tensors
import Testing

/// Models that are no ONNX files: TensorFlow Lite is read, others are refused with the line that exports them.
@Suite struct OtherFormatTests {
  private static let models = Fixture.root + "tflite"

  @Test func tensorFlowLiteIsTakenEverywhere() throws {
    let folder = try Folder()
    let model = "\(Self.models)/network_float.tflite"
    let stats = try Program.run("stats", model, "--json")
    #expect(stats.status == 0, "\(stats.error)")
    #expect(try stats.json()["macs"].int() == 37_904)
    let input = try #require(NumPyFile.read(path: "\(Self.models)/network_float.npz").first { $0.name == "in0" })
    try NumPyFile.write(input.tensor, to: folder / "x.npy")
    var outputs: [Tensor] = []
    for (index, path) in [model, folder / "model.derm", folder / "model.onnx"].enumerated() {
      if index > 0 { #expect(try Program.run("convert", model, "-o", path).status == 0) }
      let output = folder / "y\(index).npy"
      let run = try Program.run("run", path, folder / "x.npy", "--output", output)
      #expect(run.status == 0, "\(run.error)")
      outputs.append(try #require(NumPyFile.read(path: output).first).tensor)
    }
    #expect(outputs[0].shape == [2, 7])
    for output in outputs.dropFirst() {
      for (a, b) in zip(outputs[0].doubles(), output.doubles()) { #expect((a - b).magnitude <= 1e-6) }
    }
  }

  /// What begins a file of each kind, and what its refusal must say.
  private static let files: [(name: String, bytes: [UInt8], parts: [String])] = [
    (
      "model.h5", [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0],
      ["is a Keras model", "load_model('", "model.h5'", "open('model.tflite', 'wb')"]
    ),
    (
      "model.keras", [0x50, 0x4B, 3, 4] + Array("config.json model.weights.h5".utf8),
      ["is a Keras model", "model.keras'"]
    ),
    (
      "model.pt", [0x50, 0x4B, 3, 4] + Array("archive/data.pkl".utf8),
      ["is a PyTorch checkpoint", "torch.onnx.export(", "'model.onnx'"]
    ),
    ("old.pth", [0x80, 0x02, 0x8A, 0x0A], ["is a PyTorch checkpoint", "torch.load('"]),
    (
      "model.safetensors", [2, 0, 0, 0, 0, 0, 0, 0] + Array("{} ".utf8),
      ["safetensors", "load_file('", "torch.onnx.export("]
    ),
    (
      "graph.pb", [0x0A, 8, 0x0A, 1, 0x78, 0x12, 3, 0x41, 0x64, 0x64],
      ["is a frozen TensorFlow graph", "from_frozen_graph('"]
    ),
    ("saved_model.pb", [0x08, 0x01, 0x12, 0], ["is a TensorFlow SavedModel", "from_saved_model('"]),
    ("model.mlmodel", [0x08, 0x04, 0x12, 0], ["is a Core ML model", "export the model it was converted from"]),
  ]

  @Test(arguments: files.indices) func othersAreRefusedWithTheLineToRun(index: Int) throws {
    let (name, bytes, parts) = Self.files[index]
    let folder = try Folder()
    let path = folder / name
    let file = try #require(fopen(path, "w"))
    #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    fclose(file)
    let outcome = try Program.run("stats", path)
    #expect(outcome.status == 3)
    #expect(outcome.isOneLine(with: [path, "expected an ONNX or TensorFlow Lite model"] + parts), "\(outcome.error)")
  }

  @Test func aSavedModelIsAFolder() throws {
    let folder = try Folder()
    _ = try folder.write("x", to: "saved_model.pb")
    let outcome = try Program.run("stats", folder.path)
    #expect(outcome.status == 3)
    #expect(
      outcome.isOneLine(with: ["is a TensorFlow SavedModel", "from_saved_model('\(folder.path)')"]), "\(outcome.error)")
  }
}
