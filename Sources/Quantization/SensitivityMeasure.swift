package import IR
package import Math
import Operators
package import Runtime
package import Tensors

/// Measures on samples, without labels, how much a float network's answer suffers from errors in it.
///
/// The answer's Fisher information F says what a small change of the output costs (`AnswerKind`). Random changes v with
/// E v v' = F are taken back through the network (`GradientGraph`): the gradients g = J' v at any place in it then have
/// E g g' = J' F J, of which `OutputSensitivity` is what matters there. The numbers e that v is made of are -1 and 1 by
/// chance, with which estimates of a diagonal vary least (Hutchinson, "A Stochastic Estimator of the Trace of the
/// Influence Matrix", 1990).
///
/// Memory does not grow with the number of samples; results do not depend on the number of threads.
package struct SensitivityMeasure: Sendable {
  /// Random changes for each sample, unless told otherwise.
  package static let usualDraws = 2

  private let runs: ChangeRuns
  private let subjects: [Subject]
  /// Those that have a gradient, by that.
  private let ofGradients: [ValueID: [Subject]]
  private let unknown: [ValueID: Refusal]
  /// Samples that a run takes.
  private let batch: Int

  /// - Parameters:
  ///   - graph: a float graph, its layers with clamps as activations: the one that is quantized
  ///   - output: which of its outputs has the answer
  ///   - answer: what that says
  ///   - batch: samples that a run takes
  ///   - values: where errors are of interest beside layers
  ///   - math: for results that do not depend on the machine, dermc's own kernels
  package init(
    _ graph: Graph, output: Int = 0, answer: AnswerKind, batch: Int = 1, values: Set<ValueID> = [],
    math: any FloatMath
  ) throws(Refusal) {
    let gradients = try GradientGraph(graph, at: values, output: output, answer, batch: batch)
    var subjects: [Subject] = []
    for layer in gradients.layers where gradients.unknown[layer] == nil {
      let axis = Int8Form.outputAxis(of: layer, in: graph)
      subjects.append(
        Subject(
          layer, isLayer: true, gradients.ofLayers[layer], graph.type(of: layer).shape, axis: axis, batch: batch,
          after: subjects.last))
    }
    for value in values.sorted() where gradients.blocked[value] == nil {
      let axis = Int8Form.channelAxis(of: value, in: graph)
      subjects.append(
        Subject(
          value, isLayer: false, gradients.ofValues[value], graph.type(of: value).shape, axis: axis, batch: batch,
          after: subjects.last))
    }
    self.subjects = subjects
    self.batch = batch
    var ofGradients: [ValueID: [Subject]] = [:]
    for subject in subjects {
      if let gradient = subject.gradient { ofGradients[gradient, default: []].append(subject) }
    }
    self.ofGradients = ofGradients
    unknown = gradients.unknown
    runs = ChangeRuns(plan: try Plan(gradients.graph, math: math))
  }

  /// Means over the samples with the given indices, a share on each thread.
  ///
  /// - Parameters:
  ///   - draws: random changes for each sample
  ///   - progress: is told of each sample
  package func run(
    _ source: any SampleSource, samples: [Int], draws: Int = usualDraws, seed: UInt64 = 0, threads: Int,
    progress: (@Sendable (Int) -> Void)? = nil
  ) -> NetworkSensitivity {
    var total = Sums(width: width)
    var (used, notFinite) = (0, 0)
    runs.run(source, samples: samples, draws: draws, seed: seed, threads: threads, progress: progress) { executor in
      measured(executor)
    } add: { draws in
      guard draws.allSatisfy(\.isFinite) else {
        notFinite += 1
        return
      }
      for sums in draws { total.add(sums) }
      used += 1
    }
    total.divide(by: Double(max(1, used * draws * batch)))
    return sensitivity(total, samples: used, notFinite: notFinite)
  }

  private var width: Int { subjects.last?.end ?? 0 }

  /// Runs a change and looks at every gradient right after it is computed.
  private func measured(_ executor: Executor) -> Sums {
    var sums = Sums(width: width)
    func add(_ gradient: ValueID, _ view: TensorView) {
      for subject in ofGradients[gradient] ?? [] { sums.add(view, of: subject) }
    }
    let plan = executor.plan
    executor.run { step, outputs in
      for (value, view) in zip(plan.steps[step].values, outputs) { add(value, view) }
      for (place, view) in zip(plan.steps[step].outputs, outputs) {
        // Values that are only other names of this memory.
        for (value, place) in plan.aliases[place.storage] ?? [] {
          add(value, TensorView(place.type, layout: place.layout, base: view.base))
        }
      }
    }
    return sums
  }

  private func sensitivity(_ means: Sums, samples: Int, notFinite: Int) -> NetworkSensitivity {
    var result = NetworkSensitivity()
    for subject in subjects {
      let range = subject.offset..<subject.end
      let sensitivity = OutputSensitivity(noise: Array(means.noise[range]), shift: Array(means.shift[range]))
      if subject.isLayer {
        result.layers[subject.value] = sensitivity
      } else {
        result.values[subject.value] = sensitivity
      }
    }
    result.unknown = unknown
    result.samples = samples
    result.notFinite = notFinite
    return result
  }
}

/// A layer or a value whose gradient is looked at.
private struct Subject: Sendable {
  let value: ValueID
  let isLayer: Bool
  /// Nil where the answer does not depend on it: all sums are 0.
  let gradient: ValueID?
  let channels: Int
  /// The dimension of channels; nil where everything is one.
  let axis: Int?
  /// Samples along the first dimension, each of which has sums of its own.
  let samples: Int
  /// Where its sums begin among those of all.
  let offset: Int

  init(
    _ value: ValueID, isLayer: Bool, _ gradient: ValueID?, _ shape: [Int], axis: Int, batch: Int, after last: Subject?
  ) {
    self.value = value
    self.isLayer = isLayer
    self.gradient = gradient
    self.axis = axis < shape.count ? axis : nil
    channels = axis < shape.count ? shape[axis] : 1
    samples = batch > 1 && axis > 0 && shape.first == batch ? batch : 1
    offset = last?.end ?? 0
  }

  var end: Int { offset + channels }
}

private typealias Lanes = SIMD8<Double>

/// Of all channels of all subjects.
private struct Sums: Sendable {
  /// Of the squares of gradients.
  private(set) var noise: [Double]
  /// The squares of sums over positions.
  private(set) var shift: [Double]

  init(width: Int) {
    noise = [Double](repeating: 0, count: width)
    shift = noise
  }

  var isFinite: Bool { noise.allSatisfy(\.isFinite) && shift.allSatisfy(\.isFinite) }

  mutating func add(_ other: Sums) {
    for index in noise.indices {
      noise[index] += other.noise[index]
      shift[index] += other.shift[index]
    }
  }

  mutating func divide(by count: Double) {
    for index in noise.indices {
      noise[index] /= count
      shift[index] /= count
    }
  }

  /// Adds what one gradient tensor has.
  mutating func add(_ view: TensorView, of subject: Subject) {
    var shape = view.shape
    if subject.samples > 1 { shape[0] = 1 }
    let split = subject.axis.map { AxisSplit(shape, axis: $0, layout: view.layout) }
    let (outer, inner) = (split?.outer ?? view.count, split?.inner ?? 1)
    let channels = subject.channels
    let size = view.count / subject.samples
    for sample in 0..<subject.samples {
      let values = view.pointer(Float.self) + sample * size
      func add(_ channel: Int, _ sum: Double, _ squares: Double) {
        noise[subject.offset + channel] += squares
        shift[subject.offset + channel] += sum * sum
      }
      // Channels that lie side by side go together, each down its own column.
      let lanes = Lanes.scalarCount
      let together = inner == 1 ? channels / lanes * lanes : 0
      for first in stride(from: 0, to: together, by: lanes) {
        var (sums, squares) = (Lanes.zero, Lanes.zero)
        var row = UnsafeRawPointer(values + first)
        for _ in 0..<outer {
          let numbers = Lanes(row.loadUnaligned(as: SIMD8<Float>.self))
          sums += numbers
          squares += numbers * numbers
          row += channels * MemoryLayout<Float>.stride
        }
        for lane in 0..<lanes { add(first + lane, sums[lane], squares[lane]) }
      }
      for channel in together..<channels {
        var (sum, squares) = (0.0, 0.0)
        for row in 0..<outer {
          let line = values + (row * channels + channel) * inner
          for index in 0..<inner {
            let number = Double(line[index])
            sum += number
            squares += number * number
          }
        }
        add(channel, sum, squares)
      }
    }
  }
}
