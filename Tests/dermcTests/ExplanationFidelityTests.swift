import CanonicalJSON
import IR
import Math
import ONNX
import Operators
import Tensors
import Testing

/// `--explanations` of `dermc compile` and `dermc eval`.
@Suite struct ExplanationFidelityTests {
  private func evaluate(_ model: String, _ options: String...) throws -> JSONNode {
    let outcome = try Program.run(
      ["eval", model, Fixture.evaluation, "--against", Fixture.mobilenet, "--explanations", "--json", "--preprocess"]
        + [Fixture.preprocessing] + options)
    #expect(outcome.status == 0, "\(outcome.error)")
    return try outcome.json()["explanations"]
  }

  @Test func aModelLooksWhereItLooks() throws {
    let found = try evaluate(Fixture.mobilenet)
    #expect(try found["only_float"].int() == 0 && found["only_compiled"].int() == 0)
    #expect(try found["images"].int() + found["neither"].int() == 210)
    #expect(try found["correlation"]["value"].double() == 1 && found["overlap"]["value"].double() == 1)
    #expect(try found["shift"]["value"].double() == 0)
  }

  @Test func compileAndEvalTellTheSame() throws {
    let folder = try Folder()
    let outcome = try Program.run(
      "compile", Fixture.mobilenet, "--int8", "--calib", Fixture.calibration, "--eval", Fixture.evaluation,
      "--effort", "fast", "--preprocess", Fixture.preprocessing, "--explanations", "--thumbnails", "-o",
      folder / "model.derm", "--report", folder / "page.html", "--threads", "2")
    #expect(outcome.status == 0 && outcome.output.contains("looks     like float on"), "\(outcome.error)")
    let report = try JSON(parsing: MappedFile.contents(of: folder / "model.report.json"))
    let compiled = try JSONNode(report, name: "report")["explanations"]
    #expect(try compiled["overlap"]["value"].double() > 0.5 && compiled["overlap"]["value"].double() < 1)
    #expect(try compiled["worst"].elements().count == 12)
    #expect(try compiled["method"].string() == "gradcam")
    let own = try evaluate(folder / "model.derm", "--threads", "1")
    #expect(own.value == compiled.value)
    let page = String(decoding: try MappedFile.contents(of: folder / "page.html"), as: UTF8.self)
    #expect(page.split(separator: "where the compiled model looks").count == 13)
  }

  @Test func withoutTheOptionNothingIsSaid() throws {
    let folder = try Compiled.folder()
    let report = try JSON(parsing: MappedFile.contents(of: folder / "model.report.json"))
    #expect(report["explanations"] == nil)
    for page in ["page.html", "page.md"] {
      #expect(!String(decoding: try MappedFile.contents(of: folder / page), as: UTF8.self).contains("Where it looks"))
    }
  }

  @Test func whatCannotBeComparedIsWarnedOf() throws {
    let folder = try Folder()
    var graph = Graph(name: "flat")
    let x = graph.addInput("x", TensorType(.float32, [1, 3, 4, 4]))
    let flat = try graph.add(Reshape(shape: [1, 48]), name: "flat", inputs: [x])[0]
    let values = (0..<336).map { (index: Int) -> Float in Float(index * 7 % 31) - 15 }
    let w = graph.addConstant("w", Tensor(values, shape: [7, 48]))
    graph.addOutput(try graph.add(Gemm(transB: true), name: "fc", inputs: [flat, w])[0])
    try ONNXWriter.write(graph, to: folder / "flat.onnx")
    let arguments = [
      "eval", folder / "flat.onnx", Fixture.evaluation, "--against", folder / "flat.onnx", "--scale", "1/255",
      "--explanations", "--json",
    ]
    let outcome = try Program.run(arguments)
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.error.contains("--explanations: where both models look was not compared: "))
    #expect(outcome.error.contains("no value of rows and columns is left"))
    #expect(try outcome.json().optional("explanations") == nil)
    #expect(
      try outcome.json()["warnings"].strings().contains { $0.hasPrefix("--explanations: where both models look") })
    #expect(try Program.run(arguments + ["--strict"]).status == 3)

    let answers = Fixture.root + "answers/"
    let model = answers + "traits_logits.onnx"
    let traits = try Program.run([
      "eval", model, Fixture.evaluation, "--against", model, "--table", answers + "traits.csv", "--task", "multilabel",
      "--preprocess", answers + "preprocess.json", "--explanations",
    ])
    #expect(traits.status == 0 && traits.error.contains("several labels may be true of one image"), "\(traits.error)")
  }

  @Test func needsTwoModelsAndImages() throws {
    func refused(_ arguments: [String], _ part: String) throws {
      let outcome = try Program.run(arguments)
      #expect(outcome.status == 2)
      #expect(outcome.isOneLine(with: ["--explanations", part]), "\(outcome.error)")
    }
    try refused(["eval", Fixture.mobilenet, Fixture.evaluation, "--explanations"], "--against")
    try refused(
      [
        "eval", Fixture.mobilenet, Fixture.evaluation, "--explanations", "--against", Fixture.mobilenet, "-o", "x.eval",
      ],
      "scores hold none")
    try refused(
      ["compile", Fixture.mobilenet, "--int8", "--calib", Fixture.calibration, "--explanations"], "--eval DIR")
  }
}
