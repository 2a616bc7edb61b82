/// A reproducible source of choices for mutations.
package struct Dice: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    // SplitMix64.
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// A number from 0 to `sides` - 1; 0 without sides.
  package mutating func roll(_ sides: Int) -> Int { sides > 0 ? Int(next() % UInt64(sides)) : 0 }

  mutating func oneIn(_ sides: Int) -> Bool { roll(sides) == 0 }

  mutating func pick<List: Collection>(_ list: List) -> List.Element? {
    list.isEmpty ? nil : list[list.index(list.startIndex, offsetBy: roll(list.count))]
  }

  /// An integer of those at which readers go wrong; mostly small ones.
  mutating func integer() -> Int {
    switch roll(4) {
    case 0: return roll(10) - 1
    case 1: return roll(300)
    case 2: return 1 << roll(63) &- roll(3)
    default:
      return pick([0, -1, 1, .max, .min, 1 << 31, 1 << 31 - 1, -(1 << 31), 1 << 32, 0xFFFF, 0xFF, 128, 127]) ?? 0
    }
  }

  /// Bytes with one or a few places changed, bytes put in, left out, repeated or moved.
  mutating func mutated(_ bytes: [UInt8], limit: Int = 1 << 16) -> [UInt8] {
    var bytes = bytes
    for _ in 0...roll(3) { mutate(&bytes) }
    return bytes.count > limit ? Array(bytes.prefix(limit)) : bytes
  }

  private mutating func mutate(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else {
      bytes = (0..<roll(9)).map { _ in UInt8(roll(256)) }
      return
    }
    let place = roll(bytes.count)
    let length = min(1 + (oneIn(3) ? roll(32) : roll(4)), bytes.count - place)
    switch roll(7) {
    case 0: bytes[place] = UInt8(roll(256))
    case 1: bytes[place] ^= 1 << UInt8(roll(8))
    case 2: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF, 0x20, 0x30, 0x2D][roll(8)]
    case 3: bytes.removeSubrange(place..<place + length)
    case 4: bytes.insert(contentsOf: (0..<length).map { _ in UInt8(roll(256)) }, at: place)
    case 5: bytes.insert(contentsOf: Array(bytes[place..<place + length]), at: roll(bytes.count + 1))
    default:
      let value = UInt64(bitPattern: Int64(integer()))
      for index in 0..<min(1 << roll(4), bytes.count - place) {
        bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
      }
    }
  }

  /// A list with an element left out, repeated, or two of them exchanged.
  mutating func shuffle<Element>(_ list: inout [Element]) {
    guard let element = pick(list) else { return }
    switch roll(3) {
    case 0: list.remove(at: roll(list.count))
    case 1: list.insert(element, at: roll(list.count + 1))
    default: list.swapAt(roll(list.count), roll(list.count))
    }
  }
}
