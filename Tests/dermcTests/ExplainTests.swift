import CanonicalJSON
import DermRuntime
import IR
import Images
import Math
import NumPyFiles
import ONNX
import Operators
import Tensors
import Testing

/// `dermc run --explain`.
struct ExplainTests {
  @Test func mapIsDrawnOverTheImage() throws {
    let folder = try Folder()
    let bundle = try Compiled.bundle()
    let plain = try Program.run("run", bundle, Fixture.image, "--json")
    let outcome = try Program.run("run", bundle, Fixture.image, "--json", "--explain", folder / "map.png")
    #expect(outcome.status == 0)
    let json = try outcome.json().elements()[0]
    let explanation = try json["explanation"]
    #expect(try explanation["class"].string() == json["decided"].elements()[0].string())
    #expect(try explanation["method"].string() == "gradcam")
    #expect(try explanation["file"].string() == folder / "map.png")
    #expect(try explanation["peak"]["value"].double() > 0)
    // What the model says is the same, to the last bit.
    #expect(try json["output"].doubles() == plain.json().elements()[0]["output"].doubles())

    let photo = try Image(path: Fixture.image)
    let picture = try Image(path: folder / "map.png")
    #expect(max(picture.width, picture.height) >= 448)
    #expect(picture.height > picture.width * photo.height / photo.width)
    #expect(picture.channels == 3)
  }

  @Test(arguments: ["gradcam", "cam", "occlusion", "scorecam"])
  func arrayHasTheSizeOfTheInput(_ method: String) throws {
    let folder = try Folder()
    let outcome = try Program.run(
      "run", try Compiled.bundle(), Fixture.image, "--explain", folder / "map.npy", "--method", method, "--class", "mel"
    )
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("where it looks for mel (\(method)"))
    let map = try #require(NumPyFile.read(path: folder / "map.npy").first).tensor
    #expect(map.shape == [96, 96])
    let values = map.elements(as: Float.self)
    #expect(values.allSatisfy { (0...1).contains($0) })
    if !outcome.output.contains("nowhere") { #expect(values.contains(1)) }
  }

  @Test func folderGetsAMapForEachImage() throws {
    let folder = try Folder()
    let outcome = try Program.run(
      "run", try Compiled.bundle(), Fixture.evaluation + "/nv", "--explain", folder / "maps/", "--quiet")
    #expect(outcome.status == 0)
    let images = try Program.run("run", try Compiled.bundle(), Fixture.evaluation + "/nv", "--json").json().elements()
    let maps = try Program.run(
      "run", try Compiled.bundle(), Fixture.evaluation + "/nv", "--explain", folder / "maps.npy", "--quiet")
    #expect(maps.status == 0)
    let stacked = try #require(NumPyFile.read(path: folder / "maps.npy").first).tensor
    #expect(stacked.shape == [images.count, 96, 96])
    let first = try Image(path: "\(folder / "maps")/\(try images[0]["input"].string()).png")
    #expect(first.width >= 448)
  }

  /// What is left of a photo is in its middle, and so are places in it.
  @Test func placesOfACropAreThoseOfThePhoto() throws {
    let folder = try Folder()
    let photo = try Image(path: Fixture.image)
    let wide = try photo.resized(width: 240, height: 120)
    try OutputFile.write(try wide.png(), to: folder / "wide.png")
    func explained(_ resize: String) throws -> (text: String, peak: JSONNode) {
      let arguments = [
        "run", Fixture.mobilenet, folder / "wide.png", "--explain", folder / "map.npy", "--scale", "1/255", "--mean",
        "0.485,0.456,0.406", "--std", "0.229,0.224,0.225", "--resize", resize,
      ]
      return (
        try Program.run(arguments).output,
        try Program.run(arguments + ["--json"]).json().elements()[0]["explanation"]["peak"]
      )
    }
    let cropped = try explained("center-crop")
    let (x, y) = (try cropped.peak["x"].double(), try cropped.peak["y"].double())
    let pixel = try cropped.peak["pixel"].ints()
    // The photo becomes 218 x 109 pixels, of which 96 x 96 are cut out from 61 and 6 on.
    #expect(pixel == [Int((61 + x * 96) * 240 / 218), Int((6 + y * 96) * 120 / 109)])
    #expect(cropped.text.contains("from the top of the crop, at pixel \(pixel[0]), \(pixel[1]) of the photo -> "))
    let whole = try explained("direct")
    #expect(try whole.peak["pixel"].ints()[0] == Int(whole.peak["x"].double() * 240))
    #expect(!whole.text.contains("of the photo"))
  }

  /// An app's maps are those of the program, to the last bit.
  @Test func appsSeeTheSameNumbers() throws {
    let folder = try Folder()
    let bundle = try Compiled.bundle()
    let model = try DermModel(path: bundle)
    for (options, index) in [([], nil), (["--class", "nv"], 5)] as [([String], Int?)] {
      let outcome = try Program.run(
        ["run", bundle, Fixture.image, "--json", "--explain", folder / "map.npy"] + options)
      let json = try outcome.json().elements()[0]["explanation"]
      let map = try #require(NumPyFile.read(path: folder / "map.npy").first).tensor
      let found = try model.explain(imageAt: Fixture.image, ofClass: index)
      #expect(found.values == map.elements(as: Float.self))
      #expect([found.height, found.width] == map.shape && found.method == "gradcam")
      #expect(try json["grid"].ints() == [found.gridHeight, found.gridWidth])
      #expect(try json["index"].int() == found.explained.index && json["class"].string() == found.explained.label)
      #expect(try found.isEmpty || json["peak"]["value"].double() == Double(found.peak))
      #expect(try model.explain(imageBytes: MappedFile.contents(of: Fixture.image), ofClass: index) == found)
    }
    // Its answers are those of other sessions, and these explain nothing.
    let explaining = try DermSession(explaining: model)
    let plain = try DermSession(model)
    let answer = try plain.classify(imageAt: Fixture.image)
    #expect(try explaining.classify(imageAt: Fixture.image).output == answer.output)
    #expect(throws: DermError.self) { try plain.explanation() }
    #expect(throws: DermError.self) { try explaining.explanation(ofClass: 7) }
  }

  /// What is read again must be what was loaded.
  @Test func anotherBundleInItsPlaceIsNotExplained() throws {
    let folder = try Folder()
    let path = try folder.copy(try Compiled.bundle(), as: "model.derm")
    let model = try DermModel(path: path)
    let outcome = try Program.run(
      "compile", Fixture.cnn, "--preprocess", Fixture.preprocessing, "-o", folder / "other.derm", "--quiet")
    #expect(outcome.status == 0)
    try OutputFile.write(MappedFile.contents(of: folder / "other.derm"), to: path)
    #expect {
      try model.explain(imageAt: Fixture.image)
    } throws: { error in
      "\(error)".contains("is another bundle than the model was loaded from")
    }
    #expect(try model.classify(imageAt: Fixture.image).classes.count == 7)
  }

  /// A model of which every weight of the last layer is negative: nothing speaks for its classes.
  @Test func emptyMapIsSaidToBeEmpty() throws {
    let folder = try Folder()
    var graph = Graph(name: "against")
    let x = graph.addInput("x", TensorType(.float32, [1, 3, 8, 8]))
    let w = graph.addConstant("w", Tensor([Float](repeating: 1, count: 12), shape: [4, 3, 1, 1]))
    let a = try graph.add(
      Conv(window: Window(kernel: [1, 1]), activation: .relu), name: "conv", inputs: [x, w])[0]
    let pool = try graph.add(GlobalAveragePool(), name: "pool", inputs: [a])[0]
    let flat = try graph.add(Reshape(shape: [1, 4]), name: "flat", inputs: [pool])[0]
    let v = graph.addConstant("v", Tensor([-1, -2, -1, -2, -3, -3, -3, -3] as [Float], shape: [2, 4]))
    graph.addOutput(try graph.add(Gemm(), name: "fc", inputs: [flat, v])[0])
    try ONNXWriter.write(graph, to: folder / "against.onnx")
    let outcome = try Program.run(
      "run", folder / "against.onnx", Fixture.image, "--explain", folder / "map.png", "--scale", "1/255", "--json",
      "--labels", "benign,mel")
    #expect(outcome.status == 0)
    #expect(outcome.error.contains("no place speaks for benign: the map is zero everywhere"))
    #expect(try outcome.json().elements()[0]["explanation"].optional("peak") == nil)
  }

  @Test func whatCannotBeExplainedIsRefused() throws {
    let folder = try Folder()
    let bundle = try Compiled.bundle()
    func refused(_ arguments: [String], _ status: Int32, _ parts: [String]) throws {
      let outcome = try Program.run(["run"] + arguments)
      #expect(outcome.status == status)
      #expect(outcome.isOneLine(with: parts), "\(outcome.error)")
      #expect(folder.names.allSatisfy { !$0.hasPrefix("map") })
    }
    let png = folder / "map.png"
    try refused(
      [bundle, Fixture.image, "--explain", png, "--class", "eczema"], 2, ["--class eczema: is no class", "akiec, bcc"])
    try refused([bundle, Fixture.image, "--class", "mel"], 2, ["--explain FILE"])
    try refused([bundle, Fixture.image, "--explain", folder / "map.gif"], 2, [".png, .jpg or .npy"])
    try refused(
      [bundle, Fixture.evaluation + "/nv", "--explain", png], 2, ["give a folder, which ends in /, or a .npy file"])
    // Its head is two layers.
    try refused(
      [Fixture.cnn, Fixture.image, "--explain", png, "--method", "cam", "--preprocess", Fixture.preprocessing], 3,
      ["lesion_cnn.onnx", "not a global mean and one linear layer", "--method gradcam"])
  }
}
