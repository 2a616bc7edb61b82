import CKernels
import Testing

private typealias Operators = ck_float_ops

/// Runs `body` on the scalar set and on every other, and compares the `count` floats each writes.
private func expectAgreement(
  _ count: Int, _ label: String, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: (Operators, UnsafeMutablePointer<Float>) -> Void
) {
  var expected: [Float]?
  for ops in floatOperatorSets() {
    let output = Guarded<Float>(count: count)
    body(ops, output.pointer)
    let name = String(cString: ops.name)
    #expect(output.guardsAreIntact, "\(name), \(label)", sourceLocation: sourceLocation)
    if let expected {
      #expect(firstDifference(output.elements, expected) == nil, "\(name), \(label)", sourceLocation: sourceLocation)
    }
    expected = expected ?? output.elements
  }
}

/// Values with zeros of both signs, infinities and NaN among them.
private func mixed(_ count: Int, seed: UInt64) -> [Float] {
  var source = Generator(seed: seed)
  let specials: [Float] = [0, -0.0, .infinity, -.infinity, .nan, 1e38, -.leastNonzeroMagnitude]
  return (0..<count).map { _ in
    let pick = Int(source.next() % 24)
    return pick < specials.count ? specials[pick] : Float.random(in: -5...5, using: &source)
  }
}

private let lengths = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 65, 100, 1031]

@Suite struct FloatOperatorTests {
  @Test func binaryAgrees() {
    for op in [CK_ADD, CK_SUB, CK_MUL, CK_DIV, CK_MIN, CK_MAX] {
      for channels in lengths.filter({ $0 < 200 }) {
        for rows in [1, 2, 5, 37] {
          let a = Guarded(mixed(rows * channels, seed: 11))
          let b = Guarded(mixed(channels, seed: 12))
          for swapped: Int32 in [0, 1] {
            expectAgreement(rows * channels, "\(op) \(rows)x\(channels)") {
              $0.binary_rows(op, swapped, rows, channels, a.pointer, b.pointer, $1)
            }
          }
        }
      }
    }
  }

  @Test func binaryValues() throws {
    let scalar = try #require(floatOperatorSets().first)
    func value(_ op: ck_binary, _ a: Float, _ b: Float, swapped: Int32 = 0) -> Float {
      var y: Float = 0
      withUnsafePointer(to: a) { a in withUnsafePointer(to: b) { scalar.binary_rows(op, swapped, 1, 1, a, $0, &y) } }
      return y
    }
    #expect(value(CK_SUB, 5, 3) == 2)
    #expect(value(CK_SUB, 5, 3, swapped: 1) == -2)
    #expect(value(CK_DIV, 1, 4) == 0.25)
    #expect(value(CK_DIV, 1, 4, swapped: 1) == 4)
    #expect(value(CK_MIN, 1, 4) == 1)
    #expect(value(CK_MAX, 1, 4) == 4)
    #expect(value(CK_MIN, .nan, 4).isNaN)
    #expect(value(CK_MAX, 4, .nan).isNaN)
  }

  @Test func additionAndScaleAgree() {
    for activation in [linear, relu6, ck_activation(function: CK_SILU, a: 0, b: 0)] {
      for n in lengths + [5000] {
        let a = Guarded(mixed(n, seed: 21))
        let b = Guarded(mixed(n, seed: 22))
        expectAgreement(n, "add \(n)") { $0.add(activation, n, a.pointer, b.pointer, $1) }
      }
      for channels in lengths {
        let rows = 5
        let x = Guarded(mixed(rows * channels, seed: 23))
        let scale = Guarded(mixed(channels, seed: 24))
        let shift = Guarded(mixed(channels, seed: 25))
        expectAgreement(rows * channels, "scale_shift \(channels)") {
          $0.scale_shift(activation, rows, channels, x.pointer, scale.pointer, shift.pointer, $1)
        }
      }
    }
  }

  @Test func poolingAgrees() {
    for channels in [1, 3, 8, 16, 17, 40] {
      for test in [
        FloatConvCase(size: (7, 9), channels: (channels, channels), kernel: (3, 3), stride: 2, pad: 1),
        FloatConvCase(size: (8, 8), channels: (channels, channels), kernel: (2, 2), stride: 2),
        FloatConvCase(size: (5, 4), channels: (channels, channels), kernel: (5, 5), pad: 2),
        FloatConvCase(size: (6, 6), channels: (channels, channels), kernel: (2, 3), dilation: 2, pad: 2),
      ] {
        var shape = test.shape
        let count = Int(shape.out_h) * Int(shape.out_w) * channels
        let rows = Int(shape.out_h)
        let input = Guarded(mixed(test.size.h * test.size.w * channels, seed: 31))
        expectAgreement(count, "max \(test)") {
          $0.max_pool(&shape, input.pointer, $1, rows / 2, rows)
          $0.max_pool(&shape, input.pointer, $1, 0, rows / 2)
        }
        for countPad: Int32 in [0, 1] {
          expectAgreement(count, "average \(test)") {
            $0.average_pool(&shape, countPad, input.pointer, $1, 0, rows / 2)
            $0.average_pool(&shape, countPad, input.pointer, $1, rows / 2, rows)
          }
        }
      }
      for positions in [1, 2, 49, 50] {
        let input = Guarded(values(positions * channels))
        expectAgreement(channels, "global average") { $0.global_average(positions, channels, input.pointer, $1) }
      }
    }
  }

  @Test func poolingValues() throws {
    // 1 2 3 / 4 5 6 / 7 8 9, windows of 2x2 with stride 2 and a border of 1.
    let image = Guarded((1...9).map { Float($0) })
    var shape = FloatConvCase(size: (3, 3), kernel: (2, 2), stride: 2, pad: 1).shape
    for ops in floatOperatorSets() {
      let output = Guarded<Float>(count: 4)
      ops.max_pool(&shape, image.pointer, output.pointer, 0, 2)
      #expect(output.elements == [1, 3, 7, 9])
      ops.average_pool(&shape, 0, image.pointer, output.pointer, 0, 2)
      #expect(output.elements == [1, 2.5, 5.5, 7])
      ops.average_pool(&shape, 1, image.pointer, output.pointer, 0, 2)
      #expect(output.elements == [0.25, 1.25, 2.75, 7])
    }
  }

  @Test func transposes() {
    for rows in [1, 2, 7, 8, 16, 17, 33, 64] {
      for columns in [1, 3, 8, 15, 16, 31, 49, 100] {
        let words = (0..<rows * columns).map { UInt32($0) &* 0x9E37_79B9 }
        let bytes = words.map { UInt8(truncatingIfNeeded: $0 >> 7) }
        for ops in floatOperatorSets() {
          let wordsOut = Guarded<UInt32>(count: words.count)
          let bytesOut = Guarded<UInt8>(count: bytes.count)
          let wordsIn = Guarded(words)
          let bytesIn = Guarded(bytes)
          withExtendedLifetime((wordsIn, bytesIn)) {
            ops.transpose32(rows, columns, wordsIn.pointer, wordsOut.pointer)
            ops.transpose8(rows, columns, bytesIn.pointer, bytesOut.pointer)
          }
          #expect(wordsOut.guardsAreIntact && bytesOut.guardsAreIntact)
          let order = (0..<rows * columns).map { $0 % rows * columns + $0 / rows }
          #expect(wordsOut.elements == order.map { words[$0] }, "\(String(cString: ops.name)) \(rows)x\(columns)")
          #expect(bytesOut.elements == order.map { bytes[$0] }, "\(String(cString: ops.name)) \(rows)x\(columns)")
        }
      }
    }
  }

  @Test func rangesAndHistogramsAgree() {
    for n in lengths + [4096, 70_001] {
      let x = mixed(n, seed: 41)
      let input = Guarded(x)
      let finite = x.filter(\.isFinite)
      for ops in floatOperatorSets() {
        let name = String(cString: ops.name)
        var range: [Float] = [0, 0]
        #expect(ops.min_max(n, input.pointer, &range) == n - finite.count, "\(name) \(n)")
        #expect(range == [finite.min() ?? .infinity, finite.max() ?? -.infinity], "\(name) \(n)")
        #expect(range.allSatisfy { $0 != 0 || $0.sign == .plus })
        for bins in [1, 2, 100, 2048, 5000] {
          let inverse: Float = 128
          let base = -bins / 2
          var expected = [UInt32](repeating: 3, count: bins)
          for value in finite {
            let position = (value * inverse).rounded(.down) - Float(base)
            expected[Int(min(max(position, 0), Float(bins - 1)))] += 1
          }
          let counts = Guarded([UInt32](repeating: 3, count: bins))
          ops.histogram(n, input.pointer, inverse, Int32(base), bins, counts.pointer)
          #expect(counts.elements == expected && counts.guardsAreIntact, "\(name) \(n) values, \(bins) bins")
        }
      }
    }
  }

  /// So many equal values that 16-bit partial counts would overflow.
  @Test func histogramsOfOneValue() {
    let n = 600_000
    let input = Guarded([Float](repeating: 0, count: n))
    for ops in floatOperatorSets() {
      let counts = Guarded([UInt32](repeating: 0, count: 16))
      ops.histogram(n, input.pointer, 1, -8, 16, counts.pointer)
      #expect(counts.elements[8] == UInt32(n) && counts.elements.reduce(0, +) == UInt32(n))
    }
  }

  @Test func softmaxAgrees() {
    for columns in lengths {
      let rows = 3
      let x = Guarded(values(rows * columns, in: -9...9))
      expectAgreement(rows * columns, "softmax \(columns)") { $0.softmax(rows, columns, x.pointer, $1) }
      let special = Guarded(mixed(rows * columns, seed: 51))
      expectAgreement(rows * columns, "softmax \(columns)") { $0.softmax(rows, columns, special.pointer, $1) }
      for ops in floatOperatorSets() {
        let y = Guarded<Float>(count: rows * columns)
        ops.softmax(rows, columns, x.pointer, y.pointer)
        for r in 0..<rows {
          let sum = y.elements[r * columns..<(r + 1) * columns].reduce(0.0) { $0 + Double($1) }
          #expect(abs(sum - 1) < 1e-6)
        }
      }
    }
    // exp(1) / (exp(0) + exp(1))
    let y = Guarded<Float>(count: 2)
    let x = Guarded<Float>([1000, 1001])
    withExtendedLifetime(x) { floatOperatorSets().first?.softmax(1, 2, x.pointer, y.pointer) }
    #expect(abs(y.elements[1] - 0.731_058_6) < 1e-6)
  }
}

private func values(_ count: Int, in range: ClosedRange<Float> = -2...2) -> [Float] {
  var source = Generator(seed: 61)
  return source.values(count, in: range)
}
