import Glibc

/// Logarithms for levels.
package enum Decibel {
  package static func log10(_ x: Double) -> Double { Glibc.log10(x) }
}
