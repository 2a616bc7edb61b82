import Tensors

/// What running a plan takes of memory, in bytes: the one place where these figures are made.
package struct PlanMemory: Sendable, Equatable {
  /// The buffer all activations are placed in.
  package let arenaBytes: Int
  /// Rows between the layers of a chain, and what kernels work with. Each thread has its own.
  package let scratchBytes: Int
  /// Weights and tables as kernels hold them.
  package let packedBytes: Int
  /// All that one thread needs: the sum of these, and constants that kernels read as they are.
  package let memoryBytes: Int

  package init(arenaBytes: Int, scratchBytes: Int, packedBytes: Int, memoryBytes: Int) {
    self.arenaBytes = arenaBytes
    self.scratchBytes = scratchBytes
    self.packedBytes = packedBytes
    self.memoryBytes = memoryBytes
  }
}

extension Plan {
  package var memory: PlanMemory {
    let constants = storages.reduce(0) { $0 + ($1.constant?.type.byteCount ?? 0) }
    return PlanMemory(
      arenaBytes: arenaBytes, scratchBytes: scratchBytes, packedBytes: packedBytes,
      memoryBytes: arenaBytes + scratchBytes + packedBytes + constants)
  }
}
