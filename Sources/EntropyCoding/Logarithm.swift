/// Logarithms by integers alone, so that a choice made by them is the same on every machine.
struct Logarithm {
  /// What results are multiples of: 2^-16.
  static let one = 1 << 16

  /// log2 of 1 to 4095, and n log2 n.
  private let table: [Int]
  private let products: [UInt32]

  init() {
    table = (0..<4096).map { $0 == 0 ? 0 : Logarithm.exact($0) }
    products = table.enumerated().map { UInt32($0 * $1) }
  }

  /// log2 of a number, which is at least 1; of larger ones, of their twelve highest bits.
  @inline(__always)
  func base2(_ number: Int) -> Int {
    let shift = max(0, bitLength(number) - 12)
    return shift * Logarithm.one + table[number >> shift]
  }

  /// The sum of n log2 n over the sums of two lists of numbers; n log2 n of 0 is 0.
  func products(_ numbers: [Int], plus others: [Int]) -> Int {
    precondition(numbers.count == others.count, "the lists differ in length")
    // Of the time that coding takes, half would go into checks of indices here.
    return products.withUnsafeBufferPointer { products in
      numbers.withUnsafeBufferPointer { numbers in
        others.withUnsafeBufferPointer { others in
          var result = 0
          for index in numbers.indices {
            let number = numbers[index] &+ others[index]
            result &+= number < products.count ? Int(products[number]) : number &* base2(number)
          }
          return result
        }
      }
    }
  }

  /// One bit after the other: the square of a number has twice its logarithm.
  private static func exact(_ number: Int) -> Int {
    var result = bitLength(number) - 1
    var mantissa = UInt64(number) << UInt64(31 - result)
    for _ in 0..<16 {
      mantissa = (mantissa * mantissa) >> 31
      let bit = mantissa >> 32
      mantissa >>= bit
      result = result << 1 | Int(bit)
    }
    return result
  }
}
