import Images
import Math
import Tensors

extension CModel {
  /// The file with the program.
  func sourceFile(_ weights: WeightsFile?) -> CText {
    var text = CText()
    let headers = headers
    text.comment(
      "\(name).c: a straight list of calls, one or more for each layer, over one arena. Written by \(author). "
        + "\(name).h says how it is used.")
    text.line("#include \"\(name).h\"")
    text.line()
    for header in headers { text.line("#include \"\(header)\"") }
    if let weights {
      text.line()
      text.comment("\(name)_weights.bin: the caller's, once it was checked.")
      text.line("static const unsigned char *weights_file;")
      text.array("static const uint8_t weights_head[\(weights.head.count)]", .uint8, weights.head)
    }
    text.line("#include \"\(name)_weights.h\"")
    text.line()
    if !labels.isEmpty {
      text.line("const char *const \(name)_labels[\(labels.count)] = {")
      for label in labels { text.line("  \(CName.literal(label)),") }
      text.line("};")
      text.line()
    }
    writeMemory(&text)
    if image != nil { writeImage(&text) }
    writeIntake(&text)
    writeLayers(&text)
    if let weights { writeWeightsCheck(weights, &text) }
    writeFunctions(&text)
    writeSelfTest(&text)
    return text
  }

  /// The headers the program calls into, and no more.
  private var headers: [String] {
    let calls = program.intake + program.layers.flatMap(\.calls)
    var headers = Set(calls.map(\.routine.header))
    headers.insert("dc_common.h")
    if image != nil { headers.insert("dc_resize.h") }
    return headers.sorted()
  }

  /// The kernels' files that belong to it.
  var kernelFiles: [String] { KernelSources.closure(of: headers) }

  // MARK: Memory

  private func writeMemory(_ text: inout CText) {
    text.line("#if defined(__GNUC__)")
    text.line("#define ALIGNED __attribute__((aligned(64)))")
    text.line("#else")
    text.line("#define ALIGNED")
    text.line("#endif")
    text.line()
    text.comment("All activations: each at its offset in bytes, for as long as a later layer reads it.")
    text.line("#define ARENA_BYTES \(program.arenaBytes)")
    text.line("ALIGNED static float arena[(ARENA_BYTES + DC_PAD) / 4];")
    text.line("#define F32(offset) (arena + (offset) / 4)")
    text.line("#define S8(offset) ((int8_t *)arena + (offset))")
    text.line()
    if let first = program.scratch.first {
      text.comment("What a convolution puts in order before it multiplies; how much is up to the SIMD in use.")
      let needs = program.scratch.dropFirst().reduce(first.expression) { "DC_LARGER(\($0), \($1.expression))" }
      text.line("ALIGNED static int8_t scratch[\(needs)];")
      text.line()
    }
  }

  private func writeImage(_ text: inout CText) {
    guard let image else { return }
    let preprocessing = image.preprocessing
    let (width, channels) = (preprocessing.width, image.colours.count)
    text.comment("How images become the input.")
    text.line("static int32_t fit_weights[\(image.capacity)], fit_starts[\(width)], fit_lengths[\(width)];")
    text.line("static int32_t fit_sums[DC_FIT_ROWS * \(width * channels)];")
    text.line("static uint8_t fit_pixels[\(width * channels)];")
    let colours = (image.colours + [0, 0]).prefix(3).map { "\($0)" }.joined(separator: ", ")
    text.line("static const dc_fit fit = {")
    text.line("  \(width), \(preprocessing.height), \(channels), \(preprocessing.resize == .centerCrop ? 1 : 0),")
    text.line("  \(image.row), \(image.column), {\(colours)}, \(image.capacity),")
    text.line("  fit_weights, fit_starts, fit_lengths, fit_sums, fit_pixels")
    text.line("};")
    text.line()
  }

  // MARK: Calls

  private func writeIntake(_ text: inout CText) {
    text.comment("The caller's numbers to where the first layers read them.")
    text.line("static void take(\(parameters(inputNames, "const float"))) {")
    write(program.intake, &text)
    text.line("}")
    text.line()
  }

  private func writeLayers(_ text: inout CText) {
    text.line("static void layers(void) {")
    for (index, layer) in program.layers.enumerated() {
      if index > 0 { text.line() }
      text.comment("\(index + 1). \(layer.title)", indentation: 2)
      write(layer.calls, &text)
    }
    text.line("}")
    text.line()
  }

  private func write(_ calls: [CProgram.Call], _ text: inout CText) {
    let constants = ConstantNames(program)
    for call in calls {
      text.call(call.routine.rawValue, call.arguments.map { expression($0, constants) })
    }
  }

  private func expression(_ argument: CProgram.Argument, _ constants: ConstantNames) -> String {
    switch argument {
    case .int(let number): "\(number)"
    case .float(let number): CText.float(number)
    case .scratch: "scratch"
    case .record(let index): "&\(program.records[index].kind.name)_\(index + 1)"
    case .activation(let function): CModel.activation(function)
    case .operation(let operation): "DC_\(operation.rawValue.uppercased())"
    case .pointer(let pointer): expression(pointer, constants)
    }
  }

  private func expression(_ pointer: CProgram.Pointer) -> String { expression(pointer, ConstantNames(program)) }

  private func expression(_ pointer: CProgram.Pointer, _ constants: ConstantNames) -> String {
    let base: String
    switch pointer.home {
    case .arena: return "\(pointer.element == .int8 ? "S8" : "F32")(\(pointer.offset))"
    case .constant(let index): base = constants[index]
    case .caller(let index): base = inputNames[index]
    }
    return pointer.offset == 0 ? base : "\(base) + \(pointer.offset / pointer.element.size)"
  }

  private static func activation(_ function: UnaryFunction) -> String {
    let (name, parameters) = function.stored
    let numbers = (parameters + [0, 0]).prefix(2).map(CText.float).joined(separator: ", ")
    return "(dc_activation){DC_\(name.uppercased()), \(numbers)}"
  }

  // MARK: Weights

  private func writeWeightsCheck(_ weights: WeightsFile, _ text: inout CText) {
    text.line("int \(name)_use_weights(const void *file, size_t size) {")
    text.line("  const uint32_t order = 0x01020304;")
    text.line("  if (!file || (uintptr_t)file % sizeof(float) != 0) return 4;")
    text.line("  if (size != \(weights.bytes.count) || memcmp(file, weights_head, sizeof weights_head) != 0) return 3;")
    text.line("  if (memcmp((const unsigned char *)file + 8, &order, sizeof order) != 0) return 3;")
    text.line("  weights_file = (const unsigned char *)file;")
    text.line("  return 0;")
    text.line("}")
    text.line()
  }

  private func writeWeightsGuard(_ text: inout CText) {
    if hasWeightsFile { text.line("  if (!weights_file) return 3;") }
  }

  // MARK: Functions

  private func writeFunctions(_ text: inout CText) {
    text.comment("The answers to where the caller wants them.")
    text.line("static void give(\(parameters(outputNames, "float"))) {")
    for (output, name) in zip(program.outputs, outputNames) {
      let size = "\(output.type.count) * sizeof *\(name)"
      text.line("  memcpy(\(name), \(expression(output.pointer)), \(size));")
    }
    text.line("}")
    text.line()
    text.line("int \(name)_run_tensor(\(tensorParameters)) {")
    writeWeightsGuard(&text)
    text.line("  take(\(inputNames.joined(separator: ", ")));")
    text.line("  layers();")
    text.line("  give(\(outputNames.joined(separator: ", ")));")
    text.line("  return 0;")
    text.line("}")
    guard let image else { return }
    text.line()
    text.line("int \(name)_run(\(imageParameters)) {")
    writeWeightsGuard(&text)
    text.line("  if (!\(fit(image, "rgb", "w", "h"))) return 1;")
    text.line("  layers();")
    text.line("  give(\(outputNames.joined(separator: ", ")));")
    text.line("  return 0;")
    text.line("}")
  }

  private func fit(_ image: CImageInput, _ pixels: String, _ width: String, _ height: String) -> String {
    let isInt8 = image.port.type.element == .int8
    let target = "\(isInt8 ? "S8" : "F32")(\(image.port.pointer.offset))"
    return "dc_fit_\(isInt8 ? "s8" : "f32")(&fit, \(pixels), \(width), \(height), colours, \(target))"
  }

  // MARK: Self-test

  private func writeSelfTest(_ text: inout CText) {
    text.line()
    text.comment("FNV-1a over the bits of the answers.")
    text.line("static uint64_t digest(uint64_t digest, const float *values, int32_t count) {")
    text.line("  for (int32_t i = 0; i < count; i++) {")
    text.line("    uint32_t bits;")
    text.line("    memcpy(&bits, &values[i], sizeof bits);")
    text.line("    for (int shift = 0; shift < 32; shift += 8) {")
    text.line("      digest = (digest ^ (bits >> shift & 255)) * UINT64_C(1099511628211);")
    text.line("    }")
    text.line("  }")
    text.line("  return digest;")
    text.line("}")
    text.line()
    text.line("static int answers(uint64_t expected) {")
    text.line("  uint64_t found = UINT64_C(14695981039346656037);")
    text.line("  layers();")
    for output in program.outputs {
      text.line("  found = digest(found, \(expression(output.pointer)), \(output.type.count));")
    }
    text.line("  return found == expected;")
    text.line("}")
    text.line()
    text.line("int \(name)_selftest(void) {")
    writeWeightsGuard(&text)
    for port in program.inputs { writePattern(port, &text) }
    text.line("  if (!answers(UINT64_C(\(selfTest.tensor)))) return 1;")
    if let image, let expected = selfTest.image {
      let (width, height) = CSelfTest.picture
      text.line("  if (!\(fit(image, "picture", "\(width)", "\(height)"))) return 2;")
      text.line("  if (!answers(UINT64_C(\(expected)))) return 2;")
    }
    text.line("  return 0;")
    text.line("}")
  }

  /// Element i, row-major, is (i mod 61 * 37 mod 256 - 128) / 64.
  private func writePattern(_ port: CProgram.Port, _ text: inout CText) {
    let shape = port.type.shape
    var place = "i"
    if port.layout == .channelsLast, !Layout.areEquivalent(for: shape) {
      let pixels = shape[2] * shape[3]
      place = "i % \(pixels) * \(shape[1]) + i / \(pixels)"
      if shape[0] > 1 {
        let image = shape[1] * pixels
        place = "i / \(image) * \(image) + i % \(pixels) * \(shape[1]) + i / \(pixels) % \(shape[1])"
      }
    }
    text.line("  for (int32_t i = 0; i < \(port.type.count); i++) {")
    text.line("    const float x = (float)(i % 61 * 37 % 256 - 128) / 64.0f;")
    if let quantization = port.type.quantization {
      text.line(
        "    dc_quantize_s8(1, &x, \(CText.float(quantization.scale)), \(quantization.zeroPoint), "
          + "S8(\(port.pointer.offset)) + \(place));")
    } else {
      text.line("    F32(\(port.pointer.offset))[\(place)] = x;")
    }
    text.line("  }")
  }
}

extension CProgram.Scratch {
  /// Its bytes, as C counts them.
  fileprivate var expression: String {
    switch self {
    case .convolution(let steps, let isDirect): "DC_CONV_S8_SCRATCH(\(steps), \(isDirect ? 1 : 0))"
    case .depthwise(let taps): "DC_DWCONV_S8_SCRATCH(\(taps))"
    }
  }
}
