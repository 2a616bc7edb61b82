import Hashing
import Platform
import Tensors
import Testing

@testable import Signing

/// Calls `body` with the path of a new folder, which is removed afterwards.
private func withFolder(_ names: [String], _ body: (String) throws -> Void) throws {
  var template = Array("\(getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir)/signing-XXXXXX".utf8CString)
  let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap(mkdtemp).map { String(cString: $0) } }
  let path = try #require(made)
  defer {
    for name in names { unlink("\(path)/\(name)") }
    rmdir(path)
  }
  try body(path)
}

private func mode(_ path: String) -> mode_t {
  var status = stat()
  return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
}

@Suite struct KeyFileTests {
  // The examples of RFC 8410, sections 10.1 and 10.3.
  static let publicPEM = """
    -----BEGIN PUBLIC KEY-----
    MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
    -----END PUBLIC KEY-----

    """
  static let secretPEM = """
    -----BEGIN PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
    -----END PRIVATE KEY-----

    """

  @Test func readsTheKeysOfTheStandard() throws {
    try withFolder(["key", "key.pub"]) { folder in
      try OutputFile.write(Self.secretPEM, to: "\(folder)/key")
      try OutputFile.write(Self.publicPEM, to: "\(folder)/key.pub")
      let key = try PublicKey(path: "\(folder)/key.pub")
      #expect(try SecretKey(path: "\(folder)/key").publicKey == key)
      #expect(key.bytes == bytes("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"))
      #expect(key.pem == Self.publicPEM)
      #expect(key.id.hash.hex.hasPrefix(key.id.description) && key.id.description.count == 16)
    }
  }

  @Test func passesOverWhatSurroundsAKey() throws {
    let plain = try PublicKey(pem: Array(Self.publicPEM.utf8), path: "key")
    let windows = Self.publicPEM.split(separator: "\n").map { "\($0) \r\n" }.joined()
    for text in ["# release key, 2026\n\n" + Self.publicPEM + "more\n", windows] {
      #expect(try PublicKey(pem: Array(text.utf8), path: "key") == plain)
    }
  }

  /// A text that is not the key that was asked for, and what is said of it.
  struct RefusedKey: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let text: String
    let message: String

    init(_ name: String, _ text: String, _ message: String) {
      testDescription = name
      self.text = text
      self.message = message
    }
  }

  @Test(arguments: [
    RefusedKey("empty", "", "is not a public key in PEM form"),
    RefusedKey("without end", "-----BEGIN PUBLIC KEY-----\n", "is not a public key in PEM form"),
    RefusedKey("digit", publicPEM.replacing("MCow", with: "MC*w"), "is not a public key in PEM form"),
    RefusedKey("padding", publicPEM.replacing("ZuE=", with: "Zu=E"), "is not a public key in PEM form"),
    RefusedKey("short", publicPEM.replacing("ZuE=", with: ""), "is not an Ed25519 key"),
    RefusedKey("X25519", publicPEM.replacing("K2Vw", with: "K2Vu"), "is not an Ed25519 key"),
    RefusedKey("length", publicPEM.replacing("MCow", with: "MCkw"), "is not an Ed25519 key"),
    RefusedKey("secret", secretPEM, "expected a PUBLIC KEY, found a PRIVATE KEY; keep that one"),
    RefusedKey(
      "certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      "expected a PUBLIC KEY, found a CERTIFICATE"),
  ]) func refusesOtherPublicKeys(_ refusal: RefusedKey) {
    #expect {
      try PublicKey(pem: Array(refusal.text.utf8), path: "key")
    } throws: {
      "\($0)".hasPrefix("key: \(refusal.message)")
    }
  }

  @Test(arguments: [
    RefusedKey("text", "text", "is not a secret key in PEM form; dermc sign --new-key FILE makes one"),
    RefusedKey("public", publicPEM, "expected a PRIVATE KEY, found a PUBLIC KEY; signing needs the secret one"),
    RefusedKey("length", secretPEM.replacing("MC4C", with: "MC4D"), "is not an Ed25519 key"),
    RefusedKey(
      "encrypted", secretPEM.replacing("PRIVATE", with: "ENCRYPTED PRIVATE"),
      "expected a PRIVATE KEY, found a ENCRYPTED PRIVATE KEY; openssl pkey decrypts it"),
  ]) func refusesOtherSecretKeys(_ refusal: RefusedKey) throws {
    try withFolder(["key"]) { folder in
      try OutputFile.write(refusal.text, to: "\(folder)/key")
      #expect {
        try SecretKey(path: "\(folder)/key")
      } throws: {
        "\($0)".hasPrefix("\(folder)/key: \(refusal.message)")
      }
    }
  }

  @Test func makesKeysThatOnlyTheirOwnerReads() throws {
    try withFolder(["one", "one.pub", "two", "two.pub", "three", "three.pub"]) { folder in
      let (one, path) = try SecretKey.create(at: "\(folder)/one")
      #expect(path == "\(folder)/one.pub")
      #expect(mode("\(folder)/one") == 0o600 && mode(path) == 0o644)
      #expect(try SecretKey(path: "\(folder)/one").publicKey == one.publicKey)
      #expect(try PublicKey(path: path) == one.publicKey)
      #expect(try one.publicKey.verifies(SecretKey(path: "\(folder)/one").sign([1, 2]), of: [1, 2]))
      let two = try SecretKey.create(at: "\(folder)/two").key
      #expect(two.publicKey != one.publicKey)

      // What is there stays, and nothing is left of the attempt.
      let before = try MappedFile.contents(of: "\(folder)/one")
      #expect(throws: Refusal.self) { try SecretKey.create(at: "\(folder)/one") }
      unlink("\(folder)/one.pub")
      #expect(throws: Refusal.self) { try SecretKey.create(at: "\(folder)/one") }
      #expect(try MappedFile.contents(of: "\(folder)/one") == before)
      #expect(mode("\(folder)/one.pub") == 0)
      try OutputFile.write("mine", to: "\(folder)/three.pub")
      #expect(throws: Refusal.self) { try SecretKey.create(at: "\(folder)/three") }
      #expect(mode("\(folder)/three") == 0)
      #expect(throws: Refusal.self) { try SecretKey.create(at: "\(folder)/absent/key") }
    }
  }

  @Test func base64RoundTrips() {
    for count in 0..<20 {
      let data = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 71 + 13) }
      #expect(Base64.decode(Base64.encode(data)) == data)
    }
    #expect(Base64.encode(Array("foobar".utf8)) == "Zm9vYmFy")
    #expect(Base64.encode(Array("fooba".utf8)) == "Zm9vYmE=" && Base64.encode(Array("foob".utf8)) == "Zm9vYg==")
    for text in ["Zg=", "Zg", "Zh==", "====", "Zm9vYmF", "Zm9v YmFy", "Zg==Zg=="] {
      #expect(Base64.decode(text) == nil)
    }
  }
}
