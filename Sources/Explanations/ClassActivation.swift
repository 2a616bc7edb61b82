package import Answers
package import IR
import Math
import Operators
import Runtime
package import Tensors
import Threads

/// Maps of where a network looks for a class, by Grad-CAM (Selvaraju et al. 2017): prepared once for a graph, shared.
///
///     map = ReLU(sum over channels k of w_k A_k),  w_k = mean over places of d score / d A_k
///
/// A is the last activation that is an image (`LastActivation`), the score a class's logit (`ClassScore`). Where the
/// head is a global mean and a linear layer this is CAM (Zhou et al. 2016): w_k is the class's weight of channel k,
/// divided by the number of places.
package struct ClassActivation: Sendable {
  /// The network, with what maps are made of as further outputs in float.
  package let graph: Graph
  package let activation: LastActivation
  /// The name of the activation.
  package let name: String
  /// The positions of those outputs: the activation, then what its head reads beside it.
  package let outputs: [Int]
  private let score: ClassScore
  private let plan: Plan
  private let logitCount: Int
  /// The weights of classes, where the head is a global mean and a linear layer.
  private let linear: LinearHead?

  /// - Parameters:
  ///   - source: as it is executed; its first input takes images unless another is named
  ///   - output: the position of the output that decides
  /// - Throws: where the network has no last activation, or a node of its head no gradient
  package init(
    _ source: Graph, input: Int = 0, output: Int, _ meaning: OutputMeaning
  ) throws(Refusal) {
    guard meaning.classCount > 0 else {
      throw Refusal("output \(meaning.output) decides on no classes, of which one could be explained")
    }
    let decision = source.outputs[output]
    score = ClassScore(source, output: decision, meaning)
    guard source.type(of: score.logits).count == meaning.count else {
      throw Refusal(
        "output \(meaning.output) is \(source.type(of: decision)), an explanation takes one image at a time")
    }
    logitCount = meaning.count
    activation = try LastActivation(of: source, from: source.inputs[input], to: score.logits)
    name = source[activation.value].name
    let head = try FloatHead(source, from: activation.value, to: score.logits)
    plan = try Plan(head.graph, math: KernelMath())
    linear = try LinearHead(source, activation, to: score.logits)
    var graph = source
    var outputs: [Int] = []
    for value in [activation.value] + head.sides {
      let type = graph.type(of: value)
      outputs.append(graph.outputs.count)
      graph.addOutput(
        type.quantization == nil
          ? value : try graph.add(DequantizeLinear(), name: "\(graph[value].name) in float", inputs: [value])[0])
    }
    self.graph = graph
    self.outputs = outputs
  }

  /// Why `--method cam` cannot be had; nil where it can.
  package var linearRefusal: Refusal? { linear == nil ? notLinear : nil }

  private var notLinear: Refusal {
    Refusal(
      "what follows \(name) is not a global mean and one linear layer, of which CAM takes the weights",
      remedy: "use --method gradcam, which is the same where both exist")
  }

  /// The map of CAM: as Grad-CAM's, with the weights of the linear layer in place of a gradient.
  package func linearMap(_ values: [Float], ofClass index: Int) throws(Refusal) -> ActivationMap {
    guard let linear else { throw notLinear }
    let seed = score.seed(ofClass: index, count: logitCount)
    let places = Float(activation.height * activation.width)
    let weights = linear.weights(seed).map { $0 / places }
    return try map(values, weights)
  }

  /// A map of which channel k has the weight w_k.
  package func map(_ values: [Float], _ weights: [Float]) throws(Refusal) -> ActivationMap {
    let places = activation.height * activation.width
    precondition(values.count == activation.channels * places && weights.count == activation.channels)
    var sums = [Float](repeating: 0, count: places)
    for (channel, weight) in weights.enumerated() where weight != 0 {
      for place in 0..<places { sums[place] += weight * values[channel * places + place] }
    }
    guard sums.allSatisfy(\.isFinite) else { throw Refusal("the map's numbers overflow with this input") }
    return ActivationMap(height: activation.height, width: activation.width, values: sums)
  }

  /// What computes gradients; it belongs to one thread.
  package func makeGradient() -> ActivationGradient {
    ActivationGradient(self, Executor(plan, workers: Workers(threads: 1)), score, logitCount)
  }
}

/// Gradients of class scores at the last activation: memory of one thread.
package final class ActivationGradient {
  private let network: ClassActivation
  private let executor: Executor
  private let score: ClassScore
  private let logitCount: Int

  fileprivate init(_ network: ClassActivation, _ executor: Executor, _ score: ClassScore, _ logitCount: Int) {
    self.network = network
    self.executor = executor
    self.score = score
    self.logitCount = logitCount
  }

  /// - Parameter tensors: what the network's further `outputs` gave
  package func map(_ tensors: [Tensor], ofClass index: Int) throws(Refusal) -> ActivationMap {
    for (position, tensor) in tensors.enumerated() { executor.write(tensor, toInput: position) }
    let seed = score.seed(ofClass: index, count: logitCount)
    seed.withUnsafeBytes { executor.write($0, toInput: tensors.count) }
    executor.run()
    let gradient = executor.floats(ofOutput: 0)
    let places = network.activation.height * network.activation.width
    let weights = (0..<network.activation.channels).map { channel in
      gradient[channel * places..<(channel + 1) * places].reduce(0, +) / Float(places)
    }
    return try network.map(tensors[0].elements(as: Float.self), weights)
  }
}
