/// TensorFlow Lite models, changed in place: their tables lead to each other by offsets, which bytes that move would
/// break.
package enum TFLiteTarget: FuzzTarget {
  package static let name = "tflite"

  package static func run(_ bytes: [UInt8]) {
    ModelUse.run(path: ScratchFolder.put(bytes, "model.tflite"))
  }

  package static func mutated(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8]? {
    guard bytes.count > 16 else { return nil }
    var result = bytes
    for _ in 0...dice.roll(3) { change(&result, &dice) }
    return result
  }

  /// Another number in a place for one, another place's number, or an offset that leads a little further.
  private static func change(_ bytes: inout [UInt8], _ dice: inout Dice) {
    let width = 1 << dice.roll(4)
    let place = dice.roll(bytes.count / width) * width
    switch dice.roll(4) {
    case 0:
      let other = dice.roll(bytes.count / width) * width
      for index in 0..<width { bytes[place + index] = bytes[other + index] }
    case 1: bytes[place] = bytes[place] &+ [1, 2, 4, 8, 0xFF, 0xFE, 0xFC][dice.roll(7)]
    default:
      let value = UInt64(bitPattern: Int64(dice.integer()))
      for index in 0..<width { bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
  }

  package static func seeds(root: String) throws -> [[UInt8]] {
    try contents(of: "\(root)/fixtures/tflite", ending: ".tflite").filter { $0.count < 3000 }
  }
}
