import CKernels
import KernelCases
import Testing

/// Operands of one convolution and the means to run any kernel on them.
struct ConvProblem {
  var shape: ck_conv_shape
  var weights: [Int8]
  var bias: [Int32]?
  var multiplier: [Float]
  var input: [Int8]
  var inputZeroPoint: Int32
  var outputZeroPoint: Int32
  var bounds: ClosedRange<Int32>
  var lut: [Int8]?

  init(_ testCase: ConvCase, seed: UInt64) {
    var random = Generator(seed: seed)
    shape = testCase.shape
    let outputs = Int(shape.out_c)
    let taps = Int(shape.kernel_h) * Int(shape.kernel_w) * Int(shape.in_c / shape.groups)
    weights = random.int8s(outputs * taps, in: -127...127)
    // An output may have one weight of -128 in all kernels.
    for output in 0..<outputs where seed % 2 == 1 { weights[output * taps + output % taps] = -128 }
    bias = seed % 5 == 0 ? nil : (0..<outputs).map { _ in Int32.random(in: -20_000...20_000, using: &random) }
    // Accumulators grow with the square root of the taps; outputs should reach both bounds now and then.
    let scale = 1 / (Float(taps).squareRoot() * 70)
    multiplier = (0..<outputs).map { _ in Float.random(in: 0.3...3, using: &random) * scale }
    // One accumulator in a while exactly between two outputs.
    if seed % 3 == 0 { multiplier[outputs / 2] = 0.5 }
    input = padded(random.int8s(Int(shape.in_h) * Int(shape.in_w) * Int(shape.in_c)))
    let listed = listedQuantization(Int(seed))
    inputZeroPoint = listed.input_zero_point
    outputZeroPoint = listed.output_zero_point
    bounds = listed.lo...listed.hi
    lut = seed % 4 == 1 ? random.int8s(256) : nil
  }

  var outputCount: Int { Int(shape.out_h) * Int(shape.out_w) * Int(shape.out_c) }

  private func withPacked(
    _ kernel: OpaquePointer, _ body: (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Void
  ) {
    var shape = shape
    let alignment = Int(CK_ALIGN)
    let packed = UnsafeMutableRawPointer.allocate(
      byteCount: ck_conv_s8_packed_size(kernel, &shape), alignment: alignment)
    let scratch = UnsafeMutableRawPointer.allocate(
      byteCount: max(1, ck_conv_s8_scratch(kernel, &shape)), alignment: alignment)
    defer {
      packed.deallocate()
      scratch.deallocate()
    }
    ck_conv_s8_pack(kernel, &shape, weights, bias, multiplier, inputZeroPoint, packed)
    body(packed, scratch)
  }

  /// Units cut into `parts` ranges, the last range first: nothing may depend on their order.
  private func ranges(_ kernel: OpaquePointer, _ parts: Int) -> [(Int, Int)] {
    var shape = shape
    let units = ck_conv_s8_units(kernel, &shape)
    return (0..<parts).reversed().map { (units * $0 / parts, units * ($0 + 1) / parts) }
  }

  func int8Output(_ kernel: OpaquePointer, parts: Int) -> [Int8]? {
    guarded(outputCount, fill: 55) { output in
      withPacked(kernel) { packed, scratch in
        let table = lut ?? []
        table.withUnsafeBufferPointer { table in
          var shape = shape
          var requantize = ck_requantize(
            input_zero_point: inputZeroPoint, output_zero_point: outputZeroPoint, lo: bounds.lowerBound,
            hi: bounds.upperBound, lut: lut == nil ? nil : table.baseAddress)
          for (begin, end) in ranges(kernel, parts) where begin < end {
            ck_conv_s8_run(kernel, &shape, packed, &requantize, input, output, begin, end, scratch)
          }
        }
      }
    }
  }

  /// The convolution that computes some output rows from the input rows they need, and the first of those; nil where
  /// some row needs none.
  private func band(_ rows: Range<Int32>) -> (shape: ck_conv_shape, first: Int)? {
    let top = rows.lowerBound * shape.stride_h - shape.pad_top
    let end = (rows.upperBound - 1) * shape.stride_h - shape.pad_top + (shape.kernel_h - 1) * shape.dilation_h + 1
    guard shape.pad_top <= (shape.kernel_h - 1) * shape.dilation_h,
      (rows.upperBound - 1) * shape.stride_h - shape.pad_top < shape.in_h
    else { return nil }
    var band = shape
    band.in_h = min(shape.in_h, end) - max(0, top)
    band.out_h = rows.upperBound - rows.lowerBound
    band.pad_top = max(0, -top)
    return (band, Int(max(0, top)))
  }

  /// The output computed band by band of `rows`, each as an image of its own that ends where its rows do, with the
  /// whole image's packed weights.
  func int8Output(_ kernel: OpaquePointer, inBandsOf rows: Int32) -> [Int8]? {
    var output: [Int8] = []
    var isWhole = true
    withPacked(kernel) { packed, _ in
      for top in stride(from: 0, to: shape.out_h, by: Int(rows)) {
        guard let (part, first) = band(top..<min(top + rows, shape.out_h)) else {
          isWhole = false
          return
        }
        var band = part
        let inputRow = Int(shape.in_w) * Int(shape.in_c)
        let rowsOfInput = padded(Array(input[first * inputRow..<(first + Int(band.in_h)) * inputRow]))
        let scratch = UnsafeMutableRawPointer.allocate(
          byteCount: max(1, ck_conv_s8_scratch(kernel, &band)), alignment: Int(CK_ALIGN))
        defer { scratch.deallocate() }
        (lut ?? []).withUnsafeBufferPointer { table in
          var requantize = ck_requantize(
            input_zero_point: inputZeroPoint, output_zero_point: outputZeroPoint, lo: bounds.lowerBound,
            hi: bounds.upperBound, lut: lut == nil ? nil : table.baseAddress)
          let count = Int(band.out_h) * Int(band.out_w) * Int(band.out_c)
          output +=
            guarded(count, fill: 55) { target in
              ck_conv_s8_run(
                kernel, &band, packed, &requantize, rowsOfInput, target, 0, ck_conv_s8_units(kernel, &band), scratch)
            } ?? []
        }
      }
    }
    return isWhole ? output : nil
  }

  func floatOutput(_ kernel: OpaquePointer, parts: Int) -> [UInt32]? {
    guarded(outputCount, fill: Float(-1e30)) { output in
      withPacked(kernel) { packed, scratch in
        var shape = shape
        for (begin, end) in ranges(kernel, parts) where begin < end {
          ck_conv_s8_run_f32(kernel, &shape, packed, inputZeroPoint, input, output, begin, end, scratch)
        }
      }
    }?.map(\.bitPattern)
  }

  /// The int8 contract, written once more and independently of C.
  func expected() -> [Int8] {
    var result: [Int8] = []
    let perGroup = (inputs: Int(shape.in_c / shape.groups), outputs: Int(shape.out_c / shape.groups))
    for y in 0..<Int(shape.out_h) {
      for x in 0..<Int(shape.out_w) {
        for channel in 0..<Int(shape.out_c) {
          var sum = Int(bias?[channel] ?? 0)
          for ky in 0..<Int(shape.kernel_h) {
            for kx in 0..<Int(shape.kernel_w) {
              let row = y * Int(shape.stride_h) + ky * Int(shape.dilation_h) - Int(shape.pad_top)
              let column = x * Int(shape.stride_w) + kx * Int(shape.dilation_w) - Int(shape.pad_left)
              guard 0..<Int(shape.in_h) ~= row, 0..<Int(shape.in_w) ~= column else { continue }
              for i in 0..<perGroup.inputs {
                let source = channel / perGroup.outputs * perGroup.inputs + i
                let q = Int(input[(row * Int(shape.in_w) + column) * Int(shape.in_c) + source])
                let at = ((channel * perGroup.inputs + i) * Int(shape.kernel_h) + ky) * Int(shape.kernel_w) + kx
                sum += (q - Int(inputZeroPoint)) * Int(weights[at])
              }
            }
          }
          let scaled = (Float(sum) * multiplier[channel]).rounded(.toNearestOrEven)
          let y = min(max(Int(scaled) + Int(outputZeroPoint), Int(bounds.lowerBound)), Int(bounds.upperBound))
          result.append(lut.map { $0[y + 128] } ?? Int8(y))
        }
      }
    }
    return result
  }
}

/// Every kernel that can compute `shape` here.
func convKernels(_ shape: ck_conv_shape) -> [OpaquePointer] {
  var shape = shape
  var kernels = [OpaquePointer?](repeating: nil, count: 32)
  let count = ck_conv_s8_all(&shape, &kernels, kernels.count)
  return kernels[..<count].compactMap(\.self)
}

func name(_ kernel: OpaquePointer) -> String {
  String(cString: ck_conv_s8_name(kernel))
}

func scalarKernel(_ shape: ck_conv_shape) -> OpaquePointer {
  var shape = shape
  return ck_conv_s8_choose(&shape, [])
}

@Suite struct Int8ConvTests {
  static let families: [(String, [ConvCase])] = [
    ("pointwise", ConvCase.pointwise), ("dense", ConvCase.dense), ("grouped", ConvCase.grouped),
    ("depthwise", ConvCase.depthwise),
  ]

  @Test(arguments: families.map(\.0))
  func scalarFollowsTheContract(family: String) throws {
    let cases = try #require(Self.families.first { $0.0 == family }).1
    for (i, testCase) in cases.enumerated() where testCase.macs < 200_000 {
      let problem = ConvProblem(testCase, seed: UInt64(i))
      let output = problem.int8Output(scalarKernel(problem.shape), parts: 1)
      #expect(output == problem.expected(), "\(testCase)")
    }
  }

  @Test(arguments: families.map(\.0))
  func everyKernelEqualsScalar(family: String) throws {
    let cases = try #require(Self.families.first { $0.0 == family }).1
    for (i, testCase) in cases.enumerated() {
      let problem = ConvProblem(testCase, seed: UInt64(i) &* 7 &+ 1)
      let scalar = scalarKernel(problem.shape)
      let reference = problem.int8Output(scalar, parts: 1)
      let floatReference = problem.floatOutput(scalar, parts: 1)
      #expect(reference != nil && floatReference != nil)
      for kernel in convKernels(problem.shape) {
        for parts in 1...3 {
          #expect(problem.int8Output(kernel, parts: parts) == reference, "\(name(kernel)) \(testCase) in \(parts)")
        }
        let parts = i % 3 + 1
        #expect(problem.floatOutput(kernel, parts: parts) == floatReference, "\(name(kernel)) \(testCase) f32")
      }
    }
  }

  /// Bands of rows are convolutions of their own, for the kernel and with the weights of the whole image.
  @Test(arguments: families.map(\.0))
  func bandsAddUpToTheImage(family: String) throws {
    let cases = try #require(Self.families.first { $0.0 == family }).1
    var compared = 0
    for (i, testCase) in cases.enumerated() where testCase.shape.out_h > 1 {
      let problem = ConvProblem(testCase, seed: UInt64(i) &* 7 &+ 1)
      let reference = problem.int8Output(scalarKernel(problem.shape), parts: 1)
      for kernel in convKernels(problem.shape) {
        guard let output = problem.int8Output(kernel, inBandsOf: Int32(i % 3 + 1)) else { continue }
        #expect(output == reference, "\(name(kernel)) \(testCase)")
        compared += 1
      }
    }
    #expect(compared > cases.count / 3)
  }

  @Test func extremeMultipliersStayInBounds() throws {
    let multipliers: [Float] = [0, -0.01, .leastNonzeroMagnitude, 1e30, -1e30, .infinity, -.infinity, .nan]
    for testCase in [ConvCase(5, 1, 9, 72), ConvCase(4, 4, 72, 72, kernel: 3, padding: 1, groups: 72)] {
      var problem = ConvProblem(testCase, seed: 12)
      for i in problem.multiplier.indices { problem.multiplier[i] = multipliers[i % multipliers.count] }
      for bounds: ClosedRange<Int32> in [-128...127, -3...5] {
        problem.bounds = bounds
        let reference = try #require(problem.int8Output(scalarKernel(problem.shape), parts: 1))
        #expect(reference.allSatisfy { bounds.contains(Int32($0)) })
        for kernel in convKernels(problem.shape) {
          #expect(problem.int8Output(kernel, parts: 1) == reference, "\(name(kernel)) \(testCase) \(bounds)")
        }
      }
    }
  }

  /// Weights and inputs of -128 alone, whose products are the largest there are.
  @Test(arguments: families.map(\.0))
  func wideWeightsAreSummedExactly(family: String) throws {
    let cases = try #require(Self.families.first { $0.0 == family }).1
    for (i, testCase) in cases.enumerated() where testCase.macs < 200_000 {
      var problem = ConvProblem(testCase, seed: UInt64(i))
      for index in problem.weights.indices { problem.weights[index] = -128 }
      for index in problem.input.indices { problem.input[index] = -128 }
      let expected = problem.expected()
      #expect(ck_conv_s8_is_narrow(ck_conv_s8_choose_wide(&problem.shape, ck_features_here())) == 0)
      for kernel in convKernels(problem.shape) where ck_conv_s8_is_narrow(kernel) == 0 {
        #expect(problem.int8Output(kernel, parts: 1) == expected, "\(name(kernel)) \(testCase)")
      }
    }
  }

  @Test func sumsWrapAlike() throws {
    for testCase in [ConvCase(3, 1, 20, 70), ConvCase(3, 3, 70, 70, kernel: 3, padding: 1, groups: 70)] {
      var problem = ConvProblem(testCase, seed: 3)
      problem.bias = problem.multiplier.indices.map { $0 % 2 == 0 ? Int32.max : Int32.min }
      let reference = problem.int8Output(scalarKernel(problem.shape), parts: 1)
      for kernel in convKernels(problem.shape) {
        #expect(problem.int8Output(kernel, parts: 1) == reference, "\(name(kernel)) \(testCase)")
      }
    }
  }

  @Test func theTableOffersOnlyWhatRuns() {
    for testCase in ConvCase.all + ConvCase.modelLayers {
      var shape = testCase.shape
      let runnable = Set(convKernels(shape).map(name))
      for features in runnableFeatures {
        let chosen = name(ck_conv_s8_choose(&shape, features))
        #expect(runnable.contains(chosen), "\(testCase) on \(String(cString: ck_isa_name(features)))")
      }
    }
  }

  @Test func avx512WithoutVNNIUsesTheAVX2Set() {
    for testCase in ConvCase.all {
      var shape = testCase.shape
      let plain = name(ck_conv_s8_choose(&shape, features("avx512")))
      let avx2 = name(ck_conv_s8_choose(&shape, features("avx2")))
      #expect(plain == avx2)
    }
  }
}
