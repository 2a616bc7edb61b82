import IR
import Runtime
import Tensors

/// Whether a model fits the memory an app gives it and there is, told before the memory is asked for.
enum MemoryLimit {
  /// What making a plan of a graph takes: its constants, where they are not mapped, and once more as they are packed.
  static func check(_ graph: Graph, _ maximumBytes: Int, _ path: String) throws(DermError) {
    var bytes = 0
    for case let constant? in graph.valueIDs.map({ graph.constant($0) }) {
      add(constant.buffer.count, to: &bytes)
      if constant.buffer.file == nil { add(constant.buffer.count, to: &bytes) }
    }
    try check(bytes, maximumBytes, path)
  }

  /// What a plan needs: packed weights, activations, and scratch memory for each thread.
  static func check(_ plan: Plan, threads: Int, _ maximumBytes: Int, _ path: String) throws(DermError) {
    var bytes = plan.memory.memoryBytes
    for _ in 1..<max(1, min(256, threads)) { add(plan.memory.scratchBytes, to: &bytes) }
    try check(bytes, maximumBytes, path)
  }

  /// Refuses where there is no such memory: allocating it would end the app.
  static func reserve(_ bytes: Int, _ path: String) throws(DermError) {
    guard Memory.has(bytes) else { throw .outOfMemory("\(path): out of memory: \(bytes) bytes more are needed") }
  }

  private static func check(_ bytes: Int, _ maximumBytes: Int, _ path: String) throws(DermError) {
    guard bytes <= maximumBytes else {
      throw .memoryLimit(
        "\(path): the model needs \(bytes) bytes of memory, more than the limit of \(maximumBytes); "
          + "raise maximumBytes if it is to be trusted")
    }
  }

  private static func add(_ bytes: Int, to sum: inout Int) {
    let (result, overflow) = sum.addingReportingOverflow(bytes)
    sum = overflow ? .max : result
  }
}
