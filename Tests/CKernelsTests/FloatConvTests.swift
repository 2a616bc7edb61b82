import CKernels
import Testing

/// A convolution to try; sizes of the output follow.
struct FloatConvCase: CustomStringConvertible, Sendable {
  var size = (h: 1, w: 1)
  var channels = (input: 1, output: 1)
  var kernel = (h: 1, w: 1)
  var stride = 1
  var dilation = 1
  var pad = 0
  var groups = 1

  var shape: ck_conv_shape {
    func extent(_ size: Int, _ kernel: Int) -> Int32 {
      Int32((size + 2 * pad - (kernel - 1) * dilation - 1) / stride + 1)
    }
    return ck_conv_shape(
      in_h: Int32(size.h), in_w: Int32(size.w), in_c: Int32(channels.input), out_h: extent(size.h, kernel.h),
      out_w: extent(size.w, kernel.w), out_c: Int32(channels.output), kernel_h: Int32(kernel.h),
      kernel_w: Int32(kernel.w), stride_h: Int32(stride), stride_w: Int32(stride), dilation_h: Int32(dilation),
      dilation_w: Int32(dilation), pad_top: Int32(pad), pad_left: Int32(pad), groups: Int32(groups))
  }

  var description: String {
    "\(size.h)x\(size.w)x\(channels.input) -> \(channels.output), \(kernel.h)x\(kernel.w) s\(stride) d\(dilation) p\(pad)"
      + " g\(groups)"
  }

  static let pointwise: [FloatConvCase] = [1, 2, 3, 7, 13, 14, 15, 29, 57, 130].flatMap { rows in
    [(1, 1), (3, 7), (16, 16), (17, 15), (24, 33), (5, 48), (8, 49), (31, 64), (33, 97), (2, 129)].map {
      FloatConvCase(size: (rows, 1), channels: (input: $0.0, output: $0.1))
    }
  }

  static let windows: [FloatConvCase] = [
    FloatConvCase(size: (9, 11), channels: (3, 16), kernel: (3, 3), stride: 2, pad: 1),
    FloatConvCase(size: (16, 16), channels: (3, 33), kernel: (7, 7), stride: 2, pad: 3),
    FloatConvCase(size: (7, 7), channels: (20, 50), kernel: (3, 3), pad: 1),
    FloatConvCase(size: (7, 5), channels: (33, 17), kernel: (3, 3), dilation: 2, pad: 2),
    FloatConvCase(size: (3, 2), channels: (4, 5), kernel: (5, 5), pad: 2),
    FloatConvCase(size: (1, 1), channels: (7, 9), kernel: (3, 3), pad: 1),
    FloatConvCase(size: (6, 13), channels: (9, 31), kernel: (1, 7), pad: 3),
    FloatConvCase(size: (13, 6), channels: (10, 47), kernel: (2, 4), stride: 3, pad: 1),
    FloatConvCase(size: (8, 8), channels: (40, 48), kernel: (1, 1), stride: 2),
    FloatConvCase(size: (6, 6), channels: (12, 18), kernel: (3, 3), pad: 1, groups: 3),
    FloatConvCase(size: (5, 7), channels: (64, 128), kernel: (3, 3), pad: 1, groups: 2),
    FloatConvCase(size: (5, 5), channels: (8, 8), kernel: (1, 1), groups: 4),
    FloatConvCase(size: (1, 1), channels: (1100, 37)),
    FloatConvCase(size: (3, 3), channels: (300, 65), kernel: (3, 3), pad: 1),
  ]

  static let depthwise: [FloatConvCase] = [1, 3, 8, 16, 17, 33, 50, 96].flatMap { channels in
    let same = (input: channels, output: channels)
    return [
      FloatConvCase(size: (7, 7), channels: same, kernel: (3, 3), pad: 1, groups: channels),
      FloatConvCase(size: (8, 13), channels: same, kernel: (3, 3), stride: 2, pad: 1, groups: channels),
      FloatConvCase(size: (9, 6), channels: same, kernel: (5, 5), pad: 2, groups: channels),
      FloatConvCase(size: (9, 11), channels: same, kernel: (5, 5), stride: 2, pad: 2, groups: channels),
      FloatConvCase(size: (9, 9), channels: same, kernel: (3, 3), dilation: 2, pad: 2, groups: channels),
      FloatConvCase(size: (2, 1), channels: same, kernel: (3, 3), pad: 1, groups: channels),
      FloatConvCase(size: (4, 20), channels: same, kernel: (2, 7), pad: 3, groups: channels),
      FloatConvCase(size: (5, 5), channels: (channels, 2 * channels), kernel: (3, 3), pad: 1, groups: channels),
    ]
  }
}

/// One run of a kernel, its units split over `parts`.
private func run(
  _ kernel: OpaquePointer, _ shape: ck_conv_shape, input: [Float], weights: [Float], bias: [Float]?,
  activation: ck_activation, parts: Int
) -> [Float] {
  var shape = shape
  var activation = activation
  let packed = UnsafeMutableRawPointer.allocate(
    byteCount: max(1, ck_conv_f32_packed_size(kernel, &shape)), alignment: Int(CK_ALIGN))
  let scratch = UnsafeMutableRawPointer.allocate(
    byteCount: max(1, ck_conv_f32_scratch(kernel, &shape)), alignment: Int(CK_ALIGN))
  defer {
    packed.deallocate()
    scratch.deallocate()
  }
  ck_conv_f32_pack(kernel, &shape, weights, bias, packed)
  let from = Guarded(input)
  let output = Guarded<Float>(count: Int(shape.out_h) * Int(shape.out_w) * Int(shape.out_c))
  let units = ck_conv_f32_units(kernel, &shape)
  #expect(units >= 1)
  // Last part first: units do not depend on each other.
  for part in (0..<parts).reversed() {
    let begin = units * part / parts
    let end = units * (part + 1) / parts
    withExtendedLifetime(from) {
      ck_conv_f32_run(kernel, &shape, packed, &activation, from.pointer, output.pointer, begin, end, scratch)
    }
  }
  #expect(output.guardsAreIntact)
  return output.elements
}

private func kernels(for shape: ck_conv_shape) -> [OpaquePointer] {
  var shape = shape
  var found = [OpaquePointer?](repeating: nil, count: 16)
  let count = ck_conv_f32_all(&shape, &found, found.count)
  return found.prefix(count).compactMap { $0 }
}

private func floatName(_ kernel: OpaquePointer) -> String { String(cString: ck_conv_f32_name(kernel)) }

private func operands(_ shape: ck_conv_shape, seed: UInt64) -> (input: [Float], weights: [Float], bias: [Float]) {
  var source = Generator(seed: seed)
  let weights = Int(shape.out_c) * Int(shape.in_c / shape.groups) * Int(shape.kernel_h) * Int(shape.kernel_w)
  return (
    source.values(Int(shape.in_h) * Int(shape.in_w) * Int(shape.in_c)), source.values(weights),
    source.values(Int(shape.out_c))
  )
}

@Suite struct FloatConvTests {
  /// Every kernel against the scalar one, bit for bit, whatever the split.
  @Test(arguments: FloatConvCase.pointwise + FloatConvCase.windows + FloatConvCase.depthwise)
  func kernelsAgree(_ test: FloatConvCase) throws {
    let shape = test.shape
    let (input, weights, bias) = operands(shape, seed: 1)
    let all = kernels(for: shape)
    let scalar = try #require(all.first { floatName($0) == "conv_f32__scalar" })
    let expected = run(scalar, shape, input: input, weights: weights, bias: bias, activation: relu6, parts: 1)
    for kernel in all {
      for parts in 1...3 {
        let got = run(kernel, shape, input: input, weights: weights, bias: bias, activation: relu6, parts: parts)
        #expect(firstDifference(got, expected) == nil, "\(floatName(kernel)), \(test), \(parts) parts")
      }
    }
  }

  /// Activations that are not bounds, and no bias.
  @Test(arguments: allFunctions.map(\.function.rawValue))
  func activationsAgree(_ function: UInt32) throws {
    let activation = try #require(allFunctions.first { $0.function.rawValue == function })
    let pointwise = FloatConvCase(size: (9, 1), channels: (5, 83))
    for test in [FloatConvCase.windows[2], FloatConvCase.depthwise[24], pointwise] {
      let shape = test.shape
      let (input, weights, _) = operands(shape, seed: 2)
      let all = kernels(for: shape)
      let scalar = try #require(all.first { floatName($0) == "conv_f32__scalar" })
      let expected = run(scalar, shape, input: input, weights: weights, bias: nil, activation: activation, parts: 1)
      for kernel in all {
        let got = run(kernel, shape, input: input, weights: weights, bias: nil, activation: activation, parts: 2)
        #expect(firstDifference(got, expected) == nil, "\(floatName(kernel)), \(test)")
      }
    }
  }

  /// Inputs that are infinite, NaN or negative zero reach the same outputs in every kernel.
  @Test(arguments: [0, 3].map { FloatConvCase.windows[$0] } + [16, 18].map { FloatConvCase.depthwise[$0] })
  func specialInputsAgree(_ test: FloatConvCase) throws {
    let shape = test.shape
    var (input, weights, bias) = operands(shape, seed: 3)
    for (i, special) in [Float.infinity, -.infinity, .nan, -0.0, .leastNonzeroMagnitude].enumerated() {
      for j in stride(from: i, to: input.count, by: 41) { input[j] = special }
    }
    for i in bias.indices where i % 2 == 0 { bias[i] = -0.0 }
    for i in weights.indices where i % 5 == 0 { weights[i] = 0 }
    let all = kernels(for: shape)
    let scalar = try #require(all.first { floatName($0) == "conv_f32__scalar" })
    let expected = run(scalar, shape, input: input, weights: weights, bias: bias, activation: linear, parts: 1)
    for kernel in all {
      let got = run(kernel, shape, input: input, weights: weights, bias: bias, activation: linear, parts: 1)
      #expect(firstDifference(got, expected) == nil, "\(floatName(kernel)), \(test)")
    }
  }

  /// The scalar kernel against sums in double precision.
  @Test(arguments: FloatConvCase.windows + FloatConvCase.depthwise.suffix(8))
  func scalarIsAConvolution(_ test: FloatConvCase) throws {
    let shape = test.shape
    let (input, weights, bias) = operands(shape, seed: 4)
    let scalar = try #require(kernels(for: shape).first { floatName($0) == "conv_f32__scalar" })
    let got = run(scalar, shape, input: input, weights: weights, bias: bias, activation: linear, parts: 1)
    let perGroup = test.channels.input / test.groups
    let outPerGroup = test.channels.output / test.groups
    for y in 0..<Int(shape.out_h) {
      for x in 0..<Int(shape.out_w) {
        for o in 0..<test.channels.output {
          var sum = Double(bias[o])
          var magnitude = abs(sum)
          for ky in 0..<test.kernel.h {
            for kx in 0..<test.kernel.w {
              let iy = y * test.stride - test.pad + ky * test.dilation
              let ix = x * test.stride - test.pad + kx * test.dilation
              guard (0..<test.size.h).contains(iy), (0..<test.size.w).contains(ix) else { continue }
              for c in 0..<perGroup {
                let channel = o / outPerGroup * perGroup + c
                let weight = weights[((o * perGroup + c) * test.kernel.h + ky) * test.kernel.w + kx]
                let product = Double(input[(iy * test.size.w + ix) * test.channels.input + channel]) * Double(weight)
                sum += product
                magnitude += abs(product)
              }
            }
          }
          let value = got[(y * Int(shape.out_w) + x) * test.channels.output + o]
          #expect(abs(Double(value) - sum) <= magnitude * 1e-6)
        }
      }
    }
  }
}
