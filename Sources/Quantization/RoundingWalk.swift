import CKernels
package import IR
import Math
import Operators
package import Runtime
import Synchronization
package import Tensors
import Threads

/// Rounds the layers of a network one after the other, each for what those before it have become.
///
/// All samples go side by side through the float network and the int8 one, a layer at a time. Before a layer is run,
/// its inputs are known as they are in both. Its weights are adapted to those of the int8 network by least squares
/// (`ErrorCompensation.adapted`), rounded so that later ones make up for earlier ones, and its biases take up what the
/// means are off; then it is run with them.
package struct RoundingWalk {
  private let plan: Plan
  private let float: Plan
  private let model: QuantizedModel
  private let quantizer: Quantizer
  private let layers: [Int: Layer]

  private struct Layer {
    let step: LayerStep
    /// The step of the float plan that is the same layer.
    let floatStep: Int?
  }

  /// How many samples can go through both networks at once.
  package static func mostSamples(_ plan: Plan, _ float: Plan) -> Int { SideBySide.mostSamples(plan, float) }

  /// - Parameters:
  ///   - plan: a plan of the model's graph whose layers are steps of their own
  ///   - float: the same of the float graph
  package init(_ plan: Plan, of model: QuantizedModel, float: Plan, quantizer: Quantizer) {
    self.plan = plan
    self.float = float
    self.model = model
    self.quantizer = quantizer
    var floatSteps: [NodeID: Int] = [:]
    for (index, step) in float.steps.enumerated() where step.nodes.count == 1 { floatSteps[step.nodes[0]] = index }
    var layers: [Int: Layer] = [:]
    for step in LayerStep.all(plan, of: model) {
      let floatStep = floatSteps[step.source].flatMap { index in
        let other = float.steps[index].inputs.first ?? nil
        return other?.layout == step.input.layout && other?.type.count == step.input.type.count ? index : nil
      }
      layers[step.index] = Layer(step: step, floatStep: floatStep)
    }
    self.layers = layers
  }

  /// How to round each layer, by the float graph's nodes. The result does not depend on the number of threads.
  ///
  /// - Parameters:
  ///   - samples: at most `mostSamples`
  ///   - roundings: scales of each layer's channels and steps of its biases; those of plain int8 where there are none
  package func run(
    _ source: any SampleSource, samples: [Int], _ roundings: [NodeID: WeightRounding] = [:], threads: Int,
    progress: (@Sendable (Int) -> Void)? = nil
  ) throws(Refusal) -> [NodeID: WeightRounding] {
    let workers = Workers(threads: min(threads, max(1, samples.count)))
    let lanes = lanes(source, samples, workers)
    var rounding: [NodeID: WeightRounding] = [:]
    var floatDone = 0
    for step in plan.steps.indices {
      var kernel: Kernel?
      if let layer = layers[step], !lanes.isEmpty, let weights = quantizer.layer(layer.step.source)?.weights {
        if let floatStep = layer.floatStep, floatStep >= floatDone {
          let range = floatDone..<floatStep
          workers.forEach(below: lanes.count) { lane in for step in range { lanes[lane].float.run(step: step) } }
          floatDone = floatStep
        }
        let (moments, differences) = look(layer, lanes, workers, isReferenced: layer.floatStep == floatDone)
        let (chosen, corrected) = try round(
          layer.step, weights, moments, differences, roundings[layer.step.source] ?? .nearest, threads)
        rounding[layer.step.source] = chosen
        kernel = corrected
      }
      let chosen = kernel
      workers.forEach(below: lanes.count) { lanes[$0].int8.run(step: step, with: chosen) }
      progress?(step)
    }
    return rounding
  }

  // MARK: Samples

  /// One sample on its way through both networks.
  private struct Lane {
    let sample: Int
    let int8: Executor
    let float: Executor
  }

  /// The samples that can be read, at the beginning of both networks.
  private func lanes(_ source: any SampleSource, _ samples: [Int], _ workers: Workers) -> [Lane] {
    let lanes = samples.map {
      Lane(
        sample: $0, int8: Executor(plan, workers: Workers(threads: 1)),
        float: Executor(float, workers: Workers(threads: 1)))
    }
    let isUsable = workers.map(below: lanes.count) { index in
      let lane = lanes[index]
      guard lane.float.withInputs({ source.write(lane.sample, into: $0) }) else { return false }
      for input in 0..<lane.float.inputCount { lane.float.copyInput(input, to: lane.int8) }
      return true
    }
    return zip(lanes, isUsable).filter(\.1).map(\.0)
  }

  /// Moments of a layer's inputs, and of how far they are from the float network's.
  private func look(
    _ layer: Layer, _ lanes: [Lane], _ workers: Workers, isReferenced: Bool
  ) -> (InputMoments, InputDifferences?) {
    let step = layer.step
    let empty = InputMoments(InputMoments.Form(of: step, longestBlock: MomentGatherer.mostColumns))
    let shared = SharedMoments(empty)
    let none = InputDifferences(of: empty)
    let differences = isReferenced ? SharedDifferences(none) : nil
    let positions = InputRows.positions(step.shape, images: step.images, samples: lanes.count)
    let next = SharedCounter()
    workers.run(units: workers.count) { _, range in
      for _ in range {
        let scratch = MomentScratch(
          [step.shape], products: max(none.mostProducts, empty.mostProducts), isForDifferences: isReferenced)
        let rows = InputRows(step.shape, step.quantization, moments: shared, differences: differences)
        while let index = next.take(below: lanes.count) {
          let lane = lanes[index]
          lane.int8.withInputs(ofStep: step.index) { inputs in
            guard let x = inputs.first ?? nil else { preconditionFailure("a layer has no input") }
            func add(_ float: UnsafePointer<Float>?) {
              rows.add(
                x.pointer(), float: float, images: step.images, positions: positions, sample: lane.sample,
                scratch: scratch)
            }
            guard let floatStep = layer.floatStep, isReferenced else { return add(nil) }
            lane.float.withInputs(ofStep: floatStep) { inputs in
              guard let x = inputs.first ?? nil else { preconditionFailure("a layer has no input") }
              add(x.pointer())
            }
          }
        }
        rows.flush(scratch)
      }
    }
    return (shared.moments.withLock { $0 }, differences?.differences.withLock { $0 })
  }

  // MARK: A layer

  /// How to round a layer's weights, and its kernel with them.
  private func round(
    _ layer: LayerStep, _ weights: LayerWeights, _ moments: InputMoments, _ differences: InputDifferences?,
    _ plain: WeightRounding, _ threads: Int
  ) throws(Refusal) -> (WeightRounding, Kernel?) {
    var rounding = plain
    guard let compensation = ErrorCompensation(moments) else { return (rounding, nil) }
    let channels = weights.shape[0]
    let means = moments.means
    rounding.compensation = compensation
    rounding.inputMeans = means
    if let differences {
      rounding.adaptedWeights = compensation.adapted(
        weights.values, channels: channels, to: differences, of: moments, threads: threads)
      let lacks = differences.means.map { $0 * moments.step }
      let perGroup = channels / moments.groups
      rounding.biasShifts = (0..<channels).map { channel in
        let group = channel / perGroup * moments.length
        return (0..<moments.length).reduce(0) { sum, index in
          sum + Double(weights.values[channel * moments.length + index]) * lacks[group + index]
        }
      }
    }
    let quantized = WeightQuantization(
      weights.values, bias: weights.bias, channels: channels, inputScale: layer.quantization.scale, rounding: rounding,
      threads: threads
    ) { channel in
      let group = channel / (channels / moments.groups) * moments.length
      return Array(means[group..<group + moments.length])
    }
    rounding.levels = quantized.weights
    rounding.compensation = nil
    let (levels, scales) = (Tensor(quantized.weights, shape: weights.shape), Tensor(quantized.scales))
    let kernel =
      quantized.bias.isEmpty
      ? try layer.kernel(in: model.graph, [1: levels, 2: scales])
      : try layer.kernel(in: model.graph, [1: levels, 2: scales, 3: Tensor(quantized.bias)])
    return (rounding, kernel)
  }
}
