import CKernels

/// SplitMix64: the same numbers everywhere.
struct Generator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func int8s(_ count: Int, in range: ClosedRange<Int8> = -128...127) -> [Int8] {
    (0..<count).map { _ in Int8.random(in: range, using: &self) }
  }

  /// Zero points, the extremes as often as anything else.
  mutating func zeroPoint() -> Int32 {
    switch Int.random(in: 0..<4, using: &self) {
    case 0: -128
    case 1: 127
    default: Int32.random(in: -128...127, using: &self)
    }
  }
}

/// The sets of features that have names.
let namedSets: [(name: String, features: ck_features)] = (0...).lazy.prefix { ck_isa_known($0) != nil }.map {
  (String(cString: ck_isa_known($0)), ck_isa_features($0))
}

/// The features of the set of a name; those of none where there is no such set.
func features(_ name: String) -> ck_features {
  namedSets.first { $0.name == name }?.features ?? []
}

/// What kernels may be chosen for here: the named sets that run, and all there is.
let runnableFeatures: [ck_features] =
  namedSets.map(\.features).filter { ck_runs($0) != 0 } + [ck_features_here()]

/// Activations with the padding past their end that kernels may read, filled with something that would show.
func padded(_ values: [Int8]) -> [Int8] {
  values + [Int8](repeating: 77, count: Int(CK_PAD))
}

/// Runs `body` with an output of `count` elements between guards; returns the elements, or nil where a guard was
/// written.
func guarded<T: Equatable>(_ count: Int, fill: T, _ body: (UnsafeMutablePointer<T>) -> Void) -> [T]? {
  let margin = 64
  var buffer = [T](repeating: fill, count: count + 2 * margin)
  buffer.withUnsafeMutableBufferPointer { b in
    if let base = b.baseAddress { body(base + margin) }
  }
  guard buffer[..<margin].allSatisfy({ $0 == fill }), buffer[(margin + count)...].allSatisfy({ $0 == fill }) else {
    return nil
  }
  return Array(buffer[margin..<(margin + count)])
}
