import CKernels

extension Generator {
  mutating func values(_ count: Int, in range: ClosedRange<Float> = -2...2) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }
}

/// Memory of exactly `count` elements between guards, so that a write outside is seen. Inputs get the padding that
/// kernels may read after the last element. Keep it alive while its pointer is used.
final class Guarded<Element: BitwiseCopyable> {
  let count: Int
  private let memory: UnsafeMutableRawPointer
  private static var margin: Int { Int(CK_PAD) }
  private static var pattern: UInt8 { 0xA5 }

  init(count: Int) {
    self.count = count
    let bytes = count * MemoryLayout<Element>.stride + 2 * Self.margin
    memory = .allocate(byteCount: bytes, alignment: Int(CK_ALIGN))
    memory.initializeMemory(as: UInt8.self, repeating: Self.pattern, count: bytes)
  }

  convenience init(_ elements: [Element]) {
    self.init(count: elements.count)
    for (i, element) in elements.enumerated() { pointer[i] = element }
  }

  deinit { memory.deallocate() }

  var pointer: UnsafeMutablePointer<Element> { (memory + Self.margin).assumingMemoryBound(to: Element.self) }
  var elements: [Element] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  var guardsAreIntact: Bool {
    let after = memory + Self.margin + count * MemoryLayout<Element>.stride
    return (0..<Self.margin).allSatisfy {
      memory.load(fromByteOffset: $0, as: UInt8.self) == Self.pattern
        && after.load(fromByteOffset: $0, as: UInt8.self) == Self.pattern
    }
  }
}

/// The first index where two results differ in a bit, NaNs counting as equal; nil when there is none.
func firstDifference(_ a: [Float], _ b: [Float]) -> Int? {
  if a.count != b.count { return min(a.count, b.count) }
  return a.indices.first { a[$0].bitPattern != b[$0].bitPattern && !(a[$0].isNaN && b[$0].isNaN) }
}

/// The operator sets that run on this machine, scalar first.
func floatOperatorSets() -> [ck_float_ops] {
  var found = [UnsafePointer<ck_float_ops>?](repeating: nil, count: 8)
  let count = ck_float_ops_all(&found, found.count)
  return found[..<count].reversed().compactMap { $0?.pointee }
}

let linear = ck_activation(function: CK_IDENTITY, a: 0, b: 0)
let relu6 = ck_activation(function: CK_CLIP, a: 0, b: 6)

/// Every function with parameters that are not neutral.
let allFunctions: [ck_activation] = (CK_IDENTITY.rawValue...CK_ROUND.rawValue).map { raw in
  switch ck_function(rawValue: raw) {
  case CK_CLIP: relu6
  case CK_HARD_SIGMOID: ck_activation(function: CK_HARD_SIGMOID, a: 0.2, b: 0.5)
  case CK_LEAKY_RELU: ck_activation(function: CK_LEAKY_RELU, a: 0.1, b: 0)
  case CK_SELU: ck_activation(function: CK_SELU, a: 1.5, b: 1.25)
  case CK_ELU: ck_activation(function: CK_ELU, a: 1.5, b: 0)
  default: ck_activation(function: ck_function(rawValue: raw), a: 0, b: 0)
  }
}
