import CKernels
package import IR
package import Math
package import Tensors
import Threads

/// An arithmetic function of two numbers applied element by element with broadcasting: y = activation(a op b).
///
/// Float32, or integers (shape arithmetic) without activation; those wrap around, and what is divided by 0 is 0.
package struct Binary: Operator, ActivationCarrying, PreparationKeeping {
  package static let name = "Binary"

  package enum Function: String, Sendable, CaseIterable {
    case add, sub, mul, div, min, max, pow
    /// The remainder of a division that rounds down, which has the sign of the divisor: integers.
    case mod
    /// The remainder of a division that rounds towards zero, which has the sign of the dividend.
    case remainder
    /// Bit by bit: integers.
    case bitAnd = "bit_and"
    case bitOr = "bit_or"
    case bitXor = "bit_xor"
    /// By as many bits as b says; zeros come in: unsigned integers.
    case shiftLeft = "shift_left"
    case shiftRight = "shift_right"

    /// Whether it is one of elements of a type.
    fileprivate func takes(_ element: ElementType) -> Bool {
      switch self {
      case .add, .sub, .mul, .div, .min, .max, .pow, .remainder: element == .float32 || element.isInteger
      case .mod, .bitAnd, .bitOr, .bitXor: element.isInteger
      case .shiftLeft, .shiftRight: element.isUnsigned
      }
    }
  }

  package let function: Function
  package var activation: UnaryFunction

  package init(_ function: Function, activation: UnaryFunction = .identity) {
    self.function = function
    self.activation = activation
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    let name = try attributes.string("function")
    guard let function = Function(rawValue: name) else { throw Refusal("function \(name) is not known") }
    self.function = function
    activation = try attributes.activation()
  }

  package func write(to attributes: inout AttributeWriter) {
    attributes.set("function", function.rawValue)
    attributes.set(activation: activation)
  }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 2)
    let a = try inputs.required(0, "a")
    let b = try inputs.required(1, "b")
    try b.expect(a.type.element, "b")
    guard function.takes(a.type.element), a.type.element == .float32 || activation == .identity else {
      throw Refusal("\(function.rawValue) of \(a.type.element) is not supported")
    }
    for (operand, role) in [(a, "a"), (b, "b")] where operand.type.quantization != nil {
      throw Refusal("\(role) is \(operand.type), which must be dequantized first")
    }
    return [TensorType(a.type.element, try Broadcasting.shape(a.shape, b.shape))]
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let a = try site.inputs.required(0, "a")
    let b = try site.inputs.required(1, "b")
    let output = site.outputs[0]
    let walk = BroadcastWalk(site, a, b, output)
    switch output.element {
    case .int8: return integerKernel(Int8.self, walk)
    case .uint8: return integerKernel(UInt8.self, walk)
    case .int16: return integerKernel(Int16.self, walk)
    case .uint16: return integerKernel(UInt16.self, walk)
    case .int32: return integerKernel(Int32.self, walk)
    case .uint32: return integerKernel(UInt32.self, walk)
    case .int64: return integerKernel(Int64.self, walk)
    case .uint64: return integerKernel(UInt64.self, walk)
    case .float32, .float64, .bool: break
    }
    if let fast = fastKernel(site, a, b, output) { return fast }
    guard let evaluate = scalarFunction else { throw Refusal("\(function.rawValue) of \(output) is not supported") }
    return generalKernel(evaluate, walk, count: output.count)
  }

  /// Equal shapes, or one side repeated along rows (per channel in channels-last, per last dimension else, or a
  /// scalar).
  private func fastKernel(_ site: Site, _ a: Operand, _ b: Operand, _ output: TensorType) -> Kernel? {
    guard let operation = function.kernelOperation, let rows = self.rows(for: site, a, b, output) else {
      return nil
    }
    let finish = activation
    let binary = Kernels.float.binary_rows
    let unary = Kernels.float.unary
    let residual = Kernels.float.add
    let count = output.count
    guard case .repeated(let swapped, let rows, let channels) = rows else {
      return Kernel(implementation: "binary") { call in
        let left: UnsafePointer<Float> = call.input(0).pointer()
        let right: UnsafePointer<Float> = call.input(1).pointer()
        let y: UnsafeMutablePointer<Float> = call.output.pointer()
        call.workers.run(elements: count) { range in
          let start = range.lowerBound
          if operation == CK_ADD {
            residual(finish.kernelActivation, range.count, left + start, right + start, y + start)
          } else {
            binary(operation, 0, 1, range.count, left + start, right + start, y + start)
            if finish != .identity { unary(finish.kernelActivation, range.count, y + start, y + start) }
          }
        }
      }
    }
    return Kernel(implementation: "binary_rows") { call in
      let wide: UnsafePointer<Float> = call.input(swapped ? 1 : 0).pointer()
      let narrow: UnsafePointer<Float> = call.input(swapped ? 0 : 1).pointer()
      let y: UnsafeMutablePointer<Float> = call.output.pointer()
      if channels == 1 {
        binary(operation, swapped ? 1 : 0, count, 1, wide, narrow, y)
        if finish != .identity { unary(finish.kernelActivation, count, y, y) }
        return
      }
      call.workers.run(elements: rows, grain: Swift.max(1, 8192 / channels)) { range in
        let start = range.lowerBound * channels
        binary(operation, swapped ? 1 : 0, range.count, channels, wide + start, narrow, y + start)
        if finish != .identity { unary(finish.kernelActivation, range.count * channels, y + start, y + start) }
      }
    }
  }

  /// How two float operands meet in memory.
  package enum Rows: Sendable {
    /// Element by element.
    case alike
    /// One operand, the first where `isSwapped`, has `channels` elements and repeats along rows of as many; one element
    /// along rows of one.
    case repeated(isSwapped: Bool, rows: Int, channels: Int)
  }

  /// Nil where they meet in no such plain way.
  package func rows(for site: Site, _ a: Operand, _ b: Operand, _ output: TensorType) -> Rows? {
    if a.shape == b.shape && sameLayout(site, a, b) { return .alike }
    // One side has the output's shape, the other repeats.
    for swapped in [false, true] {
      let full = swapped ? b : a
      let small = swapped ? a : b
      guard full.shape == output.shape, let channels = repeatedChannels(small.shape, along: output.shape, site.layout),
        channels == 1 || full.constant == nil || site.layout == .rowMajor
      else { continue }
      return .repeated(isSwapped: swapped, rows: output.count / Swift.max(1, channels), channels: channels)
    }
    return nil
  }

  /// Whether both lie alike in memory: constants are row-major, everything else as the site says.
  private func sameLayout(_ site: Site, _ a: Operand, _ b: Operand) -> Bool {
    (a.constant == nil) == (b.constant == nil) || site.layout == .rowMajor || Layout.areEquivalent(for: a.shape)
  }

  /// The length of the period with which a smaller operand repeats in physical order, when it is a plain one.
  private func repeatedChannels(_ small: [Int], along shape: [Int], _ layout: Layout) -> Int? {
    let count = small.reduce(1, *)
    if count == 1 { return 1 }
    let innermost = layout == .channelsLast && shape.count == 4 ? 1 : shape.count - 1
    let padded = [Int](repeating: 1, count: shape.count - small.count) + small
    // Repetition within an image only: an operand with its own batch dimension is not a plain period.
    return padded[innermost] == count && shape[innermost] == count ? count : nil
  }

  private func generalKernel(
    _ evaluate: @escaping @Sendable (Float, Float) -> Float, _ walk: BroadcastWalk, count: Int
  ) -> Kernel {
    let finish = activation
    return Kernel(implementation: "binary_strided") { call in
      let left: UnsafePointer<Float> = call.input(0).pointer()
      let right: UnsafePointer<Float> = call.input(1).pointer()
      let y: UnsafeMutablePointer<Float> = call.output.pointer()
      walk.run { position, i, j in y[position] = evaluate(left[i], right[j]) }
      if finish != .identity { Kernels.float.unary(finish.kernelActivation, count, y, y) }
    }
  }

  /// The function of floats, where it is one.
  private var scalarFunction: (@Sendable (Float, Float) -> Float)? {
    switch function {
    case .add: { $0 + $1 }
    case .sub: { $0 - $1 }
    case .mul: { $0 * $1 }
    case .div: { $0 / $1 }
    case .min: { Swift.min($0, $1) }
    case .max: { Swift.max($0, $1) }
    case .pow: { UnaryFunction.power($0, $1) }
    case .remainder: { $0.truncatingRemainder(dividingBy: $1) }
    case .mod, .bitAnd, .bitOr, .bitXor, .shiftLeft, .shiftRight: nil
    }
  }

  private func integerKernel<Element: TensorElement & FixedWidthInteger>(
    _: Element.Type, _ walk: BroadcastWalk
  ) -> Kernel {
    let function = function
    return Kernel(implementation: "binary_integer") { call in
      let left: UnsafePointer<Element> = call.input(0).pointer()
      let right: UnsafePointer<Element> = call.input(1).pointer()
      let y: UnsafeMutablePointer<Element> = call.output.pointer()
      walk.run { position, i, j in y[position] = function.integer(left[i], right[j]) }
    }
  }
}

extension Binary.Function {
  fileprivate var kernelOperation: ck_binary? {
    switch self {
    case .add: CK_ADD
    case .sub: CK_SUB
    case .mul: CK_MUL
    case .div: CK_DIV
    case .min: CK_MIN
    case .max: CK_MAX
    default: nil
    }
  }

  fileprivate func integer<Element: FixedWidthInteger>(_ a: Element, _ b: Element) -> Element {
    switch self {
    case .add: return a &+ b
    case .sub: return a &- b
    case .mul: return a &* b
    case .div: return b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue
    case .min: return Swift.min(a, b)
    case .max: return Swift.max(a, b)
    case .pow: return Binary.Function.power(a, b)
    case .mod:
      let rest = Binary.Function.remainder.integer(a, b)
      return rest != 0 && (rest < 0) != (b < 0) ? rest &+ b : rest
    case .remainder: return b == 0 ? 0 : a.remainderReportingOverflow(dividingBy: b).partialValue
    case .bitAnd: return a & b
    case .bitOr: return a | b
    case .bitXor: return a ^ b
    case .shiftLeft: return a << b
    case .shiftRight: return a >> b
    }
  }

  /// a times itself b times, by squaring. Below 0 that is the whole part of 1 / a^-b: something of 1 and -1 alone.
  private static func power<Element: FixedWidthInteger>(_ a: Element, _ b: Element) -> Element {
    if b < 0, a != 1 {
      let isMinusOne = a < 0 && a &+ 1 == 0
      return isMinusOne ? (b & 1 == 0 ? 1 : a) : 0
    }
    var (result, square, rest) = (1 as Element, a, b < 0 ? 0 : b)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }
}

extension Binary: ParameterCarrying {
  /// What is subtracted or divided by normalises inputs, and single numbers belong to formulas: neither is learned.
  package func role(ofConstant _: Int, _ type: TensorType) -> ConstantRole {
    (function == .add || function == .mul) && type.element == .float32 && type.count > 1 ? .parameter : .fixed
  }
}

extension Binary: ElementWise {
  /// With constants; the sum of two values that flow counts as memory of its own.
  package func isElementWise(_ inputs: [Operand?]) -> Bool { inputs.dropFirst().allSatisfy { $0?.constant != nil } }
}

extension Binary: PossibleIdentity {
  /// The operand that a constant of zeros or ones leaves as it is.
  package func unchangedInput(_ inputs: [Operand?], _ output: TensorType) -> Int? {
    guard let a = inputs.optional(0), let b = inputs.optional(1), (a.constant == nil) != (b.constant == nil) else {
      return nil
    }
    let flowing = a.constant == nil ? 0 : 1
    let neutral: Double
    switch function {
    case .add: neutral = 0
    case .mul: neutral = 1
    case .sub where flowing == 0: neutral = 0
    case .div where flowing == 0, .pow where flowing == 0: neutral = 1
    default: return nil
    }
    guard let constant = a.constant ?? b.constant, constant.element == .float32, constant.count > 0,
      (flowing == 0 ? a : b).type == output
    else { return nil }
    return constant.doubles().allSatisfy { $0 == neutral } ? flowing : nil
  }
}

extension Binary: TransposeTransparent {
  /// Not a transpose of lower rank than the result, which would have to be widened first.
  package func passage(of order: [Int], output: TensorType) -> TransposePassage? {
    output.rank == order.count ? TransposePassage(self, outputOrder: order, takesConstants: true) : nil
  }
}

extension Binary: Commutative {
  package var isCommutative: Bool { [.add, .mul, .min, .max, .bitAnd, .bitOr, .bitXor].contains(function) }
}

extension Binary: Int8ConvertibleOperation {
  /// Sums of one shape, and products that `MulInt8` takes, of values that flow.
  package func int8Refusal(_ inputs: [Operand?]) -> String? {
    guard function == .add || function == .mul else { return "int8 has no form for \(function.rawValue)" }
    guard inputs.isFlowing(0), inputs.isFlowing(1) else { return "an operand is constant" }
    guard activation.clampBounds != nil else { return "activation \(activation.stored.name) is not a clamp" }
    let shapes = inputs.compactMap { $0?.shape }
    guard shapes[0] == shapes[1] || function == .mul && MulInt8.changesPlaces(shapes[0], shapes[1]) != nil else {
      return "shapes \(shapes[0]) and \(shapes[1]) broadcast in a way int8 has no form for"
    }
    return nil
  }

  package func int8Form(output: Quantization) -> any Operator {
    let output = Int8Output(output, clamp: activation.clampBounds ?? (-.infinity, .infinity))
    return function == .mul ? MulInt8(output: output) : AddInt8(output: output)
  }

  package func int8Order(_ inputs: [Operand?]) -> [Int] {
    let shapes = inputs.compactMap { $0?.shape }
    return function == .mul && MulInt8.changesPlaces(shapes[0], shapes[1]) == true ? [1, 0] : [0, 1]
  }
}

#if !RUNTIME_ONLY
extension Binary: Differentiable {}
#endif

extension Binary {
  /// Summed over what was broadcast.
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let (a, b, gradient) = (product.input(0), product.input(1), product.gradient)
    var result: [ValueID?] = [nil, nil]
    for index in 0..<2 where product.wants(index) {
      let full: ValueID
      switch (function, index) {
      case (.add, _), (.sub, 0), (.remainder, 0): full = gradient
      case (.sub, _): full = try product.apply(.neg, gradient)
      case (.mul, _): full = try product.times(gradient, index == 0 ? b : a)
      case (.div, 0): full = try product.over(gradient, b)
      case (.div, _):
        // -g a / b^2
        full = try product.apply(.neg, product.times(gradient, product.over(a, product.squared(b))))
      case (.min, _), (.max, _):
        // Of equal numbers the first is the one taken.
        let isFirst = try product.add(Compare(function == .min ? .lessOrEqual : .greaterOrEqual), a, b)
        let zero = product.constant(Tensor(scalar: Float(0)))
        full = try product.add(
          Where(), isFirst, index == 0 ? gradient : zero, index == 0 ? zero : gradient)
      case (.pow, 0):
        // g b a^(b - 1)
        let power = try product.add(Binary(.pow), a, product.plus(b, -1))
        full = try product.times(gradient, product.times(b, power))
      case (.pow, _):
        // g a^b ln a
        let power = try product.add(Binary(.pow), a, b)
        full = try product.times(gradient, product.times(power, product.apply(.log, a)))
      case (.remainder, _), (.mod, _), (.bitAnd, _), (.bitOr, _), (.bitXor, _), (.shiftLeft, _), (.shiftRight, _):
        throw Refusal("\(function.rawValue) has no gradient here")
      }
      result[index] = try product.summed(full, to: product.shape(ofInput: index))
    }
    return result
  }
}

#if !RUNTIME_ONLY
extension Binary: ChannelKeeping {
  package func channelFlow(_ inputs: [Operand?], _ output: TensorType) -> ChannelFlow? {
    ChannelSelection.flow(inputs, output)
  }

  package func keeping(
    _: [[Int]?], output: [Int], of inputs: [Operand?]
  ) -> (op: any Operator, constants: [Int: Tensor]) { (self, ChannelSelection.constants(inputs, output)) }
}
#endif
