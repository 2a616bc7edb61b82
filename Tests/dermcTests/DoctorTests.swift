import CanonicalJSON
import IR
import Images
import NumPyFiles
import ONNX
import Operators
import Tensors
import Testing

/// `dermc doctor` on models whose preprocessing is known.
@Suite struct DoctorTests {
  private func preprocessing(_ json: JSONNode) throws -> Preprocessing { try Preprocessing(json: json) }

  private func documented() throws -> Preprocessing {
    try preprocessing(JSONNode(JSON(parsing: MappedFile.contents(of: Fixture.preprocessing)), name: "documented"))
  }

  @Test(arguments: [[], ["--ignore-labels"]]) func putsTheDocumentedPreprocessingFirst(options: [String]) throws {
    let outcome = try Program.run(
      ["doctor", Fixture.mobilenet, Fixture.evaluation, "--samples", "42", "--json"] + options)
    #expect(outcome.status == 0 && outcome.error == "", "\(outcome.error)")
    let found = try outcome.json()
    #expect(try found["samples"].int() == 42)
    #expect(try found["basis"].string() == (options.isEmpty ? "labels" : "normalization"))
    #expect(try preprocessing(found["preprocessing"]) == documented())
    let trials = try found["trials"].elements()
    #expect(try trials.count >= 10 && trials[0]["name"].string() == "ImageNet mean and std")
    #expect(try trials[0]["normalization_divergence"].double() < 0.1)
    // Other conventions are told from it; other ways of resizing square images may not be.
    for trial in trials where try trial["name"].string() != "ImageNet mean and std" {
      #expect(try !trial["tied"].bool())
      #expect(try trial["normalization_divergence"].double() > 0.3)
    }
    if options.isEmpty {
      #expect(try trials[0]["top1"]["value"].double() > 0.7)
      #expect(try found["classes"].strings() == Fixture.classes)
    }
  }

  @Test func writesWhatOtherCommandsRead() throws {
    let folder = try Folder()
    let arguments = ["doctor", Fixture.cnn, Fixture.evaluation, "--samples", "28", "-o", folder.path]
    let outcome = try Program.run(arguments)
    #expect(outcome.status == 0 && outcome.error == "", "\(outcome.error)")
    #expect(outcome.output.contains("ImageNet mean and std") && outcome.output.contains("written  "))
    #expect(folder.names == ["classes.txt", "preprocess.json"])
    let run = try Program.run(
      "run", Fixture.cnn, Fixture.image, "--preprocess", folder / "preprocess.json", "--labels", folder / "classes.txt",
      "--json")
    let told = try Program.run("run", Fixture.cnn, Fixture.image, "--preprocess", Fixture.preprocessing, "--json")
    #expect(run.status == 0, "\(run.error)")
    #expect(try run.json().elements()[0]["output"].doubles() == told.json().elements()[0]["output"].doubles())
    #expect(try Fixture.classes.contains(run.json().elements()[0]["top"].elements()[0]["class"].string()))

    // What is there is not replaced without being asked for.
    try folder.write("kept", to: "classes.txt")
    let refused = try Program.run(arguments)
    #expect(refused.status == 3 && refused.isOneLine(with: ["preprocess.json", "exists", "--overwrite"]))
    #expect(try Program.run(arguments + ["--overwrite", "--quiet"]).status == 0)
    #expect(try MappedFile.contents(of: folder / "classes.txt").count > 10)
    #expect(folder.names == ["classes.txt", "preprocess.json"])
  }

  /// Class folders of other names put the classes in another order than the model's.
  @Test func findsTheOrderOfClasses() throws {
    let folder = try Folder()
    let names = ["3-akiec", "5-bcc", "1-bkl", "7-df", "2-mel", "4-nv", "6-vasc"]
    for (label, name) in zip(Fixture.classes, names) {
      _ = folder.makeFolder(name)
      for number in 0..<10 {
        let file = Fixture.evaluation + "/\(label)/00\(number)" + (number == 7 ? ".png" : ".jpg")
        try folder.copy(file, as: "\(name)/\(number)" + (number == 7 ? ".png" : ".jpg"))
      }
    }
    let found = try Program.run("doctor", Fixture.cnn, folder.path, "--samples", "70", "--json").json()
    #expect(try found["reordered"].bool() && found["classes"].strings() == names)
    #expect(try preprocessing(found["preprocessing"]) == documented())
    #expect(try found["trials"].elements()[0]["top1"]["value"].double() > 0.6)
  }

  /// Images of noise, and labels that mean nothing.
  @Test func cannotTellFromNoise() throws {
    let folder = try Folder()
    var state: UInt64 = 7
    for label in Fixture.classes {
      _ = folder.makeFolder(label)
      for number in 0..<3 {
        let pixels = (0..<32 * 32 * 3).map { _ -> UInt8 in
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          return UInt8(truncatingIfNeeded: state >> 56)
        }
        try OutputFile.write(PNG.rgb(pixels, width: 32, height: 32), to: folder / "\(label)/\(number).png")
      }
    }
    for options in [[], ["--ignore-labels"]] {
      let outcome = try Program.run(["doctor", Fixture.mobilenet, folder.path] + options)
      #expect(outcome.status == 0 && outcome.output.contains("cannot tell"), "\(outcome.output)\(outcome.error)")
    }
    let target = try Folder()
    let written = try Program.run("doctor", Fixture.mobilenet, folder.path, "-q", "-o", target.path)
    #expect(written.status == 1 && written.isOneLine(with: ["no preprocessing fits", "none is written"]))
    #expect(target.names == [])
  }

  @Test func holdsABundlesPreprocessingAgainstTheRest() throws {
    let outcome = try Program.run("doctor", try Compiled.bundle(), Fixture.evaluation, "--samples", "35", "--json")
    #expect(outcome.status == 0, "\(outcome.error)")
    let trials = try outcome.json()["trials"].elements()
    #expect(try trials[0]["origin"].string() == "stored" && trials[0]["name"].string() == "as stored")
    #expect(try trials[0]["normalization_divergence"].value == .null)
    // The same convention is not tried twice.
    #expect(try trials.count { try $0["name"].string() == "ImageNet mean and std" } == 0)
  }

  /// [1, 3, 8, 3] is an image of 8 rows and 3 columns, or of 3 rows and 8 columns.
  @Test func triesBothOrdersOfDimensionsWhereTheShapeLeavesThatOpen() throws {
    let folder = try Folder()
    var graph = Graph(name: "open")
    var x = graph.addInput("x", TensorType(.float32, [1, 3, 8, 3]))
    x = try graph.add(GlobalAveragePool(), name: "pool", inputs: [x])[0]
    x = try graph.add(Reshape(shape: [1, 3]), name: "flat", inputs: [x])[0]
    let w = graph.addConstant("w", Models.numbers([7, 3]))
    graph.addOutput(try graph.add(Gemm(), name: "scores", inputs: [x, w])[0])
    try ONNXWriter.write(graph, to: folder / "open.onnx")
    for (options, expected) in [([], ["nchw", "nhwc"]), (["--layout", "nhwc"], ["nhwc"])] {
      let outcome = try Program.run(
        ["doctor", folder / "open.onnx", Fixture.evaluation, "--samples", "14", "--json"] + options)
      #expect(outcome.status == 0, "\(outcome.error)")
      let trials = try outcome.json()["trials"].elements()
      #expect(try Set(trials.map { try $0["layout"].string() }).sorted() == expected)
    }
  }

  @Test func refusesWhatItCannotLookAt() throws {
    let folder = try Folder()
    let empty = try Program.run("doctor", Fixture.cnn, folder.path)
    #expect(empty.status == 3 && empty.isOneLine(with: [folder.path]))
    try NumPyFile.write(Tensor([Float](repeating: 0, count: 3 * 96 * 96), shape: [1, 3, 96, 96]), to: folder / "x.npy")
    let tensors = try Program.run("doctor", Fixture.cnn, folder.path)
    #expect(tensors.status == 3 && tensors.isOneLine(with: ["holds tensors only"]))
    let names = try Program.run(
      "doctor", Fixture.cnn, Fixture.evaluation, "--labels", folder.write("a\nb\n", to: "two.txt"), "--ignore-labels")
    #expect(names.status == 3 && names.isOneLine(with: ["decides among 7 classes", "2 class names"]), "\(names.error)")
    let none = try Program.run("doctor", Fixture.cnn, Fixture.evaluation, "--samples", "0")
    #expect(none.status == 2)
    let missing = try Program.run("doctor", Fixture.cnn, Fixture.evaluation, "-o", folder / "missing")
    #expect(missing.status == 3 && missing.isOneLine(with: ["missing", "no such folder"]))
  }
}
