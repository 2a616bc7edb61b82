/// A JPEG file as its segments; their lengths are made when it is put together.
struct JPEGParts {
  struct Segment {
    var marker: UInt8
    /// Without the length; empty for markers that have none.
    var data: [UInt8]
    /// Coded data after a scan's header.
    var scan: [UInt8] = []
  }

  var segments: [Segment] = []

  /// Nil where the bytes are no JPEG; what cannot be followed is left out.
  init?(_ bytes: [UInt8]) {
    guard bytes.starts(with: [0xFF, 0xD8]) else { return nil }
    var offset = 2
    while offset + 4 <= bytes.count, bytes[offset] == 0xFF {
      let marker = bytes[offset + 1]
      if marker == 0xD9 { return }
      let length = Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])
      guard length >= 2, offset + 2 + length <= bytes.count else { return }
      var segment = Segment(marker: marker, data: Array(bytes[offset + 4..<offset + 2 + length]))
      offset += 2 + length
      if marker == 0xDA {
        let start = offset
        while offset < bytes.count, !JPEGParts.isMarker(bytes, offset) { offset += 1 }
        segment.scan = Array(bytes[start..<offset])
      }
      segments.append(segment)
    }
  }

  /// Zeros and restart markers belong to the coded data.
  private static func isMarker(_ bytes: [UInt8], _ offset: Int) -> Bool {
    guard bytes[offset] == 0xFF, offset + 1 < bytes.count else { return false }
    return bytes[offset + 1] != 0 && !(0xD0...0xD7).contains(bytes[offset + 1])
  }

  var bytes: [UInt8] {
    segments.reduce(into: [0xFF, 0xD8]) { result, segment in
      let length = min(segment.data.count + 2, 0xFFFF)
      result += [0xFF, segment.marker, UInt8(length >> 8), UInt8(length & 255)]
      result += segment.data.prefix(length - 2) + segment.scan
    } + [0xFF, 0xD9]
  }

  mutating func mutate(_ dice: inout Dice) {
    let index = dice.roll(segments.count)
    switch dice.roll(6) {
    case 0: dice.shuffle(&segments)
    case 1: segments[index].marker = dice.pick([0xC0, 0xC1, 0xC2, 0xC4, 0xC9, 0xDA, 0xDB, 0xDD, 0xE0, 0xEE, 0xFE]) ?? 0
    case 2 where !segments[index].scan.isEmpty: segments[index].scan = dice.mutated(segments[index].scan)
    case 3:
      if let scan = segments.firstIndex(where: { !$0.scan.isEmpty }) {
        segments[scan].scan = dice.mutated(segments[scan].scan)
      }
    default: segments[index].data = dice.mutated(segments[index].data)
    }
  }
}
