import Tensors

/// Places storages in one arena so that those alive at the same time do not overlap: largest first, each at the lowest
/// offset that is free during its life (greedy by size, as in Pisarchyk and Lee, "Efficient Memory Management for Deep
/// Neural Net Inference", 2020).
package struct MemoryPlan {
  package let storages: [Plan.Storage]
  package let arenaBytes: Int
  package let peakBytes: Int

  package init(_ storages: [Plan.Storage], steps: Int) {
    var placed = storages
    let own = storages.indices.filter { storages[$0].constant == nil && storages[$0].sharedWith == nil }
    let order = own.sorted { (storages[$0].bytes, $1) > (storages[$1].bytes, $0) }
    var end = 0
    var occupied = OccupiedMemory(steps: steps + 1)
    for index in order {
      let size = MemoryPlan.aligned(storages[index].bytes)
      let life = storages[index].first...max(storages[index].first, storages[index].last)
      let offset = occupied.lowestGap(of: size, during: life)
      placed[index].offset = offset
      occupied.add(offset..<offset + size, during: life)
      end = max(end, offset + size)
    }
    for index in placed.indices {
      var root = index
      while let next = placed[root].sharedWith { root = next }
      placed[index].offset = placed[root].offset
    }
    self.storages = placed
    arenaBytes = end

    var alive = [Int](repeating: 0, count: steps + 2)
    for index in own {
      alive[storages[index].first] += storages[index].bytes
      alive[storages[index].last + 1] -= storages[index].bytes
    }
    var current = 0
    var peak = 0
    for change in alive {
      current += change
      peak = max(peak, current)
    }
    peakBytes = peak
  }

  private static func aligned(_ bytes: Int) -> Int {
    (bytes + Buffer.alignment - 1) / Buffer.alignment * Buffer.alignment
  }
}
