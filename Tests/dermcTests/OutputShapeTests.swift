import CanonicalJSON
import NumPyFiles
import Tensors
import Testing

/// Answers are taken whole, in whatever shape a model gives them.
@Suite struct OutputShapeTests {
  @Test(arguments: Models.Answer.allCases) func outputIsWhole(answer: Models.Answer) throws {
    let folder = try Folder()
    try Models.classifier(answering: answer, to: folder / "model.onnx")
    try NumPyFile.write(Models.numbers([1, 3, 8, 8]), to: folder / "one.npy")
    try NumPyFile.write(Models.numbers([2, 3, 8, 8]), to: folder / "two.npy")
    let one = try Program.run("run", folder / "model.onnx", folder / "one.npy", "--output", folder / "y1.npy", "--json")
    #expect(one.status == 0, "\(one.error)")
    let y1 = try NumPyFile.read(path: folder / "y1.npy")[0].tensor
    #expect(y1.shape == answer.shape)
    let results = try one.json().elements()
    #expect(results.count == 1)
    #expect(try results[0]["output"].elements().count == 10)

    let two = try Program.run("run", folder / "model.onnx", folder / "two.npy", "--output", folder / "y2.npy", "--json")
    #expect(two.status == 0, "\(two.error)")
    let y2 = try NumPyFile.read(path: folder / "y2.npy")[0].tensor
    #expect(y2.shape == (answer == .rows ? [2, 10] : [2] + answer.shape))
    #expect(y2.floats()?.prefix(10) == y1.floats()?.prefix(10))
    #expect(Set(y2.floats() ?? []).count > 10)
    #expect(try two.json().elements().count == 2)
  }

  /// Three channels and three classes: the first dimensions are equal, and are no batch.
  @Test func imagesWithoutABatchAreOneSample() throws {
    let folder = try Folder()
    try Models.classifier(answering: .squeezed, hasBatch: false, classes: 3, to: folder / "model.onnx")
    try NumPyFile.write(Models.numbers([3, 8, 8]), to: folder / "image.npy")
    let run = try Program.run(
      "run", folder / "model.onnx", folder / "image.npy", "--output", folder / "y.npy", "--json")
    #expect(run.status == 0, "\(run.error)")
    #expect(try NumPyFile.read(path: folder / "y.npy")[0].tensor.shape == [3])
    let results = try run.json().elements()
    #expect(results.count == 1)
    #expect(try results[0]["input"].string() == "image.npy" || results[0]["input"].string().hasSuffix("/image.npy"))
  }

  /// Classes are counted whole too.
  @Test(arguments: Models.Answer.allCases) func accuracyIsOfAllClasses(answer: Models.Answer) throws {
    let folder = try Folder()
    try Models.classifier(answering: answer, to: folder / "model.onnx")
    let data = folder.makeFolder("data")
    var lines = ["file,label"]
    for index in 0..<10 {
      try NumPyFile.write(Models.numbers([1, 3, 8, 8], from: index), to: "\(data)/\(index).npy")
      lines.append("\(index).npy,\(index)")
    }
    try folder.write(lines.joined(separator: "\n") + "\n", to: "data/labels.csv")
    let eval = try Program.run("eval", folder / "model.onnx", data, "--json")
    #expect(eval.status == 0, "\(eval.error)")
    #expect(try eval.json()["per_class"].elements().count == 10)
    let compile = try Program.run(
      "compile", folder / "model.onnx", "--int8", "--calib", data, "--eval", data, "-o", folder / "small.derm")
    #expect(compile.status == 0, "\(compile.error)")
    let report = JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "small.report.json")), name: "report")
    #expect(try report["accuracy"]["samples"].int() == 10)
    #expect(try report["accuracy"]["agreement"].double() > 0.5)
  }

  /// Where no sample has the last classes, a bundle still names as many as its model has; folders whose names are some
  /// of the numbers are no classes in order.
  @Test func classesWithoutSamplesAreCounted() throws {
    let folder = try Folder()
    try Models.classifier(answering: .rows, to: folder / "model.onnx")
    let data = folder.makeFolder("data")
    var lines = ["file,label"]
    for index in 0..<6 {
      try NumPyFile.write(Models.numbers([1, 3, 8, 8], from: index), to: "\(data)/\(index).npy")
      lines.append("\(index).npy,\(index)")
    }
    try folder.write(lines.joined(separator: "\n") + "\n", to: "data/labels.csv")
    let compile = try Program.run(
      "compile", folder / "model.onnx", "--int8", "--calib", data, "--eval", data, "-o", folder / "small.derm")
    #expect(compile.status == 0, "\(compile.error)")
    let eval = try Program.run("eval", folder / "small.derm", data, "--json")
    #expect(eval.status == 0, "\(eval.error)")
    #expect(try eval.json()["per_class"].elements().count == 10)
    _ = folder.makeFolder("folders")
    for name in ["1", "3"] {
      _ = folder.makeFolder("folders/\(name)")
      try NumPyFile.write(Models.numbers([1, 3, 8, 8]), to: folder / "folders/\(name)/0.npy")
    }
    let folders = try Program.run("eval", folder / "model.onnx", folder / "folders")
    #expect(folders.status == 3 && folders.isOneLine(with: ["2 class folders", "10 outputs", "--labels"]))
  }

  /// Layers over tokens keep their operators, and so their bits, in either format.
  @Test func tokensConvertBitForBit() throws {
    let folder = try Folder()
    try Models.tokens(to: folder / "model.onnx")
    try NumPyFile.write(Models.numbers([1, 5, 8]), to: folder / "x.npy")
    var outputs: [[UInt8]] = []
    #expect(try Program.run("convert", folder / "model.onnx", "-o", folder / "a.derm").status == 0)
    #expect(try Program.run("convert", folder / "a.derm", "-o", folder / "b.onnx").status == 0)
    #expect(try Program.run("compile", folder / "model.onnx", "-o", folder / "c.derm", "-q").status == 0)
    #expect(try Program.run("convert", folder / "c.derm", "-o", folder / "d.onnx").status == 0)
    for model in ["model.onnx", "a.derm", "b.onnx", "c.derm", "d.onnx"] {
      let run = try Program.run("run", folder / model, folder / "x.npy", "--output", folder / "y.npy", "--quiet")
      #expect(run.status == 0, "\(run.error)")
      outputs.append(try MappedFile.contents(of: folder / "y.npy"))
    }
    #expect(Set(outputs).count == 1)
  }
}

/// Tensors with NaN and infinities, which are no data of a model that decides something.
@Suite struct NonFiniteTests {
  @Test func tensorsGoInAsTheyAreWhereNothingIsDecided() throws {
    let folder = try Folder()
    let model = Fixture.root + "operators/relu_infinities.onnx"
    try NumPyFile.write(Tensor([-Float.infinity, -1, 0, 1, .infinity]), to: folder / "x.npy")
    func run(_ options: String...) throws -> Outcome {
      try Program.run(["run", model, folder / "x.npy", "--output", folder / "y.npy"] + options)
    }
    let taken = try run("--task", "none")
    #expect(taken.status == 0)
    #expect(taken.error.contains("x.npy: holds NaN or infinity, which the model is given as it is"))
    #expect(try NumPyFile.read(path: folder / "y.npy")[0].tensor.floats() == [0, 0, 0, 1, .infinity])
    #expect(try run("--task", "none", "--quiet").error.isEmpty)
    for options in [["--task", "none", "--strict"], ["--task", "binary"]] {
      let refused = try Program.run(["run", model, folder / "x.npy"] + options)
      #expect(refused.status == 3)
      #expect(refused.error.contains("holds NaN or infinity (element 0)"), "\(refused.error)")
    }
  }

  /// Integers have no NaN.
  @Test func int8ModelsTakeNone() throws {
    let folder = try Folder()
    let numbers = [Float](repeating: .nan, count: 30)
    try NumPyFile.write(Tensor(numbers, shape: [2, 3, 5]), to: folder / "x.npy")
    let refused = try Program.run(
      "run", Fixture.root + "operators/qdq_round_trip.onnx", folder / "x.npy", "--task", "none")
    #expect(refused.status == 3)
    #expect(refused.error.contains("holds NaN or infinity (element 0)"), "\(refused.error)")
  }
}
