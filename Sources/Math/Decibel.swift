import Platform

/// Logarithms for levels.
package enum Decibel {
  package static func log10(_ x: Double) -> Double { Platform.log10(x) }
}
