import Explanations

/// Colours for numbers from 0 to 1 whose steps look equally large, to eyes that tell red from green and to those that
/// do not: viridis of matplotlib (in the public domain, CC0), at 33 places and straight between them.
enum ColourMap {
  private static let places: [UInt32] = [
    0x440154, 0x470d60, 0x48186a, 0x482374, 0x472d7b, 0x453681, 0x424086, 0x3f4989, 0x3b528b, 0x375a8d, 0x33638d,
    0x2f6a8e, 0x2c728e, 0x297a8e, 0x26818e, 0x23898e, 0x21908c, 0x1f988b, 0x1f9f88, 0x21a685, 0x28ae80, 0x31b57b,
    0x3ebc74, 0x4cc26c, 0x5dc963, 0x6ece58, 0x82d34c, 0x96d83f, 0xabdc32, 0xc0df24, 0xd5e21a, 0xeae51a, 0xfde725,
  ]

  /// Red, green and blue, 0 to 255.
  static func colour(_ value: Float) -> (red: Float, green: Float, blue: Float) {
    let place = min(max(value, 0), 1) * Float(places.count - 1)
    let first = min(Int(place), places.count - 2)
    let weight = place - Float(first)
    func mix(_ shift: UInt32) -> Float {
      let (a, b) = (Float(places[first] >> shift & 255), Float(places[first + 1] >> shift & 255))
      return a + (b - a) * weight
    }
    return (mix(16), mix(8), mix(0))
  }
}
