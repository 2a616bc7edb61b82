import CKernels
package import IR
import Math
import Operators
package import Runtime
package import Tensors
import Threads

/// What the biases of int8 layers take up.
package enum BiasMethod: String, Sendable, CaseIterable {
  /// The mean error of rounding the layer's weights.
  case weights
  /// That, and what the means of its inputs are off in the int8 network: `BiasCorrection`.
  case network
}

/// Finds what the biases of an int8 network lack so that its layers have the mean outputs they have in float
/// (Finkelstein et al., "Fighting Quantization Bias With Bias", arXiv:1906.03193; Nagel et al., "Data-Free Quantization
/// through Weight Equalization and Bias Correction", arXiv:1906.04721).
///
/// Rounding and clipping of activations move the means of channels, more and more from layer to layer. All samples go
/// through the network side by side, one step at a time: before a layer is run, the means of its inputs are known as
/// the layers before it leave them once corrected, and its biases take up the difference,
///
///     b_c += sum over weights of s_w[c] * q_w * f * (mean(x) - mean(x_q)) of that weight's input channel
///
/// where f is the part of positions at which the weight meets the image and not the padding around it.
package struct BiasCorrection {
  private let plan: Plan
  private let model: QuantizedModel
  private let layers: [Int: Layer]

  private struct Layer {
    let step: LayerStep
    /// Of the input's channels in the float network.
    let means: [Double]

    /// For each tap of the window the part of positions at which it lies in the image.
    var insideParts: [Double] {
      func inside(
        _ kernel: Int32, _ dilation: Int32, _ stride: Int32, _ pad: Int32, _ size: Int32, _ out: Int32
      ) -> [Double] {
        (0..<kernel).map { tap in
          let count = (0..<out).count { (0..<size).contains($0 * stride - pad + tap * dilation) }
          return Double(count) / Double(out)
        }
      }
      let shape = step.shape
      let rows = inside(shape.kernel_h, shape.dilation_h, shape.stride_h, shape.pad_top, shape.in_h, shape.out_h)
      let columns = inside(shape.kernel_w, shape.dilation_w, shape.stride_w, shape.pad_left, shape.in_w, shape.out_w)
      return rows.flatMap { row in columns.map { row * $0 } }
    }
  }

  /// How many samples can go through a network at once.
  package static func mostSamples(_ plan: Plan) -> Int { SideBySide.mostSamples(plan) }

  /// - Parameters:
  ///   - plan: a plan of the model's graph whose layers are steps of their own
  ///   - source: the float graph
  ///   - observations: what the same samples are in it
  package init(
    _ plan: Plan, of model: QuantizedModel, source: Graph, observations: [ValueID: Observation]
  ) {
    self.plan = plan
    self.model = model
    var layers: [Int: Layer] = [:]
    for step in LayerStep.all(plan, of: model) {
      guard let original = source[step.source], let input = original.inputs.first ?? nil,
        let means = observations[input]?.channelMeans, means.count == Int(step.shape.in_c),
        let float = original.op as? any Int8ConvertibleLayer,
        Int8Form.channelAxis(of: input, in: source) == float.channelAxis(rank: source.type(of: input).rank)
      else { continue }
      layers[step.index] = Layer(step: step, means: means)
    }
    self.layers = layers
  }

  /// What is to be added to the biases of each layer, by the float graph's nodes. The result does not depend on the
  /// number of threads.
  ///
  /// - Parameter samples: those that were observed; at most `mostSamples`
  package func run(
    _ source: any SampleSource, samples: [Int], threads: Int
  ) throws(Refusal) -> [NodeID: [Double]] {
    let workers = Workers(threads: min(threads, max(1, samples.count)))
    let all = samples.map { _ in Executor(plan, workers: Workers(threads: 1)) }
    let isUsable = workers.map(below: all.count) { index in
      all[index].withInputs { source.write(samples[index], into: $0) }
    }
    let executors = zip(all, isUsable).filter(\.1).map(\.0)
    var shifts: [NodeID: [Double]] = [:]
    for step in plan.steps.indices {
      var kernel: Kernel?
      if let layer = layers[step], !executors.isEmpty {
        let means = BiasCorrection.means(layer, executors, workers)
        let (shift, corrected) = try correct(layer, means)
        shifts[layer.step.source] = shift
        kernel = corrected
      }
      let chosen = kernel
      workers.forEach(below: executors.count) { executors[$0].run(step: step, with: chosen) }
    }
    return shifts
  }

  /// The means of a layer's input channels in the int8 network.
  private static func means(
    _ layer: Layer, _ executors: [Executor], _ workers: Workers
  ) -> [Double] {
    let channels = layer.means.count
    var sums = [Int64](repeating: 0, count: executors.count * channels)
    sums.withUnsafeMutableBufferPointer { sums in
      nonisolated(unsafe) let sums = sums
      workers.forEach(below: executors.count) { index in
        executors[index].withInputs(ofStep: layer.step.index) { inputs in
          guard let x = inputs.first ?? nil else { preconditionFailure("a layer has no input") }
          let values = x.elements(Int8.self)
          // So many rows cannot leave int32.
          let rows = 1 << 16
          for first in stride(from: 0, to: values.count, by: rows * channels) {
            var part = [Int32](repeating: 0, count: channels)
            for start in stride(from: first, to: min(values.count, first + rows * channels), by: channels) {
              for channel in 0..<channels { part[channel] &+= Int32(values[start + channel]) }
            }
            for channel in 0..<channels { sums[index * channels + channel] += Int64(part[channel]) }
          }
        }
      }
    }
    let quantization = layer.step.quantization
    let count = executors.count * (layer.step.input.type.count / channels)
    return (0..<channels).map { channel in
      let sum = stride(from: channel, to: sums.count, by: channels).reduce(0) { $0 + sums[$1] }
      return (Double(sum) / Double(count) - Double(quantization.zeroPoint)) * Double(quantization.scale)
    }
  }

  /// What a layer's biases lack, and its kernel with corrected ones.
  private func correct(
    _ layer: Layer, _ means: [Double]
  ) throws(Refusal) -> (shift: [Double], kernel: Kernel) {
    let weights = try Int8Weights(model.graph.operands(of: layer.step.node))
    let levels: [Int8] = weights.weights.elements()
    let outputs = weights.scales.count
    let parts = layer.insideParts
    let (taps, perGroup) = (parts.count, layer.means.count / layer.step.groups)
    let outputsPerGroup = outputs / layer.step.groups
    let lacks = zip(layer.means, means).map { $0 - $1 }
    var bias: [Int32] = weights.bias?.elements() ?? [Int32](repeating: 0, count: outputs)
    var shift = [Double](repeating: 0, count: outputs)
    for output in 0..<outputs {
      let first = output / outputsPerGroup * perGroup
      var sum = 0.0
      for channel in 0..<perGroup {
        let row = (output * perGroup + channel) * taps
        for tap in 0..<taps {
          let weight = Double(levels[row + tap])
          sum += weight * parts[tap] * lacks[first + channel]
        }
      }
      shift[output] = sum * Double(weights.scales[output])
      let step = sum / Double(layer.step.quantization.scale)
      let q = (Double(bias[output]) + step).rounded(.toNearestOrEven)
      bias[output] = Int32(max(-2_147_483_647, min(2_147_483_647, q)))
    }
    return (shift, try layer.step.kernel(in: model.graph, [3: Tensor(bias)]))
  }
}
