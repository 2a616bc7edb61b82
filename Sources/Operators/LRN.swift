package import IR
import Platform
package import Tensors
import Threads

/// Local response normalisation across channels, float32: y = x / (bias + alpha / size * s)^beta.
///
/// s is the sum of squares over `size` channels from c - (size - 1) / 2 on, those that exist, taken in double precision
/// as is the power.
package struct LRN: Operator {
  package static let name = "LRN"

  package let size: Int
  package let alpha: Float
  package let beta: Float
  package let bias: Float

  package init(size: Int, alpha: Float = 0.0001, beta: Float = 0.75, bias: Float = 1) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.bias = bias
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    size = try attributes.int("size")
    alpha = try attributes.finite("alpha", default: 0.0001)
    beta = try attributes.finite("beta", default: 0.75)
    bias = try attributes.finite("bias", default: 1)
    try check()
  }

  package func check() throws(Refusal) {
    guard (1...(1 << 15)).contains(size) else {
      throw Refusal("attribute size is \(size), expected 1...32768")
    }
  }

  package func write(to attributes: inout AttributeWriter) {
    attributes.set("size", size)
    attributes.set("alpha", alpha)
    attributes.set("beta", beta)
    attributes.set("bias", bias)
  }

  package var layout: LayoutRule { .channelsLast }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    try x.expect(.float32, "x")
    try x.expect(rank: 4, "x")
    return [x.type]
  }

  package func work(_: [Operand?], _ outputs: [TensorType]) -> Work {
    Work(elementOperations: outputs.reduce(0) { $0 + $1.count * size })
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let channels = site.outputs[0].shape[1]
    guard channels > 0 else { return try site.emptyKernel() }
    let pixels = site.outputs[0].count / channels
    let before = (size - 1) / 2
    let after = size / 2
    let factor = Double(alpha) / Double(size)
    let bias = Double(bias)
    let power = power
    return Kernel(implementation: "lrn") { call in
      let input: UnsafePointer<Float> = call.input(0).pointer()
      let output: UnsafeMutablePointer<Float> = call.output.pointer()
      call.workers.run(units: pixels) { _, range in
        for pixel in range {
          let x = input + pixel * channels
          let y = output + pixel * channels
          for channel in 0..<channels {
            var sum = 0.0
            for index in max(0, channel - before)...min(channels - 1, channel + after) {
              sum += Double(x[index]) * Double(x[index])
            }
            y[channel] = Float(Double(x[channel]) / power(bias + factor * sum))
          }
        }
      }
    }
  }

  /// x^beta; the usual exponents by square roots, which are exact on every machine.
  private var power: @Sendable (Double) -> Double {
    let beta = Double(beta)
    switch beta {
    case 0.5: return { $0.squareRoot() }
    case 0.75: return { $0.squareRoot() * $0.squareRoot().squareRoot() }
    case 1: return { $0 }
    default: return { pow($0, beta) }
    }
  }
}

#if !RUNTIME_ONLY
extension LRN: Differentiable {
  /// g / b^beta - 2 beta alpha / size x * sum of g x / b^(beta + 1) over the channels that have x in their sums; b is
  /// what is raised to beta.
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let (x, channels) = (product.input(), product.shape(ofInput: 0)[1])
    var neighbours = try product.zeros(channels, channels)
    for channel in 0..<channels {
      for other in max(0, channel - (size - 1) / 2)...min(channels - 1, channel + size / 2) {
        neighbours[channel * channels + other] = alpha / Float(size)
      }
    }
    let turned = MatrixProduct.transposed(neighbours, rows: channels, columns: channels)
    let sum = Conv(window: Window(kernel: [1, 1]))
    let shape = [channels, channels, 1, 1]
    let squares = try product.add(sum, product.squared(x), product.constant(Tensor(neighbours, shape: shape)))
    let base = try product.plus(squares, bias)
    let power = try product.add(Binary(.pow), base, product.constant(Tensor(scalar: -beta)))
    let own = try product.times(product.gradient, power)
    let others = try product.over(product.times(own, x), base)
    let spread = try product.add(sum, others, product.constant(Tensor(turned, shape: shape)))
    return [try product.minus(own, product.times(product.times(x, 2 * beta), spread))]
  }
}
#endif
