import IR
import Math
import Operators
import Tensors

/// A chain of row kernels computed band by band: what flows between them stays in cache and takes no room in the arena.
///
///     rows of the chain's output, a band at a time
///       -> the rows each kernel before it must add to what its buffer still holds of the band above
///       -> every kernel computes those, first to last
///
/// Threads take ranges of output rows each; only the first band of a range computes rows another thread computes too.
/// The idea is that of fused-layer accelerators (Alwani et al., "Fused-Layer CNN Accelerators", 2016).
package struct RowFusion: Sendable {
  /// One kernel of a chain.
  struct Stage: Sendable {
    let kernel: RowKernel
    /// Which of the kernel's inputs flows from the stage before.
    let input: Int
    /// The position of its other operand among the chain's inputs.
    let side: Int?
  }

  /// The rows a stage passes to the next one.
  private struct Held {
    let offset: Int
    let rowBytes: Int
  }

  private let stages: [Stage]
  private let bandRows: Int
  private let buffers: [Held]
  private let kernelScratch: Int
  let scratch: Int

  /// - Parameter budget: bytes of buffers to aim at; bands get as many rows as fit, at least one
  init(_ stages: [Stage], budget: Int) {
    self.stages = stages
    let rows = stages.last?.kernel.output.rows ?? 0
    var bandRows = 1
    while bandRows < rows, RowFusion.bufferBytes(stages, bandRows: bandRows + 1) <= budget { bandRows += 1 }
    // Bands of about the same size.
    let bands = (rows + bandRows - 1) / max(1, bandRows)
    self.bandRows = max(1, (rows + bands - 1) / max(1, bands))

    let needed = RowFusion.neededRows(stages, bandRows: self.bandRows)
    var end = 0
    buffers = zip(stages.dropLast(), needed).map { stage, rows in
      defer { end += RowFusion.aligned(rows * stage.kernel.output.bytes + Buffer.padding) }
      return Held(offset: end, rowBytes: stage.kernel.output.bytes)
    }
    kernelScratch = end
    let most = zip(stages, needed + [self.bandRows]).map { stage, rows in
      (1...max(1, rows)).reduce(0) { max($0, stage.kernel.scratch($1)) }
    }
    scratch = end + (most.max() ?? 0)
  }

  /// Rows of every stage but the last that a band needs where nothing is left of a band above.
  private static func neededRows(_ stages: [Stage], bandRows: Int) -> [Int] {
    var rows = bandRows
    var result: [Int] = []
    for (stage, previous) in zip(stages.dropFirst(), stages).reversed() {
      let window = stage.kernel.window
      rows = min(previous.kernel.output.rows, (rows - 1) * window.stride + window.span)
      result.append(rows)
    }
    return result.reversed()
  }

  static func bufferBytes(_ stages: [Stage], bandRows: Int) -> Int {
    zip(stages, neededRows(stages, bandRows: bandRows)).reduce(0) { $0 + $1.1 * $1.0.kernel.output.bytes }
  }

  private static func aligned(_ bytes: Int) -> Int {
    (bytes + Buffer.alignment - 1) / Buffer.alignment * Buffer.alignment
  }

  /// Runs the chain: the call's first input to its output.
  func run(_ call: Call) {
    let rows = stages.last?.kernel.output.rows ?? 0
    call.workers.run(units: rows) { thread, range in run(range, call, call.scratch(thread: thread)) }
  }

  private func run(_ range: Range<Int>, _ call: Call, _ scratch: UnsafeMutableRawPointer) {
    let last = stages.count - 1
    withUnsafeTemporaryAllocation(of: Range<Int>.self, capacity: 2 * stages.count) { ranges in
      // Rows each stage's buffer holds, and rows it is to add.
      let held = UnsafeMutableBufferPointer(rebasing: ranges[..<stages.count])
      let added = UnsafeMutableBufferPointer(rebasing: ranges[stages.count...])
      held.initialize(repeating: 0..<0)
      added.initialize(repeating: 0..<0)
      var top = range.lowerBound
      while top < range.upperBound {
        added[last] = top..<min(top + bandRows, range.upperBound)
        for index in stride(from: last, to: 0, by: -1) {
          // What is held may be all that is needed, down at the padding.
          guard !added[index].isEmpty else {
            added[index - 1] = added[index]
            continue
          }
          let needed = stages[index].kernel.inputRows(for: added[index])
          added[index - 1] = keep(needed, of: &held[index - 1], in: buffers[index - 1], scratch)
        }
        for index in 0...last { compute(index, added, held, call, scratch) }
        top = added[last].upperBound
      }
    }
  }

  /// Moves those of `needed` rows that a buffer holds to its front; returns those that it lacks.
  private func keep(
    _ needed: Range<Int>, of held: inout Range<Int>, in buffer: Held, _ scratch: UnsafeMutableRawPointer
  ) -> Range<Int> {
    let base = scratch + buffer.offset
    let kept = max(0, held.upperBound - needed.lowerBound)
    let from = needed.lowerBound - held.lowerBound
    if kept > 0, from > 0 {
      base.copyMemory(from: base + from * buffer.rowBytes, byteCount: kept * buffer.rowBytes)
    }
    held = needed
    return needed.lowerBound + kept..<needed.upperBound
  }

  private func compute(
    _ index: Int, _ added: UnsafeMutableBufferPointer<Range<Int>>, _ held: UnsafeMutableBufferPointer<Range<Int>>,
    _ call: Call, _ scratch: UnsafeMutableRawPointer
  ) {
    let stage = stages[index]
    let rows = added[index]
    guard !rows.isEmpty else { return }
    let firstInput = stage.kernel.inputRows(for: rows).lowerBound
    let input =
      index == 0
      ? call.input(0).base + firstInput * stage.kernel.input.bytes
      : scratch + buffers[index - 1].offset + (firstInput - held[index - 1].lowerBound) * stage.kernel.input.bytes
    let output =
      index == stages.count - 1
      ? call.output.base + rows.lowerBound * stage.kernel.output.bytes
      : scratch + buffers[index].offset + (rows.lowerBound - held[index].lowerBound) * stage.kernel.output.bytes
    stage.kernel.run(
      RowCall(
        rows: rows, input: input, inputIndex: stage.input, side: stage.side.map { call.input($0) }, output: output,
        scratch: scratch + kernelScratch))
  }
}

// Which steps of a plan become a chain.
extension RowFusion {
  /// When fusing pays.
  package struct Limits: Sendable {
    /// What flows between two layers is worth keeping in cache from this size on; smaller tensors stay there anyway.
    package var leastBytes: Int
    /// A band reads a layer's weights anew: with more of them they would push out what fusing keeps.
    package var mostWeightBytes: Int
    /// Bytes of rows between the layers of a chain, for int8 and float32. Larger bands do less twice and keep kernels
    /// busy longer, smaller ones take less memory, which is what int8 is for.
    package var int8Budget: Int
    package var floatBudget: Int

    package init(leastBytes: Int, mostWeightBytes: Int, int8Budget: Int, floatBudget: Int) {
      self.leastBytes = leastBytes
      self.mostWeightBytes = mostWeightBytes
      self.int8Budget = int8Budget
      self.floatBudget = floatBudget
    }

    /// For caches of some hundred kilobytes a core.
    package static var standard: Limits {
      Limits(leastBytes: 96 << 10, mostWeightBytes: 64 << 10, int8Budget: 192 << 10, floatBudget: 512 << 10)
    }
  }

  /// The longest chain that starts with a step; that step alone where there is none.
  static func chain(from first: Int, steps: [Plan.Step], storages: [Plan.Storage], limits: Limits) -> Range<Int> {
    var end = first + 1
    while end < steps.count, feeds(steps[end - 1], end, steps[end], storages, limits) { end += 1 }
    return first..<end
  }

  /// Whether all that a step computes goes to the next one alone, row by row.
  private static func feeds(
    _ step: Plan.Step, _ index: Int, _ next: Plan.Step, _ storages: [Plan.Storage], _ limits: Limits
  ) -> Bool {
    guard let rows = step.kernel.rows, let nextRows = next.kernel.rows, step.outputs.count == 1,
      next.outputs.count == 1, rows.output == nextRows.input, step.kernel.packedBytes <= limits.mostWeightBytes,
      next.kernel.packedBytes <= limits.mostWeightBytes
    else { return false }
    let storage = step.outputs[0].storage
    let readers = next.inputs.indices.filter { next.inputs[$0]?.storage == storage }
    return readers.count == 1 && readers[0] < nextRows.alike && storages[storage].last == index
      && storages[storage].bytes >= limits.leastBytes
  }

  /// The step that computes a chain; nil for a chain of one.
  static func step(_ chain: ArraySlice<Plan.Step>, _ storages: [Plan.Storage], limits: Limits) -> Plan.Step? {
    guard chain.count > 1, let first = chain.first, let last = chain.last else { return nil }
    var inputs = [first.inputs[0]]
    var stages: [Stage] = []
    var flowing: Int?
    for step in chain {
      guard let rows = step.kernel.rows else { return nil }
      let input = step.inputs.firstIndex { $0 != nil && $0?.storage == flowing } ?? 0
      // Constants are weights, which the kernel has packed.
      let side = step.inputs.indices.first { index in
        index != input && step.inputs[index].map { storages[$0.storage].constant == nil } == true
      }
      var position: Int?
      if let side {
        position = inputs.count
        inputs.append(step.inputs[side])
      }
      stages.append(Stage(kernel: rows, input: input, side: position))
      flowing = step.outputs[0].storage
    }
    let isInt8 = first.outputs[0].type.element == .int8
    let fusion = RowFusion(stages, budget: isInt8 ? limits.int8Budget : limits.floatBudget)
    let kernel = Kernel(
      scratch: fusion.scratch, packedBytes: chain.reduce(0) { $0 + $1.kernel.packedBytes },
      implementation: chain.map(\.kernel.implementation).joined(separator: " + ")
    ) { fusion.run($0) }
    return Plan.Step(
      nodes: chain.flatMap(\.nodes), name: chain.map(\.name).joined(separator: " + "),
      operatorName: chain.map(\.operatorName).joined(separator: " + "), kernel: kernel, inputs: inputs,
      outputs: last.outputs, values: last.values, work: chain.reduce(Work()) { $0 + $1.work })
  }
}
