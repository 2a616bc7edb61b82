package import IR
package import Math
import Operators
package import Runtime
package import Tensors
import Threads

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

  fileprivate let plan: Plan
  fileprivate let subjects: [Subject]
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
    guard graph.outputs.indices.contains(output) else {
      throw Refusal("there is no output \(output): the graph has \(graph.outputs.count)")
    }
    let result = graph.outputs[output]
    let type = graph.type(of: result)
    guard type.element == .float32, batch > 0, type.count > 0, type.count.isMultiple(of: batch) else {
      throw Refusal("output \(graph[result].name) is \(type), expected float32 numbers for \(batch) samples")
    }
    var extended = graph
    let noise = extended.addInput("change of the answer", TensorType(.float32, [batch, type.count / batch]))
    let change = try answer.addChange(of: result, noise: noise, to: &extended)
    let gradients = GradientGraph(extended, at: values, from: result, change: change)
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
    unknown = gradients.unknown
    plan = try Plan(gradients.graph, math: math)
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
    let workers = Workers(threads: min(threads, max(1, samples.count)))
    let lanes = (0..<workers.count).map { _ in Lane(self) }
    var total = Sums(width: subjects.last?.end ?? 0)
    var (used, notFinite) = (0, 0)
    // Sums of doubles depend on their order, so samples are added up in theirs, a few at a time.
    let together = 4 * workers.count
    for start in stride(from: 0, to: samples.count, by: together) {
      let part = start..<min(start + together, samples.count)
      var found = [Sums?](repeating: nil, count: part.count)
      let next = SharedCounter()
      found.withUnsafeMutableBufferPointer { found in
        // Every element is written by the one thread that took it.
        nonisolated(unsafe) let slots = found
        workers.run(units: workers.count) { _, range in
          for lane in range {
            while let position = next.take(below: part.count) {
              slots[position] = lanes[lane].measure(samples[start + position], of: source, draws: draws, seed: seed)
              progress?(start + position)
            }
          }
        }
      }
      for case let sums? in found {
        guard sums.isFinite else {
          notFinite += 1
          continue
        }
        total.add(sums)
        used += 1
      }
    }
    total.divide(by: Double(max(1, used * draws * batch)))
    return sensitivity(total, samples: used, notFinite: notFinite)
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
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * channels) { sums in
      for sample in 0..<subject.samples {
        sums.initialize(repeating: 0)
        var values = view.pointer(Float.self) + sample * size
        for _ in 0..<outer {
          if inner == 1 {
            for channel in 0..<channels {
              let value = Double(values[channel])
              sums[channel] += value
              sums[channels + channel] += value * value
            }
          } else {
            for channel in 0..<channels {
              for index in 0..<inner {
                let value = Double(values[channel * inner + index])
                sums[channel] += value
                sums[channels + channel] += value * value
              }
            }
          }
          values += channels * inner
        }
        for channel in 0..<channels {
          noise[subject.offset + channel] += sums[channels + channel]
          shift[subject.offset + channel] += sums[channel] * sums[channel]
        }
      }
    }
  }
}

/// One thread's executor.
private final class Lane {
  private let executor: Executor
  /// The subjects that have a gradient, by that.
  private let subjects: [ValueID: [Subject]]
  private let width: Int

  init(_ measure: SensitivityMeasure) {
    executor = Executor(measure.plan, workers: Workers(threads: 1))
    var subjects: [ValueID: [Subject]] = [:]
    for subject in measure.subjects {
      if let gradient = subject.gradient { subjects[gradient, default: []].append(subject) }
    }
    self.subjects = subjects
    width = measure.subjects.last?.end ?? 0
  }

  /// Sums over the draws; nil where the source cannot write the sample.
  func measure(_ sample: Int, of source: any SampleSource, draws: Int, seed: UInt64) -> Sums? {
    let change = executor.inputCount - 1
    // The memory of inputs is used for other values when they are read, so they are written for each run.
    let inputs = executor.withInputs { views -> [Input]? in
      source.write(sample, into: Array(views[..<change])) ? views[..<change].map(Input.init) : nil
    }
    guard let inputs else { return nil }
    var sums = Sums(width: width)
    for draw in 0..<draws {
      for (index, input) in inputs.enumerated() {
        input.bytes.withUnsafeBytes { executor.write($0, layout: input.layout, toInput: index) }
      }
      var signs = RandomSigns(seed: seed, sample: sample, draw: draw)
      executor.withInput(change) { view in
        for index in view.elements(Float.self).indices { view.elements(Float.self)[index] = signs.next() }
      }
      executor.run { step, outputs in
        let plan = executor.plan
        for (value, view) in zip(plan.steps[step].values, outputs) { add(value, view, to: &sums) }
        for (place, view) in zip(plan.steps[step].outputs, outputs) {
          // Values that are only other names of this memory.
          for (value, place) in plan.aliases[place.storage] ?? [] {
            add(value, TensorView(place.type, layout: place.layout, base: view.base), to: &sums)
          }
        }
      }
    }
    return sums
  }

  private func add(_ gradient: ValueID, _ view: TensorView, to sums: inout Sums) {
    for subject in subjects[gradient] ?? [] { sums.add(view, of: subject) }
  }

  /// What was written to an input.
  private struct Input {
    let bytes: [UInt8]
    let layout: Layout

    init(_ view: MutableTensorView) {
      bytes = Array(view.bytes)
      layout = view.layout
    }
  }
}

/// -1 and 1 by chance, the same for a sample and draw whenever they are asked for: bits of SplitMix64 (Steele, Lea,
/// Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
private struct RandomSigns {
  private var state: UInt64
  private var bits: UInt64 = 0
  private var left = 0

  init(seed: UInt64, sample: Int, draw: Int) {
    state =
      RandomSigns.mixed(
        RandomSigns.mixed(seed) &+ RandomSigns.step &* UInt64(truncatingIfNeeded: sample)) &+ UInt64(draw)
    state = RandomSigns.mixed(state)
  }

  private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

  private static func mixed(_ number: UInt64) -> UInt64 {
    var z = number &+ step
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func next() -> Float {
    if left == 0 {
      bits = RandomSigns.mixed(state)
      state &+= RandomSigns.step
      left = 64
    }
    left -= 1
    let sign: Float = bits & 1 == 0 ? -1 : 1
    bits >>= 1
    return sign
  }
}
