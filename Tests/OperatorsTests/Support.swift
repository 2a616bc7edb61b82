import IR
import Operators
import Tensors
import Testing
import Threads

/// A float tensor whose elements are 0, 1, 2, ... times a factor.
func counting(_ shape: [Int], by factor: Float = 1) -> Tensor {
  let count = shape.reduce(1, *)
  return Tensor((0..<count).map { Float($0) * factor }, shape: shape)
}

/// A float tensor of reproducible numbers between -1 and 1.
func noise(_ shape: [Int], seed: UInt64 = 1) -> Tensor {
  var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
  let count = shape.reduce(1, *)
  let values = (0..<count).map { _ -> Float in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
  }
  return Tensor(values, shape: shape)
}

func integers(_ values: [Int64], shape: [Int]? = nil) -> Tensor { Tensor(values, shape: shape) }

/// An int8 tensor with a quantization.
func quantized(_ values: [Int8], _ shape: [Int], scale: Float, zeroPoint: Int) -> Tensor {
  Tensor(TensorType(.int8, shape, quantization: Quantization(scale: scale, zeroPoint: zeroPoint))) { bytes in
    values.withUnsafeBytes { bytes.copyMemory(from: $0) }
  }
}

/// A tensor whose element at each index is given by a function of the index.
func tensor(_ shape: [Int], _ element: ([Int]) -> Float) -> Tensor {
  let strides = Layout.rowMajor.strides(of: shape)
  let count = shape.reduce(1, *)
  let values = (0..<count).map { position in
    element(shape.indices.map { position / strides[$0] % shape[$0] })
  }
  return Tensor(values, shape: shape)
}

extension Tensor {
  /// The float at an index.
  func at(_ index: [Int]) -> Float {
    let strides = Layout.rowMajor.strides(of: shape)
    let position = zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }
    return withBytes { $0.loadUnaligned(fromByteOffset: 4 * position, as: Float.self) }
  }
}

/// The operator after its attributes were written and read again.
func reread(_ op: any Operator) throws -> any Operator {
  let copy = try OperatorSet.make(op.name, op.attributes)
  #expect(copy.isEqual(to: op))
  return copy
}

/// Computes an operator in every layout it takes, with one thread and two, and checks that all results are the same
/// bits.
///
/// - Parameter constants: positions of the inputs that are constants
func compute(_ op: any Operator, _ inputs: [Tensor?], constants: Set<Int> = []) throws -> [Tensor] {
  let op = try reread(op)
  let layouts: [Layout] =
    switch op.layout {
    case .rowMajor: [.rowMajor]
    case .channelsLast: [.channelsLast]
    case .either, .turning: [.rowMajor, .channelsLast]
    }
  var results: [[Tensor]] = []
  for layout in layouts {
    for threads in [1, 2] {
      results.append(
        try evaluate(op, inputs: inputs, layout: layout, workers: Workers(threads: threads)) { constants.contains($0) })
    }
  }
  for other in results.dropFirst() {
    #expect(other.count == results[0].count)
    for (a, b) in zip(other, results[0]) { #expect(a.isIdentical(to: b), "\(a.doubles()) against \(b.doubles())") }
  }
  return results[0]
}

/// The single float output of an operator.
func floats(_ op: any Operator, _ inputs: [Tensor?], constants: Set<Int> = []) throws -> [Float] {
  let outputs = try compute(op, inputs, constants: constants)
  #expect(outputs.count == 1)
  return outputs.first?.elements(as: Float.self) ?? []
}

/// The message with which type inference refuses inputs, or nil when it does not.
func refusal(_ op: any Operator, _ inputs: [Operand?]) -> String? {
  do throws(Refusal) {
    _ = try op.inferTypes(inputs)
    return nil
  } catch { return error.description }
}

/// The message with which reading attributes fails, or nil.
func attributeError(_ name: String, _ attributes: [String: Attribute]) -> String? {
  do throws(Refusal) {
    _ = try OperatorSet.make(name, attributes)
    return nil
  } catch { return error.description }
}

func float32(_ shape: Int...) -> Operand { Operand(TensorType(.float32, shape)) }
func operand(_ element: ElementType, _ shape: Int...) -> Operand { Operand(TensorType(element, shape)) }

/// Whether numbers agree within a relative and absolute tolerance; reports the worst where not.
func expectClose(
  _ a: [Float], _ b: [Float], tolerance: Float = 1e-5, location: SourceLocation = #_sourceLocation
) {
  #expect(a.count == b.count, sourceLocation: location)
  for (index, (x, y)) in zip(a, b).enumerated() where !(abs(x - y) <= tolerance * max(1, abs(y))) {
    Issue.record("element \(index): \(x), expected \(y)", sourceLocation: location)
    return
  }
}
