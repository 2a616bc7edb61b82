import IR
import Operators
import Tensors

extension Reshape {
  /// The reshape that does what `first` and then `second` do, for any number of images when the batch is free.
  init?(_ first: Reshape, then second: Reshape, from input: [Int], freeBatch: Bool) {
    func target(_ input: [Int]) -> [Int]? {
      first.result(for: input).flatMap { second.result(for: $0) }
    }
    guard let found = Reshape.reaching(target, from: input, freeBatch: freeBatch, candidates: [second]) else {
      return nil
    }
    self = found
  }

  /// A reshape from one shape to another that fits every number of images: the first dimension, if it stays, is copied.
  ///
  /// Nil when the batch is free and no reshape reaches `target` for all sizes.
  static func reaching(
    _ target: ([Int]) -> [Int]?, from input: [Int], freeBatch: Bool, candidates: [Reshape] = []
  ) -> Reshape? {
    guard let shape = target(input) else { return nil }
    var candidates = candidates
    if let first = shape.first, let batch = input.first {
      let rest = Array(shape.dropFirst())
      if first == batch && !rest.contains(0) { candidates.append(Reshape(shape: [0] + rest)) }
      if !shape.contains(0) {
        for free in shape.indices where freeBatch {
          var dimensions = shape
          dimensions[free] = -1
          candidates.append(Reshape(shape: dimensions))
        }
      }
    }
    candidates.append(Reshape(shape: shape, allowZero: shape.contains(0)))
    // Two more batch sizes tell a shape that follows the batch from one that happens to fit a single image.
    let sizes = freeBatch && !input.isEmpty ? [1, 2, 3] : [1]
    return candidates.first { candidate in
      sizes.allSatisfy { size in
        var scaled = input
        if size > 1 { scaled[0] *= size }
        guard let wanted = target(scaled) else { return false }
        return candidate.result(for: scaled) == wanted
      }
    }
  }

  /// The output shape for an input shape; nil when it does not fit.
  func result(for input: [Int]) -> [Int]? {
    do throws(Refusal) {
      return try inferTypes([Operand(TensorType(.float32, input))]).first?.shape
    } catch {
      return nil
    }
  }
}
