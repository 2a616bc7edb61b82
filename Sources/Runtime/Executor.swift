import HeapMemory
package import IR
import Math
package import Tensors
package import Threads

/// Runs a plan: owns the arena and the scratch memory, and allocates nothing while running.
///
/// One executor is used by one thread at a time; several executors may share a plan.
package final class Executor {
  package let plan: Plan
  let workers: Workers
  // Views of both are in the calls; constants, which others view, are the plan's.
  private let arena: Arena
  private let scratch: Arena
  private let inputs: [MutableTensorView]
  private let outputs: [TensorView]
  /// What each step does, with its call: copies of steps would count references of all they hold.
  private let runs: [() -> Void]
  /// What each step is run with, and what it writes.
  private let calls: [Call]
  private let results: [[TensorView]]

  package init(_ plan: Plan, workers: Workers) {
    self.plan = plan
    self.workers = workers
    let arena = Arena(count: plan.arenaBytes)
    let stride = (plan.scratchBytes + Buffer.alignment - 1) / Buffer.alignment * Buffer.alignment
    let scratch = Arena(count: stride * workers.count)
    let calls = plan.steps.map { step in
      Call(
        inputs: step.inputs.map { $0.map { Executor.view($0, plan, arena) } },
        outputs: step.outputs.map { Executor.mutableView($0, plan, arena) }, workers: workers,
        scratch: scratch.unmanagedBase, scratchStride: stride)
    }
    runs = zip(plan.steps, calls).map { step, call in
      let run = step.kernel.run
      return { run(call) }
    }
    self.calls = calls
    results = calls.map { $0.outputs.map(\.reading) }
    inputs = plan.inputs.map { Executor.mutableView($0, plan, arena) }
    outputs = plan.outputs.map { Executor.view($0, plan, arena) }
    self.arena = arena
    self.scratch = scratch
  }

  private static func view(_ place: Plan.Place, _ plan: Plan, _ arena: Arena) -> TensorView {
    let storage = plan.storages[place.storage]
    guard let constant = storage.constant else { return mutableView(place, plan, arena).reading }
    guard let base = constant.buffer.unmanagedBytes.baseAddress else {
      preconditionFailure("a constant's buffer has no memory")
    }
    return TensorView(place.type, layout: place.layout, base: base)
  }

  private static func mutableView(_ place: Plan.Place, _ plan: Plan, _ arena: Arena) -> MutableTensorView {
    let storage = plan.storages[place.storage]
    precondition(storage.constant == nil, "a step of the plan writes over a constant")
    return MutableTensorView(place.type, layout: place.layout, base: arena.unmanagedBase + storage.offset)
  }

  /// Does something with views, whose memory is there as long as the executor is.
  private func holdingMemory<Result>(_ body: () -> Result) -> Result {
    defer { withExtendedLifetime(self) {} }
    return body()
  }

  // MARK: Inputs

  package var inputCount: Int { plan.inputs.count }

  /// Lends the memory of all inputs, in the order of the graph, to be written before each run in the layouts of the
  /// views.
  package func withInputs<Result>(_ body: ([MutableTensorView]) -> Result) -> Result {
    holdingMemory { body(inputs) }
  }

  /// Lends the memory of an input.
  package func withInput<Result>(_ index: Int, _ body: (MutableTensorView) -> Result) -> Result {
    withInputs { body($0[index]) }
  }

  /// Copies as many bytes as an input has, in the given layout, into place.
  package func write(_ bytes: UnsafeRawBufferPointer, layout: Layout = .rowMajor, toInput index: Int) {
    withInput(index) { LayoutConversion.write(bytes, layout: layout, into: $0) }
  }

  /// Copies a tensor of the input's type into place.
  package func write(_ tensor: Tensor, toInput index: Int) {
    tensor.withBytes { write($0, toInput: index) }
  }

  /// Copies what was written to an input to another executor's input of the same type.
  package func copyInput(_ index: Int, to other: Executor) {
    withInput(index) { other.write($0.reading.bytes, layout: $0.layout, toInput: index) }
  }

  // MARK: Running

  /// Runs all steps.
  package func run() {
    holdingMemory {
      for run in runs { run() }
    }
  }

  /// Runs all steps and calls `observe` after each with its index and outputs, still in cache.
  package func run(observe: (_ step: Int, _ outputs: [TensorView]) -> Void) {
    holdingMemory {
      for (index, run) in runs.enumerated() {
        run()
        observe(index, results[index])
      }
    }
  }

  /// Runs one step, once those before it were run.
  ///
  /// - Parameter kernel: one to run in place of the plan's, for the same shapes and layouts
  package func run(step: Int, with kernel: Kernel? = nil) {
    guard let kernel else { return holdingMemory { runs[step]() } }
    precondition(kernel.scratch <= plan.scratchBytes, "a kernel needs more scratch memory than that of its step")
    holdingMemory { kernel.run(calls[step]) }
  }

  /// Lends what a step reads: before it is run and, but for steps that write over it, after.
  package func withInputs<Result>(ofStep step: Int, _ body: ([TensorView?]) -> Result) -> Result {
    holdingMemory { body(calls[step].inputs) }
  }

  // MARK: Outputs

  package var outputCount: Int { plan.outputs.count }

  /// Lends the memory of an output, row-major, as the last run left it.
  package func withOutput<Result>(_ index: Int, _ body: (TensorView) -> Result) -> Result {
    holdingMemory { body(outputs[index]) }
  }

  /// A copy of an output.
  package func outputTensor(_ index: Int) -> Tensor {
    withOutput(index) { view in Tensor(view.type) { $0.copyMemory(from: view.bytes) } }
  }

  /// The numbers of a float32 output.
  package func floats(ofOutput index: Int) -> [Float] {
    withOutput(index) { view in
      precondition(view.type.element == .float32, "an output \(view.type) is read as float32")
      return Array(view.elements(Float.self))
    }
  }
}
