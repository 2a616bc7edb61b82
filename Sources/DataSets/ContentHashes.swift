import Hashing
import Synchronization
import Tensors

/// The hashes of files that samples were read from, each computed once. Used by several threads.
final class ContentHashes: Sendable {
  private let hashes = Mutex<[String: SHA256?]>([:])
  /// Pages of a mapped file that are hashed before they may leave memory.
  private static let piece = 16 << 20

  /// Hashes of files that were read so far, by path.
  var all: [String: SHA256] { hashes.withLock { $0.compactMapValues(\.self) } }

  /// Remembers a file by its contents.
  func add(_ path: String, _ bytes: [UInt8]) {
    guard claim(path) else { return }
    let hash = SHA256(of: bytes)
    hashes.withLock { $0[path] = hash }
  }

  /// Remembers a file that is mapped. Whether it stays as it is until the work is done is looked at by whoever ends it.
  func add(_ path: String) throws(Refusal) {
    guard claim(path) else { return }
    let file = try MappedFile(path: path)
    let hash = file.withBytes { bytes in
      SHA256(of: bytes, inPiecesOf: ContentHashes.piece) { file.releasePages(of: $0) }
    }
    hashes.withLock { $0[path] = hash }
  }

  /// Whether nobody computes the hash yet.
  private func claim(_ path: String) -> Bool {
    hashes.withLock { known in
      guard known[path] == nil else { return false }
      known[path] = .some(nil)
      return true
    }
  }
}
