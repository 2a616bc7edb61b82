/// ONNX models, changed as trees of protobuf fields.
package enum ONNXTarget: FuzzTarget {
  package static let name = "onnx"

  package static func run(_ bytes: [UInt8]) {
    ModelUse.run(path: ScratchFolder.put(bytes, "model.onnx"))
  }

  package static func mutated(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8]? {
    guard var message = WireMessage(bytes), !message.fields.isEmpty else { return nil }
    for _ in 0...dice.roll(3) { message.mutate(&dice) }
    var result = message.bytes
    // Now and then a length or a tag is damaged as well.
    if dice.oneIn(16) { result = dice.mutated(result) }
    return result
  }

  package static func seeds(root: String) throws -> [[UInt8]] {
    let small = try contents(of: "\(root)/fixtures/operators", ending: ".onnx").filter { $0.count < 3000 }
    // Every third: variants of one operator differ little.
    return small.indices.filter { $0 % 3 == 0 }.map { small[$0] }
      + (try contents(of: "\(root)/fixtures/bad", ending: ".onnx").filter { $0.count < largestInput })
  }
}
