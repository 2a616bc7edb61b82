import Platform

/// libsodium's Ed25519, loaded when the first signature is made or checked: programs that do neither need no libsodium.
struct Sodium: Sendable {
  typealias Bytes = UnsafePointer<UInt8>
  typealias Target = UnsafeMutablePointer<UInt8>

  /// Nil where libsodium cannot be loaded.
  static let loaded = Sodium()

  // As libsodium's headers declare them: crypto_sign_ed25519.h, randombytes.h, core.h.

  /// signature, message, its length, public key; 0 where the signature holds
  typealias Verify = @convention(c) (Bytes?, Bytes?, CUnsignedLongLong, Bytes?) -> CInt
  /// signature, where its length goes, message, its length, secret key of 64 bytes
  typealias Sign =
    @convention(c) (
      Target?, UnsafeMutablePointer<CUnsignedLongLong>?, Bytes?, CUnsignedLongLong, Bytes?
    ) -> CInt
  /// public key, secret key of 64 bytes, seed
  typealias KeyPair = @convention(c) (Target?, Target?, Bytes?) -> CInt
  typealias FillRandom = @convention(c) (UnsafeMutableRawPointer?, Int) -> Void
  typealias Initialize = @convention(c) () -> CInt

  let verify: Verify
  let sign: Sign
  let keyPair: KeyPair
  let fillRandom: FillRandom

  // Versions 1.0.19 and 1.0.4 to 1.0.18; what is called here has the same interface in both.
  private static let names = ["libsodium.so.26", "libsodium.so.23"]

  private init?() {
    // Never closed: the functions are used as long as the program runs.
    guard let library = Sodium.names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first,
      let initialize = dlsym(library, "sodium_init"),
      let verify = dlsym(library, "crypto_sign_ed25519_verify_detached"),
      let sign = dlsym(library, "crypto_sign_ed25519_detached"),
      let keyPair = dlsym(library, "crypto_sign_ed25519_seed_keypair"),
      let fillRandom = dlsym(library, "randombytes_buf")
    else { return nil }
    guard unsafeBitCast(initialize, to: Initialize.self)() >= 0 else { return nil }
    self.verify = unsafeBitCast(verify, to: Verify.self)
    self.sign = unsafeBitCast(sign, to: Sign.self)
    self.keyPair = unsafeBitCast(keyPair, to: KeyPair.self)
    self.fillRandom = unsafeBitCast(fillRandom, to: FillRandom.self)
  }
}
