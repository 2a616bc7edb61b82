import Answers
import CanonicalJSON
import DataSets
import Hashing
import IR
import Images
import ONNX
import Operators
import Platform
import Tensors
import Testing

@testable import Compiler

/// How data, settings and a model come together.
@Suite struct DataBindingTests {
  /// A folder with a model of three channels, 4 x 4 pixels and so many outputs.
  private final class Folder {
    let path: String
    let model: LoadedModel

    init(outputs: Int) throws {
      var template = Array("\(getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir)/dermc-XXXXXX".utf8CString)
      let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap(mkdtemp).map { String(cString: $0) } }
      path = try #require(made)
      var graph = Graph(name: "small")
      let x = graph.addInput("x", TensorType(.float32, [1, 3, 4, 4]))
      let flat = try graph.add(Reshape(shape: [1, 48]), name: "flat", inputs: [x])[0]
      let w = graph.addConstant("w", Tensor([Float](repeating: 0.5, count: 48 * outputs), shape: [outputs, 48]))
      graph.addOutput(try graph.add(Gemm(), name: "scores", inputs: [flat, w])[0])
      try ONNXWriter.write(graph, to: "\(path)/model.onnx")
      model = try LoadedModel(path: "\(path)/model.onnx")
    }

    deinit {
      for name in ["model.onnx", "data/labels.csv", "data/a.jpg", "data/b.jpg", "a,b"] { unlink("\(path)/\(name)") }
      rmdir("\(path)/data")
      rmdir(path)
    }

    func binding(_ settings: DataSettings, task: OutputMeaning.Task? = nil) throws -> DataBinding {
      let answer = try AnswerSettings(task: task, scores: nil, output: nil, positive: nil)
      return try DataBinding(
        model, settings: settings, decision: DecisionOutput(model, answer, labels: settings.labels))
    }

    /// Labelled data of two images.
    func data(_ labels: String) throws -> String {
      mkdir("\(path)/data", 0o755)
      for name in ["a", "b"] { try OutputFile.write(Array(name.utf8), to: "\(path)/data/\(name).jpg") }
      try OutputFile.write(Array(labels.utf8), to: "\(path)/data/labels.csv")
      return "\(path)/data"
    }
  }

  /// The hash in a report is that of the model that was read.
  @Test func aModelThatChangedHasNoHash() throws {
    let folder = try Folder(outputs: 2)
    let bytes = try MappedFile.contents(of: folder.model.path)
    #expect(try folder.model.sha256() == SHA256(of: bytes))
    let descriptor = open(folder.model.path, O_WRONLY)
    #expect(pwrite(descriptor, "x", 1, bytes.count / 2) == 1)
    close(descriptor)
    let error = #expect(throws: Refusal.self) { try folder.model.sha256() }
    #expect(error.map { "\($0)" }?.contains("changed while it was read") == true, "\(String(describing: error))")
  }

  @Test func aBinaryModelOfOneOutputHasTwoClasses() throws {
    let folder = try Folder(outputs: 1)
    let data = try folder.data("file,target\na,0\nb,1.0\n")
    let settings = try DataSettings(size: nil)
    let labelled = try folder.binding(settings).labelled(at: data)
    #expect(labelled.classes == ["0", "1"] && labelled.samples.labels == [0, 1] && labelled.samples.labelSets == nil)
    let named = try DataSettings(size: nil, labels: "benign,malignant")
    #expect(try folder.binding(named).labelled(at: data).classes == named.labels)
    let three = try DataSettings(size: nil, labels: "a,b,c")
    let wrong = #expect(throws: Refusal.self) { try folder.binding(three, task: .binary) }
    #expect(wrong?.description == "--labels: has 3 class names, \(folder.model.path) has 2 classes")
  }

  @Test func labelSetsAreReadWhereTheTaskHasThem() throws {
    let folder = try Folder(outputs: 3)
    let data = try folder.data("file,label\na,0|2\nb,\n")
    let settings = try DataSettings(size: nil)
    #expect(try folder.binding(settings, task: .multilabel).labelled(at: data).samples.labelSets == [[0, 2], []])
    let refused = #expect(throws: Refusal.self) { try folder.binding(settings).labelled(at: data) }
    #expect(refused?.description.contains("line 2: has 2 labels") == true)
  }

  @Test func namesStandInAFileOrOnTheCommandLine() throws {
    let folder = try Folder(outputs: 1)
    #expect(try DataSettings(size: nil, labels: " mel, nv,bkl").labels == ["mel", "nv", "bkl"])
    let file = "\(folder.path)/a,b"
    try OutputFile.write(Array("x\ny\n".utf8), to: file)
    let settings = try DataSettings(size: nil, labels: file)
    #expect(settings.labels == ["x", "y"] && settings.labelsFile == file)
    for text in ["a,", "a,b,a"] {
      #expect(#expect(throws: Refusal.self) { try DataSettings(size: nil, labels: text) }?.kind == .usage)
    }
    #expect(#expect(throws: Refusal.self) { try DataSettings(size: nil, labels: "nowhere.txt") }?.kind == .unreadable)
  }

  @Test func whatOptionsOverrideIsTold() throws {
    let folder = try Folder(outputs: 2)
    let stored: JSON = [
      "size": [4, 4], "scale": .double(1.0 / 255), "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
      "channels": "rgb", "resize": "direct",
    ]
    func binding(_ settings: DataSettings, _ stored: JSON?) throws -> DataBinding {
      try DataBinding(
        folder.model, settings: settings, preprocessing: stored, labels: nil,
        decision: DecisionOutput(folder.model, AnswerSettings(), labels: nil))
    }
    #expect(try binding(DataSettings(size: nil), stored).overrides == [])
    #expect(try binding(DataSettings(size: nil, mean: "0.485,0.456,0.406", channels: .rgb), stored).overrides == [])
    #expect(try binding(DataSettings(size: nil, mean: "0.5"), nil).overrides == [])
    let changed = try binding(DataSettings(size: nil, scale: "1", mean: "0.5", resize: .centerCrop), stored)
    #expect(
      changed.overrides == ["scale 1/255 -> 1.0", "mean 0.485,0.456,0.406 -> 0.5", "resize direct -> center-crop"])
    #expect(changed.overrideWarning?.contains("override its stored preprocessing: scale 1/255 -> 1.0; mean") == true)
  }

  @Test(arguments: [
    ("metadata=1,x", "--input metadata: 'x' is not a number"), ("=1", "--input =1: expected"),
    ("a", "--input a: expected"),
  ])
  func inputsThatMakeNoSense(text: String, message: String) throws {
    var data = DataSetTexts()
    data.inputs = [text]
    let refused = #expect(throws: Refusal.self) { try DataSettings(size: nil, data: data) }
    #expect(refused?.kind == .usage && refused?.description.hasPrefix(message) == true)
  }
}
