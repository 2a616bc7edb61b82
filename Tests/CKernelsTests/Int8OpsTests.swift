import CKernels
import Testing

/// The element-wise and pooling kernels of every instruction set against the scalar ones.
@Suite struct Int8OpsTests {
  static let sizes = listedSizes
  static var sets: [ck_int8_ops] {
    var found = [UnsafePointer<ck_int8_ops>?](repeating: nil, count: 8)
    let count = ck_int8_ops_all(&found, found.count)
    return found[..<count].compactMap { $0?.pointee }
  }
  static var scalar: ck_int8_ops { ck_int8_ops_for([]).pointee }

  static func name(_ set: ck_int8_ops) -> String { String(cString: set.name) }

  /// Runs `body` with each set and compares its int8 output with the scalar set's.
  private func compare(
    _ count: Int, _ label: String, _ body: (ck_int8_ops, UnsafeMutablePointer<Int8>) -> Void
  ) throws -> [Int8] {
    let scalar = Self.scalar
    let reference = try #require(guarded(count, fill: 55) { body(scalar, $0) })
    for set in Self.sets {
      #expect(guarded(count, fill: 55) { body(set, $0) } == reference, "\(Self.name(set)) \(label)")
    }
    return reference
  }

  private func clamp(_ x: Double, _ lo: Int32, _ hi: Int32) -> Int8 {
    Int8(min(max(x, Double(lo)), Double(hi)))
  }

  @Test(arguments: sizes)
  func add(count: Int) throws {
    var random = Generator(seed: UInt64(count))
    for round in 0..<6 {
      let a = padded(random.int8s(count))
      let b = padded(random.int8s(count))
      let (zA, zB, zY) = (random.zeroPoint(), random.zeroPoint(), random.zeroPoint())
      let mA = round == 0 ? 0.5 : Float.random(in: 0.01...2, using: &random)
      let mB = round == 1 ? 0.5 : Float.random(in: 0.01...2, using: &random)
      let (lo, hi): (Int32, Int32) = round % 2 == 0 ? (-128, 127) : (min(zY, 100), 120)
      let y = try compare(count, "add \(count)") { set, y in
        set.add(count, a, zA, mA, b, zB, mB, zY, lo, hi, y)
      }
      for i in 0..<count {
        let p = Float(Int32(a[i]) - zA) * mA
        let q = Float(Int32(b[i]) - zB) * mB
        #expect(y[i] == clamp(Double((p + q).rounded(.toNearestOrEven)) + Double(zY), lo, hi))
      }
    }
  }

  @Test(arguments: sizes)
  func mulRows(channels: Int) throws {
    var random = Generator(seed: UInt64(channels))
    for rows in [1, 2, 3, 5] {
      let a = padded(random.int8s(rows * channels))
      let b = padded(random.int8s(channels))
      let (zA, zB, zY) = (random.zeroPoint(), random.zeroPoint(), random.zeroPoint())
      let m = Float.random(in: 0.0001...0.02, using: &random)
      let (lo, hi): (Int32, Int32) = rows % 2 == 0 ? (-128, 127) : (-50, 60)
      let y = try compare(rows * channels, "mul_rows \(rows)x\(channels)") { set, y in
        set.mul_rows(rows, channels, a, zA, b, zB, m, zY, lo, hi, y)
      }
      for i in 0..<(rows * channels) {
        let product = Float((Int32(a[i]) - zA) * (Int32(b[i % channels]) - zB)) * m
        #expect(y[i] == clamp(Double(product.rounded(.toNearestOrEven)) + Double(zY), lo, hi))
      }
    }
  }

  @Test(arguments: sizes)
  func lut(count: Int) throws {
    var random = Generator(seed: UInt64(count))
    let table = random.int8s(256)
    let a = padded(random.int8s(count))
    let y = try compare(count, "lut \(count)") { set, y in set.lut(count, a, table, y) }
    for i in 0..<count { #expect(y[i] == table[Int(a[i]) + 128]) }
  }

  @Test func lutOfEveryValueInPlace() throws {
    var random = Generator(seed: 5)
    let table = random.int8s(256)
    let every = (-128...127).map { Int8($0) }
    let y = try compare(256, "lut in place") { set, y in
      y.update(from: every, count: 256)
      set.lut(256, y, table, y)
    }
    #expect(y == table)
  }

  @Test(arguments: sizes)
  func requantizeRows(channels: Int) throws {
    var random = Generator(seed: UInt64(channels))
    for rows in [1, 3] {
      for gap in [0, 5] {
        let stride = channels + gap
        let a = padded(random.int8s(rows * stride))
        let (zA, zY) = (random.zeroPoint(), random.zeroPoint())
        for m: Float in [1, 0.5, 0.731, 2.9] {
          let y = try compare(rows * (stride + 1), "requantize_rows \(rows)x\(channels)+\(gap)") { set, y in
            set.requantize_rows(rows, channels, a, stride, zA, m, y, stride + 1, zY)
          }
          for row in 0..<rows {
            for c in 0..<(stride + 1) {
              let at = y[row * (stride + 1) + c]
              guard c < channels else {
                #expect(at == 55)
                continue
              }
              let t = (Float(Int32(a[row * stride + c]) - zA) * m).rounded(.toNearestOrEven)
              #expect(at == clamp(Double(t) + Double(zY), -128, 127))
            }
          }
        }
        let copied = try compare(rows * channels, "copy") { set, y in
          set.requantize_rows(rows, channels, a, stride, zA, 1, y, channels, zA)
        }
        for i in 0..<copied.count { #expect(copied[i] == a[i / channels * stride + i % channels]) }
      }
    }
  }

  @Test(arguments: sizes)
  func quantize(count: Int) throws {
    var random = Generator(seed: UInt64(count))
    var x = (0..<count).map { _ in Float.random(in: -20...20, using: &random) }
    let special: [Float] = [.nan, .infinity, -.infinity, 0, -0.0, 1e30, -1e30, 0.05, -0.15, .leastNonzeroMagnitude]
    for i in stride(from: 0, to: count, by: 3) { x[i] = special[i / 3 % special.count] }
    for scale: Float in [0.1, 0.0371, 1] {
      let zeroPoint = random.zeroPoint()
      let y = try compare(count, "quantize \(count)") { set, y in set.quantize(count, x, scale, zeroPoint, y) }
      for i in 0..<count {
        let t = x[i].isNaN ? 0 : (x[i] / scale).rounded(.toNearestOrEven)
        #expect(y[i] == clamp(Double(t) + Double(zeroPoint), -128, 127))
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4, 5], [1, 15, 16, 17, 255, 256, 300])
  func quantizePlanes(channels: Int, pixels: Int) throws {
    var random = Generator(seed: UInt64(channels * 1000 + pixels))
    let plane = pixels + 3
    let x = (0..<channels * plane).map { _ in Float.random(in: -20...20, using: &random) }
    let y = try compare(channels * pixels, "quantize_planes \(channels)x\(pixels)") { set, y in
      set.quantize_planes(channels, pixels, x, plane, 0.1, 7, y)
    }
    for channel in 0..<channels {
      for pixel in 0..<pixels {
        let t = (x[channel * plane + pixel] / 0.1).rounded(.toNearestOrEven)
        #expect(y[pixel * channels + channel] == clamp(Double(t) + 7, -128, 127))
      }
    }
  }

  @Test(arguments: sizes)
  func dequantize(count: Int) throws {
    var random = Generator(seed: UInt64(count))
    let q = padded(random.int8s(count))
    let z = random.zeroPoint()
    for set in Self.sets {
      let y = guarded(count, fill: Float(-1e30)) { set.dequantize(count, q, 0.0371, z, $0) }
      #expect(y == (0..<count).map { Float(Int32(q[$0]) - z) * 0.0371 }, "\(Self.name(set)) \(count)")
    }
  }

  @Test func maxPool() throws {
    for (i, testCase) in ConvCase.pooling.enumerated() {
      var random = Generator(seed: UInt64(i))
      var shape = testCase.shape
      let input = padded(random.int8s(Int(shape.in_h * shape.in_w * shape.in_c)))
      let count = Int(shape.out_h * shape.out_w * shape.in_c)
      let rows = Int(shape.out_h)
      let y = try compare(count, "max_pool \(testCase)") { set, y in
        set.max_pool(&shape, input, y, rows / 2, rows)
        set.max_pool(&shape, input, y, 0, rows / 2)
      }
      #expect(y == pooled(shape) { $0.map { input[$0] }.max() ?? -128 })
    }
  }

  @Test func averagePool() throws {
    for (i, testCase) in ConvCase.pooling.enumerated() {
      for countIncludePad: Int32 in [0, 1] {
        var random = Generator(seed: UInt64(i))
        var shape = testCase.shape
        let input = padded(random.int8s(Int(shape.in_h * shape.in_w * shape.in_c)))
        let count = Int(shape.out_h * shape.out_w * shape.in_c)
        let rows = Int(shape.out_h)
        let (zX, zY) = (random.zeroPoint(), random.zeroPoint())
        let m = i % 3 == 0 ? 1 : Float.random(in: 0.3...2, using: &random)
        let y = try compare(count, "average_pool \(testCase)") { set, y in
          set.average_pool(&shape, countIncludePad, zX, m, zY, input, y, rows / 2, rows)
          set.average_pool(&shape, countIncludePad, zX, m, zY, input, y, 0, rows / 2)
        }
        let area = Int(shape.kernel_h * shape.kernel_w)
        let expected = pooled(shape) { positions in
          let sum = positions.reduce(Int32(0)) { $0 + Int32(input[$1]) - zX }
          let divisor = countIncludePad != 0 ? area : max(1, positions.count)
          let mean = (Float(sum) * (m / Float(divisor))).rounded(.toNearestOrEven)
          return clamp(Double(mean) + Double(zY), -128, 127)
        }
        #expect(y == expected, "\(testCase)")
      }
    }
  }

  /// Applies `reduce` to the indices of the input under every window, NHWC.
  private func pooled(_ shape: ck_conv_shape, _ reduce: ([Int]) -> Int8) -> [Int8] {
    var result: [Int8] = []
    for oy in 0..<Int(shape.out_h) {
      for ox in 0..<Int(shape.out_w) {
        for channel in 0..<Int(shape.in_c) {
          var positions: [Int] = []
          for ky in 0..<Int(shape.kernel_h) {
            for kx in 0..<Int(shape.kernel_w) {
              let row = oy * Int(shape.stride_h) + ky * Int(shape.dilation_h) - Int(shape.pad_top)
              let column = ox * Int(shape.stride_w) + kx * Int(shape.dilation_w) - Int(shape.pad_left)
              guard 0..<Int(shape.in_h) ~= row, 0..<Int(shape.in_w) ~= column else { continue }
              positions.append((row * Int(shape.in_w) + column) * Int(shape.in_c) + channel)
            }
          }
          result.append(reduce(positions))
        }
      }
    }
    return result
  }

  @Test(arguments: sizes)
  func globalAverage(channels: Int) throws {
    var random = Generator(seed: UInt64(channels))
    for positions in [1, 2, 9, 49, 300] {
      let input = padded(random.int8s(positions * channels))
      let (zX, zY) = (random.zeroPoint(), random.zeroPoint())
      let m = Float.random(in: 0.3...2, using: &random)
      let y = try compare(channels, "global_average \(positions)x\(channels)") { set, y in
        set.global_average(positions, channels, zX, m, zY, input, y)
      }
      for c in 0..<channels {
        let sum = (0..<positions).reduce(Int32(0)) { $0 + Int32(input[$1 * channels + c]) - zX }
        let mean = (Float(sum) * (m / Float(positions))).rounded(.toNearestOrEven)
        #expect(y[c] == clamp(Double(mean) + Double(zY), -128, 127))
      }
    }
  }
}
