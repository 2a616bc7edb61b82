import Runtime
import Tensors
import Threads

/// Runs a `GradientGraph` on samples, under random changes of its answer.
struct ChangeRuns: Sendable {
  /// The last of its inputs is what changes are made of.
  let plan: Plan

  /// Measures all draws of the samples with the given indices, a share on each thread.
  ///
  /// Memory does not grow with the number of samples. Sums of doubles depend on their order, so what was found is given
  /// back in the order of the samples, whatever the number of threads.
  ///
  /// - Parameters:
  ///   - measure: runs an executor, and says what it found; called on any thread
  ///   - add: what the draws of one sample gave; not called for those that the source cannot write
  func run<Found: Sendable>(
    _ source: any SampleSource, samples: [Int], draws: Int, seed: UInt64, threads: Int,
    progress: (@Sendable (Int) -> Void)?, measure: @Sendable (Executor) -> Found, add: ([Found]) -> Void
  ) {
    let workers = Workers(threads: min(threads, max(1, samples.count)))
    let executors = (0..<workers.count).map { _ in Executor(plan, workers: Workers(threads: 1)) }
    let together = 4 * workers.count
    for start in stride(from: 0, to: samples.count, by: together) {
      let count = min(together, samples.count - start)
      var found = [[Found]?](repeating: nil, count: count)
      let next = SharedCounter()
      found.withUnsafeMutableBufferPointer { found in
        // Every element is written by the one thread that took it.
        nonisolated(unsafe) let slots = found
        workers.run(units: workers.count) { _, range in
          for lane in range {
            while let position = next.take(below: count) {
              let sample = samples[start + position]
              slots[position] = draw(sample, of: source, draws: draws, seed: seed, on: executors[lane], measure)
              progress?(start + position)
            }
          }
        }
      }
      for case let found? in found { add(found) }
    }
  }

  /// Nil where the source cannot write the sample.
  private func draw<Found>(
    _ sample: Int, of source: any SampleSource, draws: Int, seed: UInt64, on executor: Executor,
    _ measure: (Executor) -> Found
  ) -> [Found]? {
    let change = executor.inputCount - 1
    let inputs = executor.withInputs { views -> [Input]? in
      source.write(sample, into: Array(views[..<change])) ? views[..<change].map(Input.init) : nil
    }
    guard let inputs else { return nil }
    return (0..<draws).map { draw in
      // The memory of inputs is used for other values once they are read, so they are written for each run.
      for (index, input) in inputs.enumerated() {
        input.bytes.withUnsafeBytes { executor.write($0, layout: input.layout, toInput: index) }
      }
      var signs = RandomSigns(seed: seed, sample: sample, draw: draw)
      executor.withInput(change) { view in
        let elements = view.elements(Float.self)
        for index in elements.indices { elements[index] = signs.next() }
      }
      return measure(executor)
    }
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
