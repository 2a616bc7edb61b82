/// What a model says of constants that it stores quantized: each number is a whole multiple of a step.
///
/// It is a hint that comes from a file and survives some rewritings; who uses it compares the numbers with it.
package struct Grid: Sendable {
  /// One for the whole tensor, or one for each index along `axis`; empty where they are finer than that.
  package let steps: [Float]
  package let axis: Int
  /// The multiples themselves, where a float32 may not tell them: biases of 32 bits.
  package let multiples: [Int32]?

  package init(steps: [Float], axis: Int = 0, multiples: [Int32]? = nil) {
    self.steps = steps
    self.axis = axis
    self.multiples = multiples
  }

  /// The grid of elements that moved: one of one step whatever moved, else where `axis` went; nil where it is gone.
  package func moved(toAxis axis: Int?) -> Grid? {
    if steps.count <= 1 { return Grid(steps: steps) }
    return axis.map { Grid(steps: steps, axis: $0) }
  }

  /// The grid of numbers that were multiplied by one factor for each of `count` indices along `axis`; nil where steps
  /// lie along another dimension.
  package func scaled(by factors: [Double], along axis: Int) -> Grid? {
    guard steps.count == 1 || steps.count == factors.count && self.axis == axis else { return nil }
    let scaled = factors.enumerated().map { index, factor in
      // A factor of 0 leaves zeros, which are multiples of any step.
      Float(Double(steps[steps.count == 1 ? 0 : index]) * (factor == 0 ? 1 : factor.magnitude))
    }
    return Grid(steps: scaled, axis: axis)
  }
}
