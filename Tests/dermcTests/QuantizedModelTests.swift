import CanonicalJSON
import Tensors
import Testing

/// Models that quantize themselves, as a user compiles them.
@Suite struct QuantizedModelTests {
  private func layers(_ path: String) throws -> [JSONNode] {
    Array(try JSONNode(try JSON(parsing: MappedFile.contents(of: path)), name: "report")["layers"].elements())
  }

  @Test(arguments: [[], ["--int8"]]) func compilesToInt8WithoutCalibration(options: [String]) throws {
    let folder = try Folder()
    let model = Fixture.root + "operators/qdq_static.onnx"
    let outcome = try Program.run(["compile", model, "-o", folder / "m.derm"] + options)
    #expect(outcome.status == 0 && outcome.error == "", "\(outcome.error)")
    #expect(outcome.output.contains("9 int8"))
    let layers = try layers(folder / "m.report.json")
    for layer in layers where try layer["macs"].int() > 0 { #expect(try layer["precision"].string() == "int8") }
    #expect(try layers.contains { try $0["op"].string() == "Conv" && $0["bits"].int() == 8 })
    #expect(try Program.run(["verify", folder / "m.derm"]).status == 0)
  }

  /// The factors before the first convolution, which scale pixels, have no int8 form.
  @Test func takesOverTensorFlowLite() throws {
    let folder = try Folder()
    let model = Fixture.root + "tflite/network_int8.tflite"
    let outcome = try Program.run(["compile", model, "-o", folder / "m.derm"])
    #expect(outcome.status == 0, "\(outcome.error)")
    let layers = try layers(folder / "m.report.json").filter { try $0["weights"].int() > 0 && $0["macs"].int() > 0 }
    let kept = try layers.filter { try $0["precision"].string() != "int8" }.map { try $0["op"].string() }
    #expect(layers.count > 4 && kept.allSatisfy { $0 != "Conv" && $0 != "Gemm" }, "\(kept)")
  }

  @Test func convertsBothWaysToTheSameBits() throws {
    let folder = try Folder()
    let model = Fixture.root + "operators/qdq_trained.onnx"
    for (from, to) in [(model, "a.derm"), (folder / "a.derm", "b.onnx"), (folder / "b.onnx", "c.derm")] {
      let outcome = try Program.run(["convert", from, "-o", folder / to])
      #expect(outcome.status == 0, "\(outcome.error)")
    }
    for name in ["a.derm", "b.onnx", "c.derm"] {
      let stats = try Program.run(["stats", folder / name, "--json"]).json()
      let operators = try stats["layers"].elements().map { try $0["op"].string() }
      #expect(operators.count { $0 == "ConvInt8" } == 2 && operators.contains("GemmInt8"), "\(name): \(operators)")
      #expect(try stats["bytes"]["int8"].int() > 200)
    }
  }

  @Test func saysWhatStaysFloat() throws {
    let folder = try Folder()
    let model = Fixture.root + "operators/matmulinteger_dynamic.onnx"
    let outcome = try Program.run(["compile", model, "-o", folder / "m.derm"])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("1 layer of a model that quantizes itself stays float32"), "\(outcome.output)")
    #expect(try Program.run(["compile", Fixture.cnn, "--int8", "-o", folder / "n.derm"]).status == 2)
  }
}
