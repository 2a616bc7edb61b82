import Answers
import DataSets
import Explanations
import IR
import Runtime
import Tensors
import Threads

/// Runs a model on samples and makes a map of each answer.
struct Explainer {
  /// What one sample gave.
  struct Result: Sendable {
    let values: [Float]
    /// The class that is explained.
    let index: Int
    let map: ActivationMap
    /// How far the sample is from those fitted on; nil where nothing was fitted of that.
    let distance: Float?
  }

  private let method: ExplanationMethod
  let decision: DecisionOutput
  let plan: Plan
  private let network: ClassActivation?
  private let score: ClassScore
  /// The position of the logits among the outputs of the plan; nil where the method runs the network once.
  private let logits: Int?
  private let input: (position: Int, image: ModelInput)
  /// The class that was asked for.
  private let chosen: Int?
  private let probe: DistanceProbe?

  /// - Parameters:
  ///   - graph: as it is executed
  ///   - input: where images go
  ///   - chosen: the class to explain; nil for the one decided for
  ///   - probe: what measures distances in the graph
  init(
    _ graph: Graph, _ method: ExplanationMethod, _ decision: DecisionOutput, input: (position: Int, image: ModelInput),
    chosen: Int?, probe: DistanceProbe? = nil, math: MathLibrary
  ) throws(Refusal) {
    let meaning = decision.meaning
    guard meaning.classCount > 0 else {
      throw Refusal("output \(meaning.output) decides on no classes, of which one could be explained")
    }
    score = ClassScore(graph, output: graph.outputs[decision.position], meaning)
    network =
      method == .occlusion
      ? nil : try ClassActivation(graph, input: input.position, output: decision.position, meaning)
    if method == .cam, let refusal = network?.linearRefusal { throw refusal }
    var executed = network?.graph ?? graph
    logits = method == .occlusion || method == .scorecam ? try score.addOutput(to: &executed) : nil
    plan = try Preparation.plan(executed, on: math, fusesRows: true)
    self.method = method
    self.decision = decision
    self.input = input
    self.chosen = chosen
    self.probe = probe
  }

  /// The places of a map, where they are fewer than those of the input.
  var grid: (height: Int, width: Int) {
    network.map { ($0.activation.height, $0.activation.width) } ?? (input.image.height, input.image.width)
  }

  /// What runs the model and makes maps of its gradient: memory of one thread.
  struct Lane {
    let executor: Executor
    let gradient: ActivationGradient?
  }

  func makeGradient() -> ActivationGradient? { network?.makeGradient() }

  /// For who runs samples on threads of their own.
  func makeLane() -> Lane {
    Lane(executor: Executor(plan, workers: Workers(threads: 1)), gradient: makeGradient())
  }

  /// The map of what a lane's model has just been run on, by methods of one run.
  func map(of index: Int, in lane: Lane) throws(Refusal) -> ActivationMap {
    try map(of: index, lane.executor, lane.gradient) { false }
  }

  /// What each sample gave; nil for samples that could not be read.
  ///
  /// - Throws: where a map cannot be made of a sample that could
  func run(
    _ loader: SampleLoader, threads: Int, progress: @escaping @Sendable () -> Void
  ) throws(Refusal) -> [Result?] {
    let results = Inference.run(
      plan, on: loader, samples: Array(0..<loader.count), threads: threads, progress: progress,
      lane: makeGradient,
      take: { executor, gradient, sample in result(executor, gradient, loader, sample) })
    return try results.map { (result) throws(Refusal) in try result?.get() }
  }

  private func result(
    _ executor: Executor, _ gradient: ActivationGradient?, _ loader: SampleLoader, _ sample: Int
  ) -> Swift.Result<Result, Refusal> {
    do throws(Refusal) {
      let values = executor.floats(ofOutput: decision.position)
      let index = chosen ?? Explainer.decided(decision.meaning.answer(values))
      // Before trials of changed images.
      let distance = probe?.distance(executor)
      let map = try map(of: index, executor, gradient) { executor.withInputs { loader.write(sample, into: $0) } }
      return .success(Result(values: values, index: index, map: map, distance: distance))
    } catch {
      return .failure(error.about(loader.samples[sample].name))
    }
  }

  /// The class an answer is for: of several labels the most probable one.
  static func decided(_ answer: Answer) -> Int {
    let candidates = answer.decided.isEmpty ? Array(answer.probabilities.indices) : answer.decided
    guard let index = candidates.max(by: { answer.probabilities[$0] < answer.probabilities[$1] }) else {
      preconditionFailure("an answer without classes is explained")
    }
    return index
  }

  /// - Parameter rewrite: writes the sample again, since a run uses the memory of its inputs
  private func map(
    of index: Int, _ executor: Executor, _ gradient: ActivationGradient?, rewrite: () -> Bool
  ) throws(Refusal) -> ActivationMap {
    switch (method, network) {
    case (.gradcam, let network?):
      guard let gradient else { preconditionFailure("an executor was made without what computes gradients") }
      return try gradient.map(network.outputs.map(executor.outputTensor), ofClass: index)
    case (.cam, let network?):
      return try network.linearMap(executor.floats(ofOutput: network.outputs[0]), ofClass: index)
    case (.scorecam, let network?):
      let activation = executor.floats(ofOutput: network.outputs[0])
      let (image, score) = try trials(of: index, executor, rewrite)
      return try ScoreCAM.map(image, network, activation: activation, score: score)
    case (.occlusion, _):
      let (image, score) = try trials(of: index, executor, rewrite)
      return try Occlusion.map(image, score: score)
    case (_, nil): preconditionFailure("a map is made without the activation it is of")
    }
  }

  /// The sample's image, and the score that the network gives to others in its place.
  private func trials(
    of index: Int, _ executor: Executor, _ rewrite: () -> Bool
  ) throws(Refusal) -> (InputImage, (InputImage) throws(Refusal) -> Float) {
    guard rewrite() else { throw Refusal("could not be read again") }
    let tensors = executor.withInputs { $0.map { LayoutConversion.rowMajor($0.reading) } }
    let shape = input.image
    let image = InputImage(
      height: shape.height, width: shape.width, channels: shape.channels, isChannelsFirst: shape.order == .nchw,
      values: tensors[input.position].elements(as: Float.self))
    return (
      image,
      { (image) throws(Refusal) in
        for (position, tensor) in tensors.enumerated() where position != input.position {
          executor.write(tensor, toInput: position)
        }
        image.values.withUnsafeBytes { executor.write($0, toInput: input.position) }
        executor.run()
        let value = score.value(executor.floats(ofOutput: logits ?? decision.position), ofClass: index)
        guard value.isFinite else { throw Refusal("the model's numbers overflow with a part of it covered") }
        return value
      }
    )
  }
}
