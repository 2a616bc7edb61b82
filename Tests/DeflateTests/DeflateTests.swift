import Deflate
import Tensors
import Testing

/// Streams that Python's zlib wrote, and what is left of them when they are damaged.
@Suite struct DeflateTests {
  private let text = Array("a lesion, a lesion, a lesion".utf8)
  private let streams: [(form: Deflate.Form, bytes: [UInt8])] = [
    (.zlib, [120, 156, 75, 84, 200, 73, 45, 206, 204, 207, 211, 81, 72, 196, 96, 1, 0, 138, 66, 9, 186]),
    (.raw, [75, 84, 200, 73, 45, 206, 204, 207, 211, 81, 72, 196, 96, 1, 0]),
  ]

  /// The bytes of a stream both ways, which must agree; nil where they are refused.
  private func expanded(_ stream: [UInt8], _ form: Deflate.Form, size: Int) -> [UInt8]? {
    stream.withUnsafeBytes { stream in
      var whole = [UInt8](repeating: 0, count: size)
      let isWhole = whole.withUnsafeMutableBytes { Deflate.expand(stream, form, into: $0) }
      var pieces: [UInt8] = []
      #expect(Deflate.expand(stream, form, size: size) { pieces += $0 } == isWhole)
      #expect(pieces.count <= size)
      if isWhole { #expect(pieces == whole) }
      return isWhole ? whole : nil
    }
  }

  @Test func readsBothForms() {
    for (form, bytes) in streams { #expect(expanded(bytes, form, size: text.count) == text) }
    #expect(expanded([120, 156, 3, 0, 0, 0, 0, 1], .zlib, size: 0) == [])
  }

  @Test func refusesWhatIsNotOneStreamOfThatSize() {
    for (form, bytes) in streams {
      #expect(expanded(bytes, form, size: text.count - 1) == nil)
      #expect(expanded(bytes, form, size: text.count + 1) == nil)
      #expect(expanded(bytes, form, size: 0) == nil)
      #expect(expanded(bytes + [0], form, size: text.count) == nil)
      for length in bytes.indices { #expect(expanded(Array(bytes[..<length]), form, size: text.count) == nil) }
    }
    #expect(expanded(streams[0].bytes, .raw, size: text.count) == nil)
    #expect(expanded(streams[1].bytes, .zlib, size: text.count) == nil)
  }

  @Test func readsTheBeginningOfDamagedStreams() {
    var beginning = [UInt8](repeating: 0xFF, count: 9)
    streams[1].bytes.dropLast(4).withUnsafeBytes { stream in
      beginning.withUnsafeMutableBytes { Deflate.expandBeginning(of: stream, .raw, into: $0) }
    }
    #expect(beginning == Array(text.prefix(9)))
  }

  @Test func readsWhatItWrote() throws {
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 9) }
    let stream = try #require(bytes.withUnsafeBytes { Deflate.compress($0) })
    #expect(stream.count < bytes.count)
    #expect(expanded(stream.withBytes { Array($0) }, .zlib, size: bytes.count) == bytes)
    #expect([UInt8](repeating: 7, count: 3).withUnsafeBytes { Deflate.compress($0) } == nil)
  }

  @Test func checksumsAreThoseOfZipFiles() {
    #expect(text.withUnsafeBytes { Deflate.crc32(of: $0) } == 2_006_256_006)
  }
}
