import IR
import Operators
import Tensors
import Testing

/// What training has to do with constants. An operator that forgets to say it would count no parameters, in silence.
@Suite struct ConstantRoleTests {
  /// Operators of several float inputs none of which is ever learned.
  private static let unlearned: Set<String> = ["Compare", "Concat", "GridSample", "Where"]

  @Test func everyOperatorOfSeveralFloatInputsTellsWhichAreLearned() {
    var met: Set<String> = []
    for example in Example.all where example.inputs.dropFirst().contains(where: { $0.element == .float32 }) {
      let name = example.op.name
      met.insert(name)
      #expect(
        example.op is any ParameterCarrying || Self.unlearned.contains(name),
        "\(name) reads float constants: let it be ParameterCarrying, or name it among those that learn nothing")
      #expect(!(example.op is any ParameterCarrying && Self.unlearned.contains(name)), "\(name)")
    }
    #expect(met.isSuperset(of: Self.unlearned))
  }

  static let learned: [(op: any ParameterCarrying, roles: [ConstantRole])] = {
    let window = Window(kernel: [1, 1])
    return [
      (BatchNormalization(), [.parameter, .parameter, .parameter, .runningStatistic, .runningStatistic]),
      (Conv(window: window), [.parameter, .parameter, .parameter]),
      (ConvInt8(window: window, group: 1, output: nil), [.parameter, .parameter, .fixed, .parameter]),
      (ConvTranspose(window: window), [.parameter, .parameter, .parameter]),
      (Gemm(), [.parameter, .parameter, .parameter]),
      (GemmInt8(output: nil), [.parameter, .parameter, .fixed, .parameter]),
      (InstanceNormalization(), [.parameter, .parameter, .parameter]),
      (LayerNormalization(), [.parameter, .parameter, .parameter]),
      (MatMul(), [.parameter, .parameter]),
      (PRelu(), [.parameter, .parameter]),
      (ScaleShift(), [.parameter, .parameter, .parameter]),
    ]
  }()

  @Test func rolesAreThoseOfInputs() {
    for (op, roles) in Self.learned {
      for (input, role) in roles.enumerated() {
        #expect(op.role(ofConstant: input, TensorType(.float32, [4])) == role, "input \(input) of \(op.name)")
      }
    }
  }

  /// What is added or multiplied may be learned; what is subtracted or divided by normalises images.
  @Test func arithmeticLearnsVectorsAlone() {
    for function in Binary.Function.allCases {
      let vector = Binary(function).role(ofConstant: 1, TensorType(.float32, [4]))
      #expect(vector == (function == .add || function == .mul ? .parameter : .fixed), "\(function)")
      #expect(Binary(function).role(ofConstant: 1, TensorType(.float32, [1])) == .fixed, "\(function)")
      #expect(Binary(function).role(ofConstant: 1, TensorType(.int64, [4])) == .fixed, "\(function)")
    }
  }
}
