import CanonicalJSON
import NumPyFiles
import Platform
import Tensors
import Testing

/// Calibration and evaluation data that cannot be used.
@Suite struct DataRefusalTests {
  /// A folder with a small model and some good images, and room for bad ones.
  private func prepared(images: Int = 3) throws -> (folder: Folder, model: String, data: String) {
    let folder = try Folder()
    let data = folder.makeFolder("data")
    for index in 0..<images { try folder.copy(Fixture.image, as: "data/good\(index).jpg") }
    return (folder, try folder.copy(Fixture.bad("small")), data)
  }

  private func compile(_ model: String, _ data: String, _ options: String...) throws -> Outcome {
    try Program.run(["compile", model, "--int8", "--calib", data, "--scale", "1/255"] + options)
  }

  @Test func emptyFolder() throws {
    let (folder, model, data) = try prepared(images: 0)
    try folder.write("no image", to: "data/notes.txt")
    let outcome = try compile(model, data)
    #expect(outcome.status == 3 && outcome.isOneLine(with: [data, "contains no images"]), "\(outcome.error)")
    #expect(folder.names == ["data", "small.onnx"])
  }

  @Test func missingFolderAndFilesThatAreNoData() throws {
    let (folder, model, _) = try prepared()
    for (path, part) in [
      (folder / "nowhere", "no such file or folder"), (model, "is not an image"), ("/dev/null", "neither"),
    ] {
      let outcome = try compile(model, path)
      #expect(outcome.status == 3 && outcome.isOneLine(with: [path, part]), "\(outcome.error)")
    }
    #expect(folder.names == ["data", "small.onnx"])
  }

  @Test(.enabled(if: geteuid() != 0, "every folder can be read by root")) func unreadableFolder() throws {
    let (folder, model, data) = try prepared()
    chmod(data, 0)
    defer { chmod(data, 0o755) }
    let outcome = try compile(model, data)
    #expect(outcome.status == 3 && outcome.isOneLine(with: [data, "Permission denied"]), "\(outcome.error)")
    #expect(folder.names == ["data", "small.onnx"])
  }

  @Test func corruptImageAmongGoodOnesIsSkippedAndNamed() throws {
    let (folder, model, data) = try prepared()
    try OutputFile.write(Array(MappedFile.contents(of: Fixture.image).prefix(1500)), to: data + "/cut.jpg")
    let strict = try compile(model, data, "--strict")
    #expect(strict.status == 3)
    #expect(strict.isOneLine(with: [data + "/cut.jpg", "damaged JPEG", "--strict"]), "\(strict.error)")
    #expect(folder.names == ["data", "small.onnx"])

    let outcome = try compile(model, data)
    #expect(outcome.status == 0)
    #expect(outcome.isOneLine(with: ["warning: skipped", data + "/cut.jpg", "damaged JPEG"]), "\(outcome.error)")
    let report = JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "small.report.json")), name: "report")
    #expect(try report["calibration"]["samples"].int() == 3)
    #expect(try report["calibration"]["skipped"].elements().map { try $0["file"].string() } == ["cut.jpg"])

    let run = try Program.run("run", folder / "small.derm", data, "--json")
    #expect(run.status == 0 && run.isOneLine(with: ["skipped", "cut.jpg"]))
    #expect(try run.json().elements().count == 3)
    #expect(try Program.run("run", folder / "small.derm", data, "--strict").status == 3)
    #expect(try Program.run("run", folder / "small.derm", data, "--quiet").error == "")
    let single = try Program.run("run", folder / "small.derm", data + "/cut.jpg")
    #expect(single.status == 3 && single.isOneLine(with: ["cut.jpg", "damaged JPEG"]), "\(single.error)")
  }

  @Test func nothingThatCanBeRead() throws {
    let (folder, model, data) = try prepared(images: 0)
    for name in ["a.jpg", "b.png"] { try folder.write("not an image", to: "data/\(name)") }
    let outcome = try compile(model, data)
    #expect(outcome.status == 3)
    #expect(
      outcome.isOneLine(with: [data, "no sample could be used", "a.jpg", "not an image"]), "\(outcome.error)")
    #expect(folder.names == ["data", "small.onnx"])
  }

  @Test func tensorsThatDoNotFit() throws {
    let (folder, model, data) = try prepared(images: 0)
    try NumPyFile.write(Tensor([Float](repeating: 0, count: 64), shape: [1, 1, 8, 8]), to: data + "/a.npy")
    var outcome = try compile(model, data)
    #expect(outcome.status == 3)
    #expect(outcome.isOneLine(with: ["a.npy", "[1, 1, 8, 8]", "[1, 3, 8, 8]"]), "\(outcome.error)")

    var values = [Float](repeating: 0.5, count: 192)
    values[7] = .nan
    try NumPyFile.write(Tensor(values, shape: [1, 3, 8, 8]), to: data + "/a.npy")
    outcome = try compile(model, data)
    #expect(
      outcome.status == 3 && outcome.isOneLine(with: ["a.npy", "NaN or infinity (element 7)"]), "\(outcome.error)")
    outcome = try Program.run("run", model, data + "/a.npy")
    #expect(outcome.status == 3 && outcome.isOneLine(with: ["a.npy", "NaN"]))

    try NumPyFile.write(Tensor([Float](repeating: 0, count: 6 * 192), shape: [6, 3, 8, 8]), to: data + "/a.npy")
    outcome = try Program.run("run", Fixture.bad("batch_of_4"), data + "/a.npy")
    #expect(
      outcome.status == 3 && outcome.isOneLine(with: ["a.npy", "[6, 3, 8, 8]", "[4, 3, 8, 8]"]), "\(outcome.error)")
    outcome = try Program.run("run", Fixture.bad("bytes"), data + "/a.npy")
    #expect(outcome.status == 3 && outcome.isOneLine(with: ["float32", "uint8"]), "\(outcome.error)")
    #expect(folder.names == ["data", "small.onnx"])
  }

  @Test func labelsThatDoNotFit() throws {
    let (folder, model, _) = try prepared()
    for (name, text, parts) in [
      ("few.txt", "a\nb\n", ["few.txt", "2 class names", "3 outputs"]),
      ("many.txt", "a\nb\nc\nd\n", ["many.txt", "4 class names", "3 outputs"]),
      ("twice.txt", "a\nb\nb\n", ["twice.txt", "b is named twice"]), ("empty.txt", "\n", ["empty.txt", "empty"]),
    ] {
      let labels = try folder.write(text, to: name)
      let outcome = try Program.run("run", model, Fixture.image, "--labels", labels)
      #expect(outcome.status == 3 && outcome.isOneLine(with: parts), "\(outcome.error)")
    }
  }

  @Test func evaluationDataThatDoNotFit() throws {
    let (folder, model, data) = try prepared()
    var outcome = try Program.run("eval", model, data, "--scale", "1/255")
    #expect(outcome.status == 3 && outcome.isOneLine(with: [data, "labels.csv"]), "\(outcome.error)")
    outcome = try Program.run("eval", model, Fixture.evaluation, "--scale", "1/255")
    #expect(outcome.status == 3 && outcome.isOneLine(with: ["7 classes", "3 outputs"]), "\(outcome.error)")
    for (text, parts) in [
      ("picture,kind\n", ["labels.csv", "has picture, kind", "--image-column"]),
      ("image,class\n", ["labels.csv", "names no samples"]),
      ("file,label\ngood0.jpg,0\ngood1.jpg\n", ["labels.csv, line 3", "1 columns"]),
      ("file,label\n../x.jpg,0\n", ["line 2", "outside"]),
      ("file,label\ngood0.jpg,999999999999\n", ["line 2", "999999999999"]),
    ] {
      try folder.write(text, to: "data/labels.csv")
      outcome = try Program.run("eval", model, data, "--scale", "1/255")
      #expect(outcome.status == 3 && outcome.isOneLine(with: parts), "\(outcome.error)")
    }
  }

  @Test func calibratingOnEvaluationDataIsWarnedOf() throws {
    let folder = try Folder()
    let outcome = try Program.run(
      "compile", Fixture.mobilenet, "--int8", "--calib", Fixture.evaluation, "--eval", Fixture.evaluation, "--samples",
      "5", "--preprocess", Fixture.preprocessing, "-o", folder / "model.derm")
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("5 of 210 evaluation samples were calibrated on too"), "\(outcome.output)")
  }

  @Test func imagesWithoutPreprocessingAreWarnedOf() throws {
    let (folder, model, data) = try prepared()
    let outcome = try Program.run("compile", model, "--int8", "--calib", data)
    #expect(outcome.status == 0 && outcome.error == "")
    #expect(outcome.output.contains("no preprocessing is given"))
    let run = try Program.run("run", model, Fixture.image, "--json")
    #expect(run.status == 0 && run.isOneLine(with: ["warning", "no preprocessing", "--preprocess"]))
    #expect(try Program.run("run", folder / "small.derm", Fixture.image).error == "")
  }
}
