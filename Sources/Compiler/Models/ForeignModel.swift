import DataSets
import Tensors

/// Models in forms that are not read, told by what is in them, and the line that exports each.
enum ForeignModel: Sendable, CaseIterable {
  case keras, torch, safetensors, savedModel, frozenGraph, coreML

  /// What a file or folder is; nil for one that may be a model that is read, and for one that cannot be opened: who
  /// opens it says why.
  init?(_ path: String) {
    if FileTree.kind(of: path) == .folder {
      let names = (try? FileTree.names(in: path)) ?? []
      if names.contains("saved_model.pb") {
        self = .savedModel
      } else if path.hasSuffix(".mlpackage") || names.contains("Manifest.json") {
        self = .coreML
      } else {
        return nil
      }
      return
    }
    guard let file = try? MappedFile(path: path),
      let form = file.withBytes({ ForeignModel.recognize($0, endings: path) })
    else { return nil }
    self = form
  }

  private static func recognize(_ bytes: UnsafeRawBufferPointer, endings path: String) -> ForeignModel? {
    func starts(_ prefix: [UInt8]) -> Bool { bytes.starts(with: prefix) }
    // HDF5.
    if starts([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]) { return .keras }
    if starts([0x50, 0x4B, 0x03, 0x04]) { return archive(bytes) }
    // A pickle, as PyTorch wrote it before archives.
    if starts([0x80, 0x02]), [".pt", ".pth", ".bin", ".ckpt"].contains(where: path.hasSuffix) { return .torch }
    if isSafetensors(bytes) { return .safetensors }
    // SavedModel: schema version 1, then a MetaGraphDef. ONNX models have 3 or more there.
    if starts([0x08, 0x01, 0x12]) { return .savedModel }
    if isGraphDef(bytes) { return .frozenGraph }
    return path.hasSuffix(".mlmodel") ? .coreML : nil
  }

  /// The members of a zip archive are named in its directory, at its end.
  private static func archive(_ bytes: UnsafeRawBufferPointer) -> ForeignModel? {
    let directory = bytes.suffix(1 << 16)
    func names(_ member: String) -> Bool {
      let name = Array(member.utf8)
      var rest = directory
      while let start = rest.firstIndex(of: name[0]) {
        rest = rest[start...]
        if rest.starts(with: name) { return true }
        rest = rest.dropFirst()
      }
      return false
    }
    if names("model.weights.h5") { return .keras }
    return names("data.pkl") ? .torch : nil
  }

  /// The length of a JSON object in 64 bits, then the object.
  private static func isSafetensors(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count > 9 else { return false }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    return length > 1 && length <= UInt64(bytes.count - 8) && bytes[8] == UInt8(ascii: "{")
  }

  /// A protobuf of nodes (field 1), each with a name (1) and an operator (2).
  private static func isGraphDef(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.first == 0x0A, let node = bytes.dropFirst().prefix(5).firstIndex(where: { $0 < 0x80 }) else {
      return false
    }
    let name = node + 1
    guard name + 1 < bytes.count, bytes[name] == 0x0A, bytes[name + 1] < 0x80 else { return false }
    let op = name + 2 + Int(bytes[name + 1])
    return op < bytes.count && bytes[op] == 0x12
  }

  private var description: String {
    switch self {
    case .keras: "is a Keras model"
    case .torch: "is a PyTorch checkpoint"
    case .safetensors: "is a file of weights (safetensors), without the model's layers"
    case .savedModel: "is a TensorFlow SavedModel"
    case .frozenGraph: "is a frozen TensorFlow graph"
    case .coreML: "is a Core ML model"
    }
  }

  /// Why a model in this form is not read, and the line to run.
  func refusal(_ path: String) -> Refusal {
    // A name that would end a string of the line is not put into it.
    let isPlain = path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"'\"\\$`".utf8.contains($0) }
    let name = isPlain ? path : "model"
    let stem = name.split(separator: "/").last?.split(separator: ".").first.map { String($0) } ?? "model"
    func tensorFlow(_ converter: String) -> String {
      "export it: python3 -c \"import tensorflow as tf; "
        + "open('\(stem).tflite', 'wb').write(tf.\(converter).convert())\""
    }
    func torch(_ weights: String) -> String {
      "export it where the model's class is: model.load_state_dict(\(weights)); "
        + "torch.onnx.export(model.eval(), torch.zeros(1, 3, 224, 224), '\(stem).onnx')"
    }
    let remedy =
      switch self {
      case .keras:
        tensorFlow("lite.TFLiteConverter.from_keras_model(tf.keras.models.load_model('\(name)', compile=False))")
      case .savedModel: tensorFlow("lite.TFLiteConverter.from_saved_model('\(folder(name))')")
      case .frozenGraph:
        tensorFlow("compat.v1.lite.TFLiteConverter.from_frozen_graph('\(name)', ['input'], ['output'])")
          + ", with the names of its input and output"
      case .torch: torch("torch.load('\(name)', map_location='cpu')")
      case .safetensors: torch("safetensors.torch.load_file('\(name)')")
      case .coreML: "export the model it was converted from to ONNX or .tflite"
      }
    return Refusal(file: path, reason: "\(description), expected an ONNX or TensorFlow Lite model", remedy: remedy)
  }

  /// A SavedModel is a folder, whose file may be what was named.
  private func folder(_ name: String) -> String {
    guard name.hasSuffix(".pb") else { return name }
    let folder = name.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    return folder.isEmpty ? "." : folder
  }
}
