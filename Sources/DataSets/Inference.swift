import Math
package import Runtime
import Tensors

/// Runs a model over many samples, one executor for each thread.
package enum Inference {
  /// The first output of every sample as float32, row-major; nil for samples that could not be read.
  package static func run(
    _ plan: Plan, on source: any SampleSource, samples: [Int], threads: Int,
    progress: (@Sendable (Int) -> Void)? = nil
  ) -> [[Float]?] {
    let workers = Workers(threads: min(threads, max(1, samples.count)))
    let executors = (0..<workers.count).map { _ in Executor(plan, workers: Workers(threads: 1)) }
    let next = SharedCounter()
    var results = [[Float]?](repeating: nil, count: samples.count)
    results.withUnsafeMutableBufferPointer { results in
      // Every position is written by the one thread that took it.
      nonisolated(unsafe) let slots = results
      workers.run(units: workers.count) { _, range in
        for lane in range {
          let executor = executors[lane]
          while let position = next.take(below: samples.count) {
            if source.write(samples[position], into: executor.input(0)) {
              executor.run()
              slots[position] = Array(executor.output(0).elements(Float.self))
            }
            progress?(position)
          }
        }
      }
    }
    return results
  }
}

extension Inference {
  /// One sample with all threads working on it.
  package static func runOne(_ plan: Plan, on source: any SampleSource, sample: Int, threads: Int) -> [[Float]?] {
    let executor = Executor(plan, workers: Workers(threads: threads))
    guard source.write(sample, into: executor.input(0)) else { return [nil] }
    executor.run()
    return [Array(executor.output(0).elements(Float.self))]
  }
}
