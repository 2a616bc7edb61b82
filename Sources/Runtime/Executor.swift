import HeapMemory
import IR
import Math
package import Tensors
package import Threads

/// Runs a plan: owns the arena and the scratch memory, and allocates nothing while running.
///
/// One executor is used by one thread at a time; several executors may share a plan.
package final class Executor {
  package let plan: Plan
  let workers: Workers
  private let arena: AlignedMemory
  private let scratch: AlignedMemory
  private let calls: [Call]
  /// What each step does, with its call: copies of steps would count references of all they hold.
  private let runs: [() -> Void]

  package init(_ plan: Plan, workers: Workers) {
    self.plan = plan
    self.workers = workers
    let arena = AlignedMemory(count: plan.arenaBytes)
    let stride = (plan.scratchBytes + Buffer.alignment - 1) / Buffer.alignment * Buffer.alignment
    let scratch = AlignedMemory(count: stride * workers.count)
    calls = plan.steps.map { step in
      Call(
        inputs: step.inputs.map { $0.map { Executor.view($0, plan, arena) } },
        outputs: step.outputs.map { Executor.view($0, plan, arena) }, workers: workers, scratch: scratch.base,
        scratchStride: stride)
    }
    runs = zip(plan.steps, calls).map { step, call in
      let run = step.kernel.run
      return { run(call) }
    }
    self.arena = arena
    self.scratch = scratch
  }

  private static func view(_ place: Plan.Place, _ plan: Plan, _ arena: AlignedMemory) -> TensorView {
    let storage = plan.storages[place.storage]
    let base = storage.constant?.buffer.readOnlyBase ?? arena.base + storage.offset
    return TensorView(place.type, layout: place.layout, base: base)
  }

  /// Where the caller writes an input before each run, in the layout the view states.
  package func input(_ index: Int) -> TensorView { Executor.view(plan.inputs[index], plan, arena) }

  /// All inputs in the order of the graph.
  package var inputs: [TensorView] { (0..<inputCount).map(input) }

  /// An output, row-major; valid until the next run.
  package func output(_ index: Int) -> TensorView { Executor.view(plan.outputs[index], plan, arena) }

  package var inputCount: Int { plan.inputs.count }
  package var outputCount: Int { plan.outputs.count }

  /// Copies bytes in the given layout of the input's type into place; who owns them keeps them alive meanwhile.
  package func write(_ bytes: UnsafeRawBufferPointer, layout: Layout = .rowMajor, toInput index: Int) {
    LayoutConversion.write(bytes, layout: layout, into: input(index))
  }

  /// Copies a tensor of the input's type into place.
  package func write(_ tensor: Tensor, toInput index: Int) {
    withExtendedLifetime(tensor) { write(tensor.bytes, toInput: index) }
  }

  /// Copies what was written to an input to another executor's input of the same type.
  package func copyInput(_ index: Int, to other: Executor) {
    let view = input(index)
    other.write(UnsafeRawBufferPointer(view.bytes), layout: view.layout, toInput: index)
  }

  /// Runs all steps.
  package func run() {
    for run in runs { run() }
  }

  /// Runs all steps and calls `observe` after each with its index and outputs, still in cache.
  package func run(observe: (_ step: Int, _ outputs: [TensorView]) -> Void) {
    for (index, run) in runs.enumerated() {
      run()
      observe(index, calls[index].outputs)
    }
  }

  /// A copy of an output.
  package func outputTensor(_ index: Int) -> Tensor {
    let view = output(index)
    return Tensor(view.type) { $0.copyMemory(from: UnsafeRawBufferPointer(view.bytes)) }
  }
}
