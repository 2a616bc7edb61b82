import IR
import Math
import Operators
import Tensors

/// Products of integers whose activations are quantized anew for each sample (`quantize_dynamic`), and products with
/// weights of few bits.
///
/// What is quantized by its own range has no scale that could be known before it runs. So it is computed in float32:
/// DynamicQuantizeLinear hands on x with scale 1 and zero point 0, weights become the real numbers they stand for. The
/// result is nearer to the model that was quantized than the quantized one is.
enum IntegerProducts: ONNXFamily {
  static let limits = "computed in float32, for the scales are not known before a model runs"
  static let readers: [String: NodeReader] = [
    "ConvInteger": conv,
    "DynamicQuantizeLinear": dynamicQuantize,
    "MatMulInteger": matMul,
    "com.microsoft.DynamicQuantizeMatMul": dynamicMatMul,
    "com.microsoft.MatMulIntegerToFloat": matMulToFloat,
    "com.microsoft.MatMulNBits": matMulNBits,
  ]

  private static func dynamicQuantize(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    guard x.element == .float32 else { throw Refusal("x is \(x.type), expected float32") }
    if (0..<3).contains(where: node.showsNumbers) { return try byItsRange(x, node) }
    return [x, node.constant("scale", Tensor(scalar: Float(1))), node.constant("zero_point", Tensor(scalar: UInt8(0)))]
  }

  /// The integers themselves, whose scale is a 255th of the range of x and 0, with that scale and its zero point.
  private static func byItsRange(_ x: Symbol, _ node: NodeImport) throws(Refusal) -> [Symbol] {
    let all = Array(x.shape.indices)
    let smallest = try node.add(step: "smallest", Reduce(.min, axes: all, keepsDimensions: false), [x])
    let largest = try node.add(step: "largest", Reduce(.max, axes: all, keepsDimensions: false), [x])
    let lower = try node.step("lower", .min, smallest, 0)
    let range = try node.step("range", .sub, try node.step("upper", .max, largest, 0), lower)
    let scale = try node.step("scale", .div, range, 255)
    let offset = try node.step("offset", .div, try node.step("negated", .neg, lower), scale)
    let zero = try node.step("rounded_zero", .round, try node.step("bounded", .clip(lower: 0, upper: 255), offset))
    let integers = try node.integers(of: x, scale: scale, zeroPoint: zero, .uint8)
    return [
      try node.add(step: "integers", Cast(to: .uint8), [integers]), scale,
      try node.add(step: "zero_point", Cast(to: .uint8), [zero]),
    ]
  }

  private static func conv(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.centred(0, "x", zeroPoint: 2)
    let w = try node.centred(1, "weights", zeroPoint: 3, axis: 0)
    let window = try node.window(x, kernel: Array(w.shape.dropFirst(2)))
    return try node.integers(Conv(window: window, group: try node.int("group", default: 1)), [x, w])
  }

  private static func matMul(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let a = try node.centred(0, "a", zeroPoint: 2, axis: -2)
    let b = try node.centred(1, "b", zeroPoint: 3, axis: -1)
    if a.constant == nil, let layer = Gemm(product: a.type, Operand(b.type, constant: b.constant)) {
      return try node.integers(layer, [a, b])
    }
    return try node.integers(MatMul(), [a, b])
  }

  /// a, b, a_scale, b_scale, a_zero_point, b_zero_point, bias.
  private static func matMulToFloat(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let a = try node.centred(0, "a", zeroPoint: 4)
    let scale = try node.add(step: "scale", Binary(.mul), [try node.input(2, "a_scale"), try node.input(3, "b_scale")])
    return try scaledProduct(a, zeroPoint: 5, scale: scale, bias: 6, node)
  }

  /// a (float32), b, b_scale, b_zero_point, bias.
  private static func dynamicMatMul(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    try scaledProduct(try node.input(0, "a"), zeroPoint: 3, scale: try node.input(2, "b_scale"), bias: 4, node)
  }

  private static func scaledProduct(
    _ a: Symbol, zeroPoint: Int, scale: Symbol, bias: Int, _ node: NodeImport
  ) throws(Refusal) -> [Symbol] {
    let b = try node.centred(1, "b", zeroPoint: zeroPoint, axis: -1)
    guard let layer = Gemm(product: a.type, Operand(b.type, constant: b.constant)) else {
      throw Refusal("input 1 (b) is \(b.type), expected a constant matrix")
    }
    let product = try node.add(step: "product", layer, [a, b])
    guard let bias = node.optional(bias) else { return try node.add(Binary(.mul), [product, scale]) }
    let scaled = try node.add(step: "scaled", Binary(.mul), [product, scale])
    return try node.add(Binary(.add), [scaled, bias])
  }

  /// y = x * B' with B [N, K] in blocks of 4 or 8 bits along K: bytes [N, blocks, block_size * bits / 8], lower bits
  /// first; scales [N * blocks]; zero points packed alike for each row, by default 2^(bits - 1).
  private static func matMulNBits(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("accuracy_level")
    let (inner, outputs) = (try node.int("K"), try node.int("N"))
    let (bits, block) = (try node.int("bits", default: 4), try node.int("block_size"))
    guard bits == 4 || bits == 8 else { throw Refusal("attribute bits is \(bits), only 4 and 8 are supported") }
    guard block >= 16, block <= 1 << 16, inner > 0, outputs > 0, Limits.count([outputs, inner]) != nil else {
      throw Refusal("K \(inner), N \(outputs) and block_size \(block) are out of range")
    }
    guard node.optional(4) == nil else { throw Refusal("input 4 (g_idx) is not supported") }
    let blocks = (inner - 1) / block + 1
    let rowBytes = block * bits / 8
    guard let packed = try node.constant(1, "B"), packed.element == .uint8,
      packed.count == outputs * blocks * rowBytes, let scales = try node.floats(input: 2, "scales"),
      scales.count == outputs * blocks
    else { throw Refusal("B and scales do not fit K \(inner), N \(outputs), block_size \(block) and bits \(bits)") }
    let bytes: [UInt8] = packed.elements()
    /// The number at a position of a packed row.
    func number(_ bytes: [UInt8], _ start: Int, _ position: Int) -> Int {
      bits == 8 ? Int(bytes[start + position]) : Int(bytes[start + position / 2] >> (position % 2 == 0 ? 0 : 4) & 15)
    }
    let zeroBytes = (blocks * bits + 7) / 8
    var zeros: [Float]
    if let given = try node.constant(3, "zero_points") {
      switch given.element {
      case .uint8 where given.count == outputs * zeroBytes:
        let values: [UInt8] = given.elements()
        zeros = (0..<outputs * blocks).map { Float(number(values, $0 / blocks * zeroBytes, $0 % blocks)) }
      case .float32 where given.count == outputs * blocks: zeros = given.elements()
      default: throw Refusal("zero_points is \(given.type), which does not fit")
      }
    } else {
      zeros = [Float](repeating: Float(1 << (bits - 1)), count: outputs * blocks)
    }
    let weights = Tensor(TensorType(.float32, [outputs, inner])) { memory in
      let target = memory.assumingMemoryBound(to: Float.self)
      for index in target.indices {
        let (row, column) = (index / inner, index % inner)
        let place = row * blocks + column / block
        target[index] =
          (Float(number(bytes, place * rowBytes, column % block)) - zeros[place]) * scales[place]
      }
    }
    return try node.add(
      Gemm(transB: true),
      [try node.input(0, "A"), node.constant("weights", weights.on(Grid(steps: []))), node.optional(5)])
  }
}

extension NodeImport {
  /// An integer input less its zero point, in float32; real numbers that stand for integers have none.
  fileprivate func centred(_ index: Int, _ role: String, zeroPoint: Int, axis: Int = 1) throws(Refusal) -> Symbol {
    let x = try input(index, role)
    if x.element == .float32 { return x }
    guard x.type.quantization == nil else { throw Refusal("\(role) is \(x.type), expected integers without a scale") }
    let floats = try add(step: "\(role)_float", Cast(to: .float32), [x])
    var real = floats
    if let zeros = try constant(zeroPoint, "zero point of \(role)"), let values = zeros.integers() {
      var shape: [Int] = []
      if values.count > 1 {
        let axis = try self.axis(axis, rank: x.shape.count)
        guard x.shape[axis] == values.count else {
          throw Refusal("\(role) has \(values.count) zero points, dimension \(axis) of it is \(x.shape[axis])")
        }
        shape = x.shape.indices.map { $0 == axis ? values.count : 1 }
      }
      let constant = constant("\(role)_zero_point", Tensor(values.map(Float.init), shape: shape))
      real = try add(step: "\(role)_shifted", Binary(.sub), [floats, constant])
    }
    guard let numbers = real.constant else { return real }
    return Symbol(real.name, constant: numbers.on(Grid(steps: [1])))
  }

  /// Adds a product of what stands for integers: as int32 where both operands are, else in the reals they stand for.
  fileprivate func integers(_ op: some Operator, _ inputs: [Symbol]) throws(Refusal) -> [Symbol] {
    guard !isModelOutput(0), optional(0)?.element == .float32 else {
      return try add(Cast(to: .int32), [try add(step: "product", op, inputs)])
    }
    return try add(op, inputs)
  }
}
