package import Runtime
import Tensors
import Threads

/// Runs a model over many samples, one executor for each thread.
package enum Inference {
  /// One output of every sample, which must be float32, row-major; nil for samples that could not be read.
  ///
  /// - Parameters:
  ///   - output: which of the model's outputs
  ///   - progress: called after each sample, from any thread
  package static func run(
    _ plan: Plan, on source: any SampleSource, samples: [Int], threads: Int, output: Int = 0,
    progress: (@Sendable () -> Void)? = nil
  ) -> [[Float]?] {
    run(plan, on: source, samples: samples, threads: threads, progress: progress) { executor in
      executor.floats(ofOutput: output)
    }
  }

  /// Several outputs of every sample, likewise, in the order they are asked for.
  package static func run(
    _ plan: Plan, on source: any SampleSource, samples: [Int], threads: Int, outputs: [Int],
    progress: (@Sendable () -> Void)? = nil
  ) -> [[[Float]]?] {
    run(plan, on: source, samples: samples, threads: threads, progress: progress) { executor in
      outputs.map(executor.floats(ofOutput:))
    }
  }

  /// What `take` finds in an executor after each sample.
  private static func run<Result: Sendable>(
    _ plan: Plan, on source: any SampleSource, samples: [Int], threads: Int, progress: (@Sendable () -> Void)?,
    take: @Sendable (Executor) -> Result
  ) -> [Result?] {
    run(
      plan, on: source, samples: samples, threads: threads, progress: progress, lane: {},
      take: { executor, _, _ in take(executor) })
  }

  /// What `take` finds in an executor after each sample, of which it is given the number.
  ///
  /// - Parameter lane: makes what `take` works with beside the executor, once for each executor
  package static func run<Lane, Result: Sendable>(
    _ plan: Plan, on source: any SampleSource, samples: [Int], threads: Int, progress: (@Sendable () -> Void)? = nil,
    lane makeLane: () -> Lane, take: @Sendable (Executor, Lane, Int) -> Result
  ) -> [Result?] {
    // All threads work on a single sample, else each on one of its own.
    let lanes = samples.count == 1 ? 1 : min(threads, max(1, samples.count))
    let workers = Workers(threads: lanes)
    let executors = (0..<workers.count).map { _ in
      (Executor(plan, workers: Workers(threads: lanes == 1 ? threads : 1)), makeLane())
    }
    let next = SharedCounter()
    var results = [Result?](repeating: nil, count: samples.count)
    results.withUnsafeMutableBufferPointer { results in
      // Every position is written by the one thread that took it.
      nonisolated(unsafe) let slots = results
      workers.run(units: workers.count) { _, range in
        for index in range {
          let (executor, lane) = executors[index]
          while let position = next.take(below: samples.count) {
            if executor.withInputs({ source.write(samples[position], into: $0) }) {
              executor.run()
              slots[position] = take(executor, lane, samples[position])
            }
            progress?()
          }
        }
      }
    }
    return results
  }
}
