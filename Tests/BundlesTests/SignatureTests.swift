import Hashing
import Platform
import Signing
import Tensors
import Testing

@testable import Bundles

@Suite struct SignatureTests {
  /// A bundle, `a.derm`, and two key pairs in a folder.
  private func withBundle(_ body: (_ path: String, _ key: SecretKey, _ other: SecretKey) throws -> Void) throws {
    try withFolder { folder in
      try BundleWriter.write(Sample.full(), to: "\(folder)/a.derm")
      let key = try SecretKey.create(at: "\(folder)/key").key
      try body("\(folder)/a.derm", key, SecretKey.create(at: "\(folder)/other").key)
    }
  }

  private func sign(_ path: String, _ key: SecretKey) throws {
    let file = try BundleReader.open(path)
    try file.write(signature: BundleSignature(of: file.rootHash, by: key), to: path)
  }

  private func signBeside(_ path: String, _ key: SecretKey) throws {
    let file = try BundleReader.open(path)
    try file.writeDetached(BundleSignature(of: file.rootHash, by: key))
  }

  /// Reads a bundle that must be signed.
  private func read(_ path: String, trusting keys: [SecretKey]) throws {
    let file = try BundleReader.open(path)
    let key = try file.requireSignature(by: keys.map(\.publicKey))
    #expect(keys.map(\.publicKey).contains(key))
    _ = try file.read()
  }

  private func problem(_ path: String, trusting keys: [SecretKey]) -> String {
    do {
      try read(path, trusting: keys)
      return "none"
    } catch {
      return "\(error)".replacing(path, with: "a.derm")
    }
  }

  @Test func aSignatureFollowsTheBundle() throws {
    try withBundle { path, key, other in
      let plain = try bytes(of: path)
      let unsigned = try BundleReader.open(path)
      try sign(path, key)
      let signed = try bytes(of: path)
      #expect(signed.count == plain.count + 144 && signed.starts(with: plain))
      // As docs/format.md lays it out.
      let block = Array(signed.suffix(144))
      #expect(block.starts(with: Array("DERMSIGN".utf8) + [1, 0, 0, 0, 0, 0, 0, 0]))
      #expect(Array(block[16..<48]) == SHA256(of: key.publicKey.bytes).bytes)
      let message = Array("DERM bundle signature v1".utf8) + Array(plain[32..<64])
      #expect(try key.sign(message) == Array(block[48..<112]))
      #expect(SHA256(of: Array(plain[32..<64]) + block[..<112]).bytes == Array(block[112...]))

      let file = try BundleReader.open(path)
      #expect(file.rootHash == unsigned.rootHash && file.sections == unsigned.sections && file.verify().isEmpty)
      #expect(file.signature?.key == key.publicKey.id && unsigned.signature == nil)
      try read(path, trusting: [key])
      try read(path, trusting: [other, key])
      // Signing again gives the same bytes, another key takes the place of the first.
      try sign(path, key)
      #expect(try bytes(of: path) == signed)
      try sign(path, other)
      #expect(try bytes(of: path).count == signed.count)
      try read(path, trusting: [other])
      // A bundle that is read and written is another one: nobody has signed it.
      try BundleWriter.write(BundleReader.open(path).read(), to: path)
      #expect(try bytes(of: path) == plain)
    }
  }

  @Test func demandsASignatureByATrustedKey() throws {
    try withBundle { path, key, other in
      let (name, otherName) = ("\(key.publicKey.id)", "\(other.publicKey.id)")
      #expect(problem(path, trusting: [key]) == "a.derm: is not signed; a signature by key \(name) is demanded")
      #expect(
        problem(path, trusting: [key, other])
          == "a.derm: is not signed; a signature by key \(name), \(otherName) is demanded")
      try sign(path, other)
      #expect(
        problem(path, trusting: [key])
          == "a.derm: is signed by key \(otherName), which is not trusted; trusted: \(name)")
      #expect(problem(path, trusting: []) == "a.derm: a signature is demanded, but no key is trusted")
      #expect(problem(path, trusting: [other]) == "none")
    }
  }

  @Test func aDetachedSignatureCountsAsWell() throws {
    try withBundle { path, key, other in
      let plain = try bytes(of: path)
      try signBeside(path, key)
      #expect(try bytes(of: path) == plain)
      #expect(try bytes(of: path + ".sig").count == 144)
      #expect(problem(path, trusting: [key]) == "none")
      #expect(problem(path, trusting: [other]).contains("which is not trusted"))
      // Two keys, one inside and one beside: either is enough.
      try sign(path, other)
      #expect(problem(path, trusting: [key]) == "none" && problem(path, trusting: [other]) == "none")
      // The file inside and the one beside it are the same block.
      try signBeside(path, other)
      #expect(try bytes(of: path + ".sig") == Array(bytes(of: path).suffix(144)))

      // Left beside another bundle.
      var changed = try Sample.full()
      changed.labels = ["a", "b", "c", "d", "e", "f", "g"]
      try BundleWriter.write(changed, to: path)
      let message = problem(path, trusting: [other])
      #expect(message == "a.derm.sig: the signature is damaged, or that of another bundle (SHA-256 differs)")
      // Who demands no signature does not look for one, nor does who finds one inside.
      _ = try BundleReader.open(path).read()
      try sign(path, key)
      #expect(problem(path, trusting: [key]) == "none")
      #expect(problem(path, trusting: [other]) == message)

      try OutputFile.write(Array("-----BEGIN PGP SIGNATURE-----".utf8), to: path + ".sig")
      #expect(problem(path, trusting: [other]).hasPrefix("a.derm.sig: is not a signature of a bundle"))
      unlink(path + ".sig")
      mkdir(path + ".sig", 0o755)
      defer { rmdir(path + ".sig") }
      #expect(problem(path, trusting: [other]).hasPrefix("a.derm.sig: "))
    }
  }

  @Test func everyFlippedByteIsRefused() throws {
    try withBundle { path, key, _ in
      try sign(path, key)
      let whole = try bytes(of: path)
      // Changed in place: thousands of new files would take the disk its time.
      let descriptor = open(path, O_WRONLY)
      defer { close(descriptor) }
      for offset in whole.indices {
        var byte = whole[offset] ^ (offset.isMultiple(of: 2) ? 1 : 0x80)
        #expect(pwrite(descriptor, &byte, 1, offset) == 1)
        #expect(throws: Refusal.self, "byte \(offset)") { try read(path, trusting: [key]) }
        // In the signature itself, nobody needs the key to see it.
        if offset >= whole.count - 144 {
          #expect(throws: Refusal.self, "byte \(offset)") { try BundleReader.open(path) }
        }
        byte = whole[offset]
        pwrite(descriptor, &byte, 1, offset)
      }
      try read(path, trusting: [key])
    }
  }

  @Test func aSignatureThatIsCutOffIsRefused() throws {
    try withBundle { path, key, _ in
      let plain = try bytes(of: path).count
      try sign(path, key)
      let whole = try bytes(of: path)
      for length in plain + 1..<whole.count {
        try OutputFile.write(Array(whole.prefix(length)), to: path)
        #expect(throws: Refusal.self, "\(length) bytes") { try BundleReader.open(path) }
      }
      try OutputFile.write(whole + [0], to: path)
      #expect(throws: Refusal.self) { try BundleReader.open(path) }
      try OutputFile.write(whole + whole.suffix(144), to: path)
      #expect(throws: Refusal.self) { try BundleReader.open(path) }
    }
  }

  /// Whoever has no key can make all hashes right, but no signature.
  @Test func hashesMadeRightDoNotHelp() throws {
    try withBundle { path, key, _ in
      try sign(path, key)
      let block = Array(try bytes(of: path).suffix(144))
      var changed = try Sample.full()
      changed.labels = changed.labels.map { $0.reversed() }
      try BundleWriter.write(changed, to: path)
      let forged = try bytes(of: path)
      // The signature as it is, then with its hash made to fit.
      try OutputFile.write(forged + block, to: path)
      #expect(problem(path, trusting: [key]).contains("damaged, or that of another bundle"))
      let start = Array(block[..<112])
      try OutputFile.write(forged + start + SHA256(of: Array(forged[32..<64]) + start).bytes, to: path)
      let refusal = "a.derm: the signature by key \(key.publicKey.id) does not hold"
      #expect(problem(path, trusting: [key]) == refusal + ": the bundle or the signature was changed since")
      // Nor does a signature for something else by the same key.
      let other = try key.sign(Array(forged[32..<64]))
      let unprefixed = Array(block[..<48]) + other
      try OutputFile.write(forged + unprefixed + SHA256(of: Array(forged[32..<64]) + unprefixed).bytes, to: path)
      #expect(problem(path, trusting: [key]).contains("does not hold"))
    }
  }

  @Test func unknownKindsOfSignaturesAreRefused() throws {
    try withBundle { path, key, _ in
      let plain = try bytes(of: path)
      try sign(path, key)
      let signed = try bytes(of: path)
      for (offset, value) in [(8, 2), (9, 1), (12, 1)] as [(Int, UInt8)] {
        var start = Array(signed.suffix(144).prefix(112))
        start[offset] = value
        let changed = plain + start + SHA256(of: Array(plain[32..<64]) + start).bytes
        try OutputFile.write(changed, to: path)
        let message = problem(path, trusting: [key])
        #expect(message == "a.derm: is signed in a way that this dermc does not know")
      }
    }
  }

  /// A header that counts less than its table, which once the signature is there is no longer the file's size.
  @Test func aHeaderWithoutRoomForItsTableIsRefused() throws {
    try withBundle { path, key, _ in
      try sign(path, key)
      let file = try bytes(of: path)
      let end = 64 + (Int(file[24]) | Int(file[25]) << 8)
      for size in [0, 63, 64, end - 1] {
        var changed = Array(file[..<end] + file.suffix(144))
        for index in 0..<8 { changed[8 + index] = UInt8(size >> (8 * index) & 0xFF) }
        // A signature where that size says it begins.
        for (index, byte) in "DERMSIGN".utf8.enumerated() where size >= 64 { changed[size + index] = byte }
        changed.replaceSubrange(32..<64, with: SHA256(of: Array(changed[0..<32] + changed[64..<end])).bytes)
        try OutputFile.write(changed, to: path)
        #expect(throws: Refusal.self) { try BundleReader.open(path).read() }
      }
    }
  }
}
