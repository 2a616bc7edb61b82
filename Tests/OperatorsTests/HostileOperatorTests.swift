import IR
import Operators
import Tensors
import TestSupport
import Testing

/// Every operator with attributes and inputs that a file may claim: an error or types within the limits, never a trap.
@Suite struct HostileOperatorTests {
  private static let ints = [
    0, 1, 2, 3, -1, -2, 4, 7, 64, 1 << 15, 1 << 31, -(1 << 31), 1 << 62, .max, .min, .max - 1, .min + 1,
  ]
  private static let floats: [Float] = [
    0, 1, -1, 0.5, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, 3e38, -3e38,
  ]
  private static let words = [
    "add", "div", "mean", "constant", "reflect", "nearest", "linear", "float32", "int64", "bool", "clip", "silu", "DCR",
    "half_pixel", "asymmetric", "align_corners", "floor", "sum", "less", "identity", "nothing",
  ]
  private static let names = [
    "kernel_shape", "strides", "dilations", "pads", "group", "activation", "activation_parameters", "output_padding",
    "trans_b", "function", "parameters", "to", "epsilon", "ceil_mode", "count_include_pad", "axes", "axis", "keepdims",
    "shape", "allow_zero", "perm", "sizes", "starts", "ends", "steps", "mode", "value", "repeats", "groups",
    "blocksize",
    "coordinate_transformation_mode", "nearest_mode", "scales", "size", "alpha", "beta", "bias", "select_last_index",
    "start", "end", "scale", "zero_point", "output_scale", "output_zero_point", "lower", "upper", "function_parameters",
    "inner_scale", "inner_zero_point",
  ]

  private static func attribute(_ random: inout RandomNumbers) -> Attribute {
    func many<T>(_ values: [T]) -> [T] {
      (0..<Int.random(in: 0...5, using: &random)).map { _ in values[Int.random(in: values.indices, using: &random)] }
    }
    switch Int.random(in: 0..<8, using: &random) {
    case 0, 1: return .int(ints[Int.random(in: ints.indices, using: &random)])
    case 2: return .float(floats[Int.random(in: floats.indices, using: &random)])
    case 3: return .string(words[Int.random(in: words.indices, using: &random)])
    case 4: return .floats(many(floats))
    case 5: return .tensor(Tensor([Int64.max]))
    default: return .ints(many(ints))
    }
  }

  private static func operand(_ random: inout RandomNumbers) -> Operand? {
    let dimensions = [0, 1, 2, 3, 4, 8, 1 << 20, Limits.elements]
    switch Int.random(in: 0..<10, using: &random) {
    case 0: return nil
    case 1: return Operand(Tensor((0..<4).map { _ in Int64(ints[Int.random(in: ints.indices, using: &random)]) }))
    case 2: return Operand(Tensor([Int32.max, .min, 0]))
    case 3: return Operand(Tensor([Float.nan, .infinity, 1]))
    default:
      let rank = [4, 4, 4, 0, 1, 2, 3, 5, 8].randomElement(using: &random) ?? 4
      let shape = (0..<rank).map { _ in dimensions[Int.random(in: dimensions.indices, using: &random)] }
      guard Limits.count(shape) != nil else { return Operand(TensorType(.float32, [1, 4, 8, 8])) }
      let element = [ElementType.float32, .float32, .int8, .int64, .bool, .int32].randomElement(using: &random)
      let quantization = element == .int8 ? Quantization(scale: .leastNonzeroMagnitude, zeroPoint: 255) : nil
      return Operand(TensorType(element ?? .float32, shape, quantization: quantization))
    }
  }

  /// The attributes an operator asks for, found by giving it all that there are.
  private static func known(_ name: String) -> [String] {
    names.filter { candidate in
      do throws(Refusal) {
        _ = try OperatorSet.make(name, [candidate: .strings([])])
        return false
      } catch {
        return !"\(error)".contains("\(candidate) is not supported")
      }
    }
  }

  @Test(arguments: OperatorSet.names)
  func attributesAndTypesNeverTrap(_ name: String) {
    var random = RandomNumbers(seed: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    let attributes = Self.known(name)
    var made = 0
    for _ in 0..<1500 where made < 60 {
      var values: [String: Attribute] = [:]
      for attribute in attributes where Bool.random(using: &random) { values[attribute] = Self.attribute(&random) }
      guard let op = try? OperatorSet.make(name, values) else { continue }
      made += 1
      for _ in 0..<12 {
        let inputs = (0..<Int.random(in: 0...5, using: &random)).map { _ in Self.operand(&random) }
        guard let types = try? op.inferTypes(inputs) else { continue }
        #expect(types.allSatisfy { Limits.count($0.shape) != nil })
        _ = op.work(inputs, types)
      }
    }
  }
}
