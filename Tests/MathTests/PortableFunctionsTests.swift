import Math
import Platform
import Testing

/// Every function against the C library's, on a sweep with special points.
private let sweep: [Double] = {
  var values = stride(from: -40.0, through: 40, by: 0.0371).map { $0 }
  values += [0, -0.0, 1e-300, -1e-300, 1e-9, -1e-9, 0.5, 2.4999, 2.5, 2.5001, 700, -700, -744, 1000, -1000]
  return values
}()

private func expectClose(_ value: Double, _ exact: Double, _ x: Double, _ name: String) {
  guard exact.isFinite else {
    #expect(value == exact || (value.isNaN && exact.isNaN), "\(name)(\(x)): \(value), expected \(exact)")
    return
  }
  #expect(abs(value - exact) <= 1e-13 * max(1, abs(exact)), "\(name)(\(x)): \(value), expected \(exact)")
}

@Suite struct PortableFunctionsTests {
  @Test func agreeWithTheCLibrary() {
    for x in sweep {
      expectClose(PortableFunctions.exp(x), Platform.exp(x), x, "exp")
      expectClose(PortableFunctions.tanh(x), Platform.tanh(x), x, "tanh")
      expectClose(PortableFunctions.erf(x), Platform.erf(x), x, "erf")
      let softplus = x > 0 ? x + log1p(Platform.exp(-x)) : log1p(Platform.exp(x))
      expectClose(PortableFunctions.softplus(x), softplus, x, "softplus")
      if x > 0 { expectClose(PortableFunctions.log(x), Platform.log(x), x, "log") }
    }
    for exponent in stride(from: -300.0, through: 300, by: 7.3) {
      let x = Platform.exp(exponent * 2)
      expectClose(PortableFunctions.log(x), Platform.log(x), x, "log")
    }
  }

  @Test func specialValues() {
    #expect(PortableFunctions.exp(.infinity) == .infinity)
    #expect(PortableFunctions.exp(-.infinity) == 0)
    #expect(PortableFunctions.exp(.nan).isNaN)
    #expect(PortableFunctions.exp(0) == 1)
    #expect(PortableFunctions.log(0) == -.infinity)
    #expect(PortableFunctions.log(-1).isNaN)
    #expect(PortableFunctions.log(1) == 0)
    #expect(PortableFunctions.tanh(0) == 0)
  }

  /// Activations as tables use them: at the ends of their range and where their pieces meet.
  @Test func activations() {
    #expect(UnaryFunction.hardSwish(-3) == 0)
    #expect(UnaryFunction.hardSwish(3) == 3)
    #expect(UnaryFunction.relu6(7) == 6)
    #expect(UnaryFunction.sigmoid(0) == 0.5)
    #expect(UnaryFunction.silu(-1000) == 0)
    #expect(abs(UnaryFunction.gelu(1) - 0.841344746068543) < 1e-12)
    #expect(abs(UnaryFunction.mish(1) - 0.865098388267225) < 1e-12)
  }

  @Test func storedNamesRoundTrip() {
    let functions: [UnaryFunction] = [
      .identity, .relu, .relu6, .sigmoid, .silu, .tanh, .hardSigmoid(alpha: 0.2, beta: 0.5), .hardSwish,
      .leakyRelu(alpha: 0.1), .elu(alpha: 1), .gelu, .erf, .exp, .softplus, .mish, .log, .sqrt, .abs, .neg,
      .reciprocal, .floor, .ceil, .round, .selu(alpha: 1.5, gamma: 0.9), .sign, .sin, .cos, .tan, .asin, .acos, .atan,
      .sinh, .cosh, .asinh, .acosh, .atanh,
    ]
    for function in functions {
      let (name, parameters) = function.stored
      #expect(UnaryFunction(name: name, parameters: parameters) == function)
    }
    #expect(UnaryFunction(name: "clip", parameters: [1]) == nil)
    #expect(UnaryFunction(name: "unknown", parameters: []) == nil)
  }
}
