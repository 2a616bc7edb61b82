package import Hashing

/// What tells one data set from another: how many files it is, and what is in them, whatever their names and order.
package struct DataIdentity: Sendable, Hashable {
  /// Files that were used.
  package let count: Int
  /// The SHA-256 of the files' own SHA-256 hashes, 32 bytes each, sorted by their bytes, one after the other.
  package let sha256: SHA256

  package init(hashes: [SHA256]) {
    count = hashes.count
    sha256 = SHA256(of: hashes.map(\.bytes).sorted { $0.lexicographicallyPrecedes($1) }.flatMap(\.self))
  }
}
