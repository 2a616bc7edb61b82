import CKernels
import IR
import Math
import Operators
import Runtime
import Tensors

/// A step of an int8 plan that computes a layer with weights.
struct LayerStep {
  let index: Int
  /// The layer in the float graph, and its int8 form.
  let source: NodeID
  let node: Node
  /// Of one image's convolution.
  let shape: ConvolutionShape
  let images: Int
  /// Of the layer's input.
  let quantization: Quantization
  let input: Plan.Place
  private let output: Plan.Place

  /// Sets of inputs that weights meet, and weights of a row.
  var groups: Int { Int(shape.groups) }
  var length: Int { Int(shape.kernel_h) * Int(shape.kernel_w) * Int(shape.in_c) / groups }

  /// - Parameter plan: of the model's graph, whose layers are steps of their own
  static func all(_ plan: Plan, of model: QuantizedModel) -> [LayerStep] {
    let sources = Dictionary(uniqueKeysWithValues: model.layers.map { ($1, $0) })
    return plan.steps.enumerated().compactMap { index, step in
      guard step.nodes.count == 1, let source = sources[step.nodes[0]], let node = model.graph[step.nodes[0]],
        let layer = node.op as? any Int8Layer, let x = step.inputs.first ?? nil, let quantization = x.type.quantization,
        x.type.count > 0
      else { return nil }
      let shape = layer.geometry(x: x.type.shape, output: step.outputs[0].type.shape)
      return LayerStep(
        index: index, source: source, node: node, shape: shape, images: x.type.count / shape.inputCount,
        quantization: quantization, input: x, output: step.outputs[0])
    }
  }

  /// The kernel with other constants than the graph's.
  ///
  /// - Parameter constants: by their position among the inputs, rising; one more than there are is a bias that the
  ///   layer did not have
  func kernel(in graph: Graph, _ constants: KeyValuePairs<Int, Tensor>) throws(Refusal) -> Kernel {
    var operands = graph.operands(of: node)
    for (position, tensor) in constants {
      let operand = Operand(tensor.type, constant: tensor)
      if position < operands.count { operands[position] = operand } else { operands.append(operand) }
    }
    let site = Site(
      inputs: operands, outputs: [output.type], layout: input.layout, outputLayout: output.layout, math: KernelMath())
    return try node.op.kernel(for: site)
  }
}

/// How many samples go through networks side by side.
enum SideBySide {
  /// The most memory they may take.
  private static let mostBytes = 256 << 20

  static func mostSamples(_ plans: Plan...) -> Int {
    let bytes = plans.reduce(0) { $0 + $1.arenaBytes }
    return max(8, mostBytes / max(1, bytes))
  }
}
