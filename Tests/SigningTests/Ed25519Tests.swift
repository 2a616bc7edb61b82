import Testing

@testable import Signing

/// The bytes of hexadecimal digits.
func bytes(_ hex: String) -> [UInt8] {
  let digits = Array(hex)
  return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
}

/// A test vector of RFC 8032, section 7.1.
struct Vector: Sendable, CustomTestStringConvertible {
  let name: String
  let seed: [UInt8]
  let publicKey: [UInt8]
  let message: [UInt8]
  let signature: [UInt8]
  var testDescription: String { name }

  static let all = [
    Vector(
      name: "1", seed: bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
      publicKey: bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"), message: [],
      signature: bytes(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
          + "d25bf5f0595bbe24655141438e7a100b")),
    Vector(
      name: "2", seed: bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"),
      publicKey: bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"), message: [0x72],
      signature: bytes(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
          + "387b2eaeb4302aeeb00d291612bb0c00")),
    Vector(
      name: "3", seed: bytes("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"),
      publicKey: bytes("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"), message: [0xAF, 0x82],
      signature: bytes(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
          + "4a7c15e9716ed28dc027beceea1ec40a")),
    Vector(
      name: "SHA(abc)", seed: bytes("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"),
      publicKey: bytes("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf"),
      message: bytes(
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
          + "454d4423643ce80e2a9ac94fa54ca49f"),
      signature: bytes(
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
          + "3dca179c138ac17ad9bef1177331a704")),
  ]
}

@Suite struct Ed25519Tests {
  @Test(arguments: Vector.all) func signsAsTheStandardSays(_ vector: Vector) throws {
    let key = try #require(try SecretKey(seed: vector.seed))
    #expect(key.publicKey.bytes == vector.publicKey)
    #expect(try key.sign(vector.message) == vector.signature)
    #expect(try key.publicKey.verifies(vector.signature, of: vector.message))
  }

  @Test(arguments: Vector.all) func refusesEveryFlippedBit(_ vector: Vector) throws {
    let key = try #require(PublicKey(bytes: vector.publicKey))
    for bit in 0..<8 * vector.signature.count {
      var changed = vector.signature
      changed[bit / 8] ^= 1 << (bit % 8)
      #expect(try !key.verifies(changed, of: vector.message), "bit \(bit) of the signature")
    }
    for bit in 0..<8 * vector.message.count {
      var changed = vector.message
      changed[bit / 8] ^= 1 << (bit % 8)
      #expect(try !key.verifies(vector.signature, of: changed), "bit \(bit) of the message")
    }
    for bit in 0..<256 {
      var changed = vector.publicKey
      changed[bit / 8] ^= 1 << (bit % 8)
      let other = try #require(PublicKey(bytes: changed))
      #expect(other.id != key.id)
      #expect(try !other.verifies(vector.signature, of: vector.message), "bit \(bit) of the key")
    }
  }

  @Test func refusesWhatIsNoSignature() throws {
    let vector = Vector.all[1]
    let key = try #require(PublicKey(bytes: vector.publicKey))
    for count in [0, 1, 63, 65] {
      let other = Array((vector.signature + [0]).prefix(count))
      #expect(try !key.verifies(other, of: vector.message))
    }
    #expect(try !key.verifies([UInt8](repeating: 0, count: 64), of: vector.message))
    #expect(PublicKey(bytes: [1, 2, 3]) == nil)
    #expect(try SecretKey(seed: [1, 2, 3]) == nil)
    // With the order of the group added to its second half the equation holds as before: one message, one signature.
    let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
    var (changed, carry) = (vector.signature, 0)
    for index in 0..<32 {
      let sum = Int(changed[32 + index]) + Int(order[index]) + carry
      changed[32 + index] = UInt8(sum & 0xFF)
      carry = sum >> 8
    }
    #expect(carry == 0 && changed != vector.signature)
    #expect(try !key.verifies(changed, of: vector.message))
    // The neutral element as a key, and as the first half of a signature whose second is zero, fits every message.
    let neutral = [1] + [UInt8](repeating: 0, count: 31)
    let weak = try #require(PublicKey(bytes: neutral))
    #expect(try !weak.verifies(neutral + [UInt8](repeating: 0, count: 32), of: vector.message))
  }
}
