import CKernels
import Platform
import Testing

private func apply(_ ops: ck_float_ops, _ f: ck_activation, _ x: [Float]) -> [Float] {
  let output = Guarded<Float>(count: x.count)
  let input = Guarded(x)
  withExtendedLifetime(input) { ops.unary(f, x.count, input.pointer, output.pointer) }
  #expect(output.guardsAreIntact)
  return output.elements
}

/// Floats of every exponent and both signs, small integers and halves, and the special values.
private let sweep: [Float] = {
  var source = Generator(seed: 7)
  var values: [Float] = [
    0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude,
    .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 88.72, 88.73, -87.4, -103.9, -104.1, 0.5, 1.5, 2.5, -0.5, -2.5,
  ]
  for exponent in UInt32(0)..<255 {
    for sign in [UInt32(0), 1] {
      for _ in 0..<16 {
        values.append(Float(bitPattern: sign << 31 | exponent << 23 | UInt32(source.next() & 0x7F_FFFF)))
      }
    }
  }
  values += source.values(20_000, in: -12...12)
  values += source.values(4000, in: -110...110)
  values += source.values(2001, in: -1...1)
  return values
}()

/// What a function should give, and how far off it may be: in units in the last place, or relative to |x|.
private struct Expectation: Sendable {
  var function: ck_function
  var ulps: Double
  var relativeToInput: Double = 0
  var value: @Sendable (Double) -> Double
}

private let expectations: [Expectation] = [
  Expectation(function: CK_SIGMOID, ulps: 2.5) { 1 / (1 + exp(-$0)) },
  Expectation(function: CK_SILU, ulps: 3.2, relativeToInput: 0x1p-149) { $0 == -.infinity ? 0 : $0 / (1 + exp(-$0)) },
  Expectation(function: CK_TANH, ulps: 3) { tanh($0) },
  Expectation(function: CK_HARD_SWISH, ulps: 1, relativeToInput: 0x1p-22) {
    $0 == -.infinity ? 0 : $0 * min(1, max(0, $0 / 6 + 0.5))
  },
  Expectation(function: CK_ELU, ulps: 3) { $0 < 0 ? 1.5 * expm1($0) : $0 },
  Expectation(function: CK_GELU, ulps: 2, relativeToInput: 0x1p-22) {
    $0 == -.infinity ? 0 : $0 * 0.5 * erfc(-$0 / 2.0.squareRoot())
  },
  Expectation(function: CK_ERF, ulps: 2) { erf($0) },
  Expectation(function: CK_EXP, ulps: 1.1) { exp($0) },
  Expectation(function: CK_SOFTPLUS, ulps: 3) { max($0, 0) + log1p(exp(-abs($0))) },
  Expectation(function: CK_MISH, ulps: 4, relativeToInput: 0x1p-149) {
    $0 == -.infinity ? 0 : $0 * tanh(max($0, 0) + log1p(exp(-abs($0))))
  },
  Expectation(function: CK_LOG, ulps: 1) { log($0) },
  Expectation(function: CK_SQRT, ulps: 0.5) { $0.squareRoot() },
  Expectation(function: CK_RECIPROCAL, ulps: 0.5) { 1 / $0 },
  Expectation(function: CK_ABS, ulps: 0) { abs($0) },
  Expectation(function: CK_NEG, ulps: 0) { -$0 },
  Expectation(function: CK_FLOOR, ulps: 0) { $0.rounded(.down) },
  Expectation(function: CK_CEIL, ulps: 0) { $0.rounded(.up) },
  Expectation(function: CK_ROUND, ulps: 0) { $0.rounded(.toNearestOrEven) },
  Expectation(function: CK_SELU, ulps: 4) { 1.25 * ($0 < 0 ? 1.5 * expm1($0) : $0) },
  Expectation(function: CK_SIGN, ulps: 0) { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 },
  Expectation(function: CK_SIN, ulps: 0.51) { sin($0) },
  Expectation(function: CK_COS, ulps: 0.51) { cos($0) },
  Expectation(function: CK_TAN, ulps: 0.51) { tan($0) },
  Expectation(function: CK_ASIN, ulps: 0.51) { asin($0) },
  Expectation(function: CK_ACOS, ulps: 0.51) { acos($0) },
  Expectation(function: CK_ATAN, ulps: 0.51) { atan($0) },
  Expectation(function: CK_SINH, ulps: 0.51) { sinh($0) },
  Expectation(function: CK_COSH, ulps: 0.51) { cosh($0) },
  Expectation(function: CK_ASINH, ulps: 0.51) { asinh($0) },
  Expectation(function: CK_ACOSH, ulps: 0.51) { acosh($0) },
  Expectation(function: CK_ATANH, ulps: 0.51) { atanh($0) },
]

@Suite struct FloatUnaryTests {
  @Test(arguments: allFunctions.map(\.function.rawValue))
  func setsAgree(_ function: UInt32) throws {
    let activation = try #require(allFunctions.first { $0.function.rawValue == function })
    let sets = floatOperatorSets()
    let scalar = try #require(sets.first)
    let expected = apply(scalar, activation, sweep)
    for ops in sets {
      let got = apply(ops, activation, sweep)
      let difference = firstDifference(got, expected)
      #expect(difference == nil, "\(String(cString: ops.name)) at x = \(difference.map { sweep[$0] } ?? 0)")
      for count in [1, 2, 7, 8, 9, 15, 16, 17, 31, 33] {
        let tail = apply(ops, activation, Array(sweep.suffix(count)))
        let name = String(cString: ops.name)
        #expect(firstDifference(tail, Array(expected.suffix(count))) == nil, "\(name), \(count) values")
      }
      // In place.
      let buffer = Guarded(sweep)
      ops.unary(activation, sweep.count, buffer.pointer, buffer.pointer)
      #expect(firstDifference(buffer.elements, expected) == nil)
    }
  }

  @Test(arguments: expectations.indices)
  func accuracy(_ index: Int) throws {
    let expectation = expectations[index]
    let activation = try #require(allFunctions.first { $0.function == expectation.function })
    let scalar = try #require(floatOperatorSets().first)
    let got = apply(scalar, activation, sweep)
    var worst = (ulps: 0.0, x: Float(0))
    for (x, y) in zip(sweep, got) {
      let exact = expectation.value(Double(x))
      let nearest = Float(exact)
      if nearest.isNaN || nearest.isInfinite || y.isInfinite {
        // Within the stated error of overflow either side is right.
        let matches = y.isNaN == nearest.isNaN && (nearest.isNaN || y == nearest || abs(exact) > 3.4028e38)
        #expect(matches, "x = \(x): \(y) instead of \(nearest)")
        continue
      }
      let error = abs(Double(y) - exact)
      if error <= expectation.relativeToInput * Double(abs(x)) { continue }
      let ulps = error / Double(nearest.ulp)
      if !(ulps <= worst.ulps) { worst = (ulps, x) }
    }
    #expect(worst.ulps <= expectation.ulps, "\(worst.ulps) ulp at x = \(worst.x)")
  }

  @Test func signsAndLimits() throws {
    let scalar = try #require(floatOperatorSets().first)
    func value(_ function: ck_function, _ x: Float, a: Float = 0, b: Float = 0) -> Float {
      apply(scalar, ck_activation(function: function, a: a, b: b), [x])[0]
    }
    #expect(value(CK_SIGMOID, -.infinity) == 0)
    #expect(value(CK_SIGMOID, .infinity) == 1)
    #expect(value(CK_TANH, -.infinity) == -1)
    #expect(value(CK_TANH, -0.0).sign == .minus)
    #expect(value(CK_LOG, 0) == -.infinity)
    #expect(value(CK_LOG, -1).isNaN)
    #expect(value(CK_EXP, -.infinity) == 0)
    #expect(value(CK_EXP, 0) == 1)
    #expect(value(CK_CLIP, -0.0, a: 0, b: 6) == 0)
    #expect(value(CK_CLIP, 9, a: 0, b: 6) == 6)
    #expect(value(CK_HARD_SIGMOID, 1, a: 0.2, b: 0.5) == 0.7)
    #expect(value(CK_LEAKY_RELU, -2, a: 0.25) == -0.5)
    #expect(value(CK_HARD_SWISH, 3) == 3)
    #expect(value(CK_HARD_SWISH, -3) == 0)
    for function in allFunctions { #expect(value(function.function, .nan, a: function.a, b: function.b).isNaN) }
  }
}
