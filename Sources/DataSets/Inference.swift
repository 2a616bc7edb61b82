import Math
package import Runtime
import Tensors

/// Runs a model over many samples, one executor for each thread.
package enum Inference {
  /// One output of every sample, which must be float32, row-major; nil for samples that could not be read.
  ///
  /// - Parameters:
  ///   - output: the position among the graph's outputs
  ///   - progress: called after each sample, from any thread
  package static func run(
    _ plan: Plan, on source: any SampleSource, samples: [Int], threads: Int, output: Int = 0,
    progress: (@Sendable () -> Void)? = nil
  ) -> [[Float]?] {
    // All threads work on a single sample, else each on one of its own.
    let lanes = samples.count == 1 ? 1 : min(threads, max(1, samples.count))
    let workers = Workers(threads: lanes)
    let executors = (0..<workers.count).map { _ in
      Executor(plan, workers: Workers(threads: lanes == 1 ? threads : 1))
    }
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
              slots[position] = withExtendedLifetime(executor) { Array(executor.output(output).elements(Float.self)) }
            }
            progress?()
          }
        }
      }
    }
    return results
  }
}
