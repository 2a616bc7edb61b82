import Tensors
import Testing

@Suite struct RefusalTests {
  @Test func messagesSayWhereWhyAndWhatToDo() {
    let reason = Refusal("has 3 inputs", remedy: "export it again")
    let place = Refusal.Place(node: "conv1", op: "Conv", opset: 13)
    #expect(reason.description == "has 3 inputs; export it again")
    #expect(reason.of(file: "a.onnx").description == "a.onnx: has 3 inputs; export it again")
    #expect(
      reason.at(place).of(file: "a.onnx").description
        == "a.onnx: node conv1 (Conv, opset 13): has 3 inputs; export it again")
    #expect(
      reason.about("input x").at(place).description.hasSuffix("opset 13): input x: has 3 inputs; export it again"))
  }

  @Test func messagesAreOneLine() {
    let place = Refusal.Place(node: "a\nb", op: "Conv\t")
    #expect(Refusal(place: place, reason: "no\u{1B}").description == "node a?b (Conv?): no?")
    #expect(Refusal(String(repeating: "x", count: 2000)).description.count == 1003)
  }

  @Test func addingKeepsTheKind() {
    #expect(Refusal.usage("no").of(file: "a").kind == .usage)
    #expect(Refusal("no").of(file: "a", .malformed).kind == .malformed)
    #expect(Refusal("no").about("x").as(.failed) == Refusal(.failed, reason: "x: no"))
  }

  @Test func filesThatAreNotThereCannotBeRead() {
    let error = #expect(throws: Refusal.self) { try MappedFile.contents(of: "/nowhere/a") }
    #expect(error?.kind == .unreadable && error?.file == "/nowhere/a" && error?.reason == "No such file or directory")
  }
}
