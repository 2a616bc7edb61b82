import CSHA256
import Testing

private func hex(_ digest: [UInt8]) -> String {
  digest.map { byte in
    let text = String(byte, radix: 16)
    return byte < 16 ? "0" + text : text
  }.joined()
}

private func digests(_ bytes: [UInt8]) -> (fast: String, portable: String) {
  var fast = [UInt8](repeating: 0, count: 32)
  var portable = fast
  csha256(bytes, bytes.count, &fast)
  csha256_portable(bytes, bytes.count, &portable)
  return (hex(fast), hex(portable))
}

@Suite struct SHA256Tests {
  /// The examples of FIPS 180-4 and the digest of nothing.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func standardVectors(_ message: String, _ expected: String) {
    let (fast, portable) = digests(Array(message.utf8))
    #expect(fast == expected)
    #expect(portable == expected)
  }

  /// Data in pieces has the digest of the whole, wherever the cuts are.
  @Test func pieces() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ 17) }
    for size in [0, 1, 55, 56, 63, 64, 65, 128, 300] {
      let whole = digests(Array(bytes[..<size])).fast
      for piece in [1, 7, 63, 64, 65, 100, 300] {
        var stream = csha256_stream()
        csha256_begin(&stream)
        for start in stride(from: 0, to: size, by: piece) {
          let part = Array(bytes[start..<min(size, start + piece)])
          csha256_add(&stream, part, part.count)
        }
        csha256_add(&stream, nil, 0)
        var digest = [UInt8](repeating: 0, count: 32)
        csha256_end(&stream, &digest)
        #expect(hex(digest) == whole, "\(size) bytes in pieces of \(piece)")
      }
    }
  }

  @Test func aMillionLetters() {
    let (fast, portable) = digests([UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000))
    #expect(fast == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    #expect(portable == fast)
  }

  /// Both ways agree at every length around the borders of blocks and of the padding, at any address.
  @Test func lengthsAroundBlocks() {
    let bytes = (0..<400).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ 17) }
    var seen = Set<String>()
    for length in 0...260 {
      let (fast, portable) = digests(Array(bytes[1...length + 1].dropLast()))
      #expect(fast == portable, "\(length) bytes")
      seen.insert(fast)
    }
    #expect(seen.count == 261)
    bytes.withUnsafeBytes { buffer in
      var aligned = [UInt8](repeating: 0, count: 32)
      var portable = aligned
      csha256(buffer.baseAddress.map { $0 + 3 }, 190, &aligned)
      csha256_portable(buffer.baseAddress.map { $0 + 3 }, 190, &portable)
      #expect(aligned == portable)
    }
  }
}
