import IR
import Math
import Operators
import Tensors
import Threads

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

  /// A stage's place in the chain, in plain numbers: the loop over bands must not count references.
  private struct Link {
    let window: RowKernel.Window
    let input: RowKernel.Extent
    let output: RowKernel.Extent
    let inputIndex: Int
    let side: Int?
    /// Where the rows for the next stage lie in the scratch memory.
    let buffer: Int

    func inputRows(for rows: Range<Int>) -> Range<Int> { window.inputRows(for: rows, of: input.rows) }
  }

  private let links: [Link]
  private let kernels: [@Sendable (RowCall) -> Void]
  private let bandRows: Int
  private let kernelScratch: Int
  let scratch: Int

  /// - Parameter budget: bytes of rows between stages to aim at; bands get as many rows as fit, at least one
  init(_ stages: [Stage], budget: Int) {
    let rows = stages.last?.kernel.output.rows ?? 0
    var bandRows = 1
    while bandRows < rows, RowFusion.bufferBytes(stages, bandRows: bandRows + 1) <= budget { bandRows += 1 }
    // Bands of about the same size.
    let bands = (rows + bandRows - 1) / bandRows
    bandRows = max(1, (rows + bands - 1) / max(1, bands))
    self.bandRows = bandRows

    let needed = RowFusion.neededRows(stages, bandRows: bandRows) + [bandRows]
    var end = 0
    var most = 0
    var links: [Link] = []
    for (stage, rows) in zip(stages, needed) {
      let kernel = stage.kernel
      links.append(
        Link(
          window: kernel.window, input: kernel.input, output: kernel.output, inputIndex: stage.input, side: stage.side,
          buffer: end))
      if links.count < stages.count { end += RowFusion.aligned(rows * kernel.output.bytes + Buffer.padding) }
      for count in stride(from: 1, through: rows, by: 1) { most = max(most, kernel.scratch(count)) }
    }
    self.links = links
    kernels = stages.map(\.kernel.run)
    kernelScratch = end
    scratch = end + most
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
    call.workers.run(units: links.last?.output.rows ?? 0) { thread, rows in
      withUnsafeTemporaryAllocation(of: Progress.self, capacity: links.count) { progress in
        for (index, link) in links.enumerated() {
          progress.initializeElement(at: index, to: Progress(side: link.side.map { call.input($0).base }))
        }
        run(
          rows, from: call.input(0).base, to: call.output.base, progress,
          scratch: call.scratch(thread: thread))
      }
    }
  }

  /// How far one thread has come with a stage.
  private struct Progress {
    /// Rows its buffer holds, and rows it is to compute next.
    var held = 0..<0
    var added = 0..<0
    let side: UnsafeRawPointer?
  }

  private func run(
    _ range: Range<Int>, from input: UnsafeRawPointer, to output: UnsafeMutableRawPointer,
    _ progress: UnsafeMutableBufferPointer<Progress>, scratch: UnsafeMutableRawPointer
  ) {
    let last = links.count - 1
    var top = range.lowerBound
    while top < range.upperBound {
      let band = top..<min(top + bandRows, range.upperBound)
      progress[last].added = band
      for index in stride(from: last, to: 0, by: -1) {
        demand(progress[index].added, of: links[index], from: &progress[index - 1], scratch + links[index - 1].buffer)
      }
      for index in 0...last where !progress[index].added.isEmpty {
        let link = links[index]
        let rows = progress[index].added
        let first = link.inputRows(for: rows).lowerBound
        let source =
          index == 0
          ? input + first * link.input.bytes
          : UnsafeRawPointer(scratch) + links[index - 1].buffer
            + (first - progress[index - 1].held.lowerBound) * link.input.bytes
        let target =
          index == last
          ? output + rows.lowerBound * link.output.bytes
          : scratch + link.buffer + (rows.lowerBound - progress[index].held.lowerBound) * link.output.bytes
        kernels[index](
          RowCall(
            rows: rows, input: source, inputIndex: link.inputIndex, side: progress[index].side, output: target,
            scratch: scratch + kernelScratch))
      }
      top = band.upperBound
    }
  }

  /// Notes which rows a stage must add so that the next one, which `link` is, can compute `rows`; those that its buffer
  /// holds already move to the front.
  private func demand(
    _ rows: Range<Int>, of link: Link, from stage: inout Progress, _ buffer: UnsafeMutableRawPointer
  ) {
    // What is held may be all that is needed, down at the padding.
    guard !rows.isEmpty else {
      stage.added = rows
      return
    }
    let needed = link.inputRows(for: rows)
    let kept = max(0, stage.held.upperBound - needed.lowerBound)
    let from = needed.lowerBound - stage.held.lowerBound
    if kept > 0, from > 0 {
      buffer.copyMemory(from: buffer + from * link.input.bytes, byteCount: kept * link.input.bytes)
    }
    stage.held = needed
    stage.added = needed.lowerBound + kept..<needed.upperBound
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

    /// For speed, with caches of a few hundred kilobytes a core.
    package static var standard: Limits {
      Limits(leastBytes: 96 << 10, mostWeightBytes: 64 << 10, int8Budget: 384 << 10, floatBudget: 512 << 10)
    }

    /// For devices, where memory is worth a few hundredths of the time.
    package static var device: Limits {
      Limits(leastBytes: 96 << 10, mostWeightBytes: 64 << 10, int8Budget: 112 << 10, floatBudget: 256 << 10)
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
      guard let rows = step.kernel.rows else { preconditionFailure("\(step.name) is in a chain and has no row kernel") }
      let input = flowing == nil ? 0 : step.inputs.firstIndex { $0?.storage == flowing }
      guard let input else { preconditionFailure("\(step.name) does not read what flows to it in its chain") }
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
