import CAMXModel
import CKernels
import Platform
import Testing

/// Sizes of the 8 tiles as `ldtilecfg` reads them.
private struct TileConfiguration {
  var bytes = [UInt8](repeating: 0, count: 64)

  /// Accumulators in tile 0, operands in tiles 1 and 2, with `groups` of 4 products each.
  init(rows: Int, columns: Int, groups: Int) {
    bytes[0] = 1
    setTile(0, rows: rows, rowSize: 4 * columns)
    setTile(1, rows: rows, rowSize: 4 * groups)
    setTile(2, rows: groups, rowSize: 4 * columns)
  }

  mutating func setTile(_ tile: Int, rows: Int, rowSize: Int) {
    bytes[16 + 2 * tile] = UInt8(rowSize)
    bytes[48 + tile] = UInt8(rows)
  }

  func load() {
    amx_model_configure(bytes)
  }
}

/// The AMX kernel's source on the software model of AMX, as if this machine had it.
private var kernel: OpaquePointer? { ck_runs(features("avx512vnni")) != 0 ? amx_model_kernel() : nil }

/// How the model ends a process that breaks the rules; a trap of Swift would be another signal.
private let fault = ExitTest.Condition.signal(SIGABRT)

/// Multiplies tiles of which one has another size than the others fit.
private func multiply(tile: Int, rows: Int, rowSize: Int) {
  var configuration = TileConfiguration(rows: 4, columns: 4, groups: 4)
  configuration.setTile(tile, rows: rows, rowSize: rowSize)
  configuration.load()
  amx_model_dot(0, 1, 2)
}

@Suite struct AMXModelTests {
  @Test(arguments: [(16, 16, 16), (1, 1, 1), (13, 16, 9), (16, 5, 16), (7, 3, 2)])
  func productsAreThoseOfTheDefinition(rows: Int, columns: Int, groups: Int) {
    var random = Generator(seed: UInt64(rows * 1000 + columns * 10 + groups))
    let a = random.int8s(rows * groups * 4)
    let b = random.int8s(groups * columns * 4)
    // Sums next to the bounds of int32 wrap.
    let before = (0..<rows * columns).map { _ in Bool.random(using: &random) ? Int32.max : Int32.min }
    var after = before
    TileConfiguration(rows: rows, columns: columns, groups: groups).load()
    amx_model_load(0, before, 4 * columns)
    amx_model_load(1, a, 4 * groups)
    amx_model_load(2, b, 4 * columns)
    amx_model_dot(0, 1, 2)
    amx_model_store(0, &after, 4 * columns)
    amx_model_release()
    for m in 0..<rows {
      for n in 0..<columns {
        var sum = before[m * columns + n]
        for k in 0..<groups {
          for i in 0..<4 {
            sum &+= Int32(a[(m * groups + k) * 4 + i]) * Int32(b[(k * columns + n) * 4 + i])
          }
        }
        #expect(after[m * columns + n] == sum, "\(m), \(n)")
      }
    }
  }

  @Test func configuringClearsTiles() {
    let configuration = TileConfiguration(rows: 2, columns: 2, groups: 1)
    var values: [Int32] = [1, 2, 3, 4]
    configuration.load()
    amx_model_load(0, values, 8)
    configuration.load()
    amx_model_store(0, &values, 8)
    amx_model_release()
    #expect(values == [0, 0, 0, 0])
  }

  // A kernel that breaks the rules must not pass: each of these faults on a processor.

  @Test func tilesNeedAConfiguration() async {
    await #expect(processExitsWith: fault) { amx_model_dot(0, 1, 2) }
    await #expect(processExitsWith: fault) {
      TileConfiguration(rows: 4, columns: 4, groups: 4).load()
      amx_model_release()
      amx_model_dot(0, 1, 2)
    }
    await #expect(processExitsWith: fault) {
      TileConfiguration(rows: 4, columns: 4, groups: 4).load()
      amx_model_dot(3, 1, 2)
    }
  }

  @Test func configurationsAreChecked() async {
    await #expect(processExitsWith: fault) {
      TileConfiguration(rows: 17, columns: 4, groups: 4).load()
    }
    await #expect(processExitsWith: fault) {
      TileConfiguration(rows: 4, columns: 17, groups: 4).load()
    }
    await #expect(processExitsWith: fault) {
      var configuration = TileConfiguration(rows: 4, columns: 4, groups: 4)
      configuration.setTile(5, rows: 3, rowSize: 0)
      configuration.load()
    }
    await #expect(processExitsWith: fault) {
      var configuration = TileConfiguration(rows: 4, columns: 4, groups: 4)
      configuration.setTile(8, rows: 4, rowSize: 16)
      configuration.load()
    }
    await #expect(processExitsWith: fault) {
      var configuration = TileConfiguration(rows: 4, columns: 4, groups: 4)
      configuration.bytes[0] = 2
      configuration.load()
    }
  }

  @Test func operandsMustMatch() async {
    await #expect(processExitsWith: fault) { multiply(tile: 0, rows: 5, rowSize: 16) }
    await #expect(processExitsWith: fault) { multiply(tile: 0, rows: 4, rowSize: 12) }
    await #expect(processExitsWith: fault) { multiply(tile: 1, rows: 4, rowSize: 8) }
    await #expect(processExitsWith: fault) { multiply(tile: 2, rows: 3, rowSize: 16) }
    await #expect(processExitsWith: fault) { multiply(tile: 1, rows: 4, rowSize: 15) }
    await #expect(processExitsWith: fault) {
      TileConfiguration(rows: 4, columns: 4, groups: 4).load()
      amx_model_dot(0, 1, 1)
    }
  }

  @Test(.enabled(if: kernel != nil), arguments: Int8ConvTests.families.map(\.0))
  func kernelEqualsScalar(family: String) throws {
    let kernel = try #require(kernel)
    let cases = try #require(Int8ConvTests.families.first { $0.0 == family }).1
    for (i, testCase) in cases.enumerated() {
      let problem = ConvProblem(testCase, seed: UInt64(i) &* 7 &+ 1)
      let scalar = scalarKernel(problem.shape)
      let reference = problem.int8Output(scalar, parts: 1)
      for parts in 1...3 {
        #expect(problem.int8Output(kernel, parts: parts) == reference, "\(testCase) in \(parts)")
      }
      let floats = problem.floatOutput(kernel, parts: i % 3 + 1)
      #expect(floats == problem.floatOutput(scalar, parts: 1), "\(testCase) f32")
    }
  }

  @Test(.enabled(if: kernel != nil)) func anyOperandsGiveTheScalarResults() throws {
    let kernel = try #require(kernel)
    let multipliers: [Float] = [0, -0.01, .leastNonzeroMagnitude, 1e30, -1e30, .infinity, -.infinity, .nan]
    for testCase in [ConvCase(5, 1, 9, 72), ConvCase(40, 1, 100, 40), ConvCase(9, 9, 70, 33, kernel: 3, padding: 1)] {
      var problem = ConvProblem(testCase, seed: 12)
      let scalar = scalarKernel(problem.shape)
      let tame = problem
      for i in problem.multiplier.indices { problem.multiplier[i] = multipliers[i % multipliers.count] }
      #expect(problem.int8Output(kernel, parts: 1) == problem.int8Output(scalar, parts: 1), "\(testCase)")
      problem = tame
      problem.bias = problem.multiplier.indices.map { $0 % 2 == 0 ? Int32.max : Int32.min }
      #expect(problem.int8Output(kernel, parts: 1) == problem.int8Output(scalar, parts: 1), "\(testCase) wraps")
    }
  }

  @Test(.enabled(if: kernel != nil)) func oneLoadServesOneProduct() throws {
    let kernel = try #require(kernel)
    // 64 rows by 64 columns by 128: 4 x 4 tiles in 2 steps.
    let problem = ConvProblem(ConvCase(64, 1, 128, 64), seed: 1)
    _ = amx_model_take_counts()
    _ = problem.int8Output(kernel, parts: 1)
    let counts = amx_model_take_counts()
    #expect(counts.configurations == 1 && counts.releases == 1)
    #expect(counts.dots == 32 && counts.dot_rows == 32 * 16)
    // And one fills each accumulator with the bias.
    #expect(counts.loads == 32 + 16)
    #expect(counts.stores == 16)
  }

  /// The table as it is for a machine with AMX, on any.
  @Test(.enabled(if: amx_model_kernel() != nil)) func tilesAreChosenWhereTheyPay() {
    let choices: [(ConvCase, String)] = [
      (ConvCase(56, 56, 64, 64, kernel: 3, padding: 1), "igemm_s8__amx"),
      (ConvCase(14, 14, 96, 576), "igemm_s8__amx"),
      (ConvCase(56, 56, 24, 144), "igemm_s8__amx"),
      (ConvCase(7, 7, 2048, 512), "igemm_s8__amx"),
      (ConvCase(56, 56, 256, 512, stride: 2), "igemm_s8__amx"),
      // Few products for each result, or one row for all the weights.
      (ConvCase(224, 224, 3, 32, kernel: 3, stride: 2, padding: 1), "shallow_conv_s8__avx512vnni"),
      (ConvCase(112, 112, 16, 96), "shallow_conv_s8__avx512vnni"),
      (ConvCase(1, 1, 1280, 1000), "igemm_s8__avx512vnni"),
      (ConvCase(56, 56, 128, 128, kernel: 3, padding: 1, groups: 32), "igemm_s8__avx512vnni"),
      (ConvCase(56, 56, 144, 144, kernel: 3, padding: 1, groups: 144), "dwconv_3x3_s8__avx512vnni"),
    ]
    for (testCase, expected) in choices {
      var shape = testCase.shape
      #expect(name(ck_conv_s8_choose(&shape, features("amx"))) == expected, "\(testCase)")
      #expect(name(ck_conv_s8_choose(&shape, features("avx512vnni"))).hasSuffix("avx512vnni"), "\(testCase)")
    }
  }
}
