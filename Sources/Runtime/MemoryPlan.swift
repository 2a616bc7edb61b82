import Tensors

/// Places storages in one arena so that those alive at the same time do not overlap: one after the other, each at the
/// lowest offset that is free during its life. The largest come first (greedy by size, as in Pisarchyk and Lee,
/// "Efficient Memory Management for Deep Neural Net Inference", 2020). Where that takes more than what is alive at one
/// step, the storage that stands out goes first the next time, and of several such orders the smallest arena is taken.
package struct MemoryPlan {
  package let storages: [Plan.Storage]
  package let arenaBytes: Int
  package let peakBytes: Int

  /// Orders that are tried after the first.
  package static let mostAttempts = 24

  package init(_ storages: [Plan.Storage], steps: Int) {
    let own = storages.indices.filter { storages[$0].constant == nil && storages[$0].sharedWith == nil }
    let leastBytes = MemoryPlan.peak(own.map { (storages[$0], MemoryPlan.aligned(storages[$0].bytes)) }, steps)
    var order = own.sorted { (storages[$0].bytes, $1) > (storages[$1].bytes, $0) }
    var best = Placement(storages, order, steps)
    var last = best
    for _ in 0..<MemoryPlan.mostAttempts where best.end > leastBytes {
      guard let position = order.firstIndex(of: last.outermost), position > 0 else { break }
      order.remove(at: position)
      order.insert(last.outermost, at: 0)
      last = Placement(storages, order, steps)
      if last.end < best.end { best = last }
    }
    var placed = storages
    for index in placed.indices {
      var root = index
      while let next = placed[root].sharedWith { root = next }
      placed[index].offset = best.offsets[root]
    }
    self.storages = placed
    arenaBytes = best.end
    peakBytes = MemoryPlan.peak(own.map { (storages[$0], storages[$0].bytes) }, steps)
  }

  /// The most bytes that are alive at one step.
  private static func peak(_ storages: [(storage: Plan.Storage, bytes: Int)], _ steps: Int) -> Int {
    var alive = [Int](repeating: 0, count: steps + 2)
    for (storage, bytes) in storages {
      alive[storage.first] += bytes
      alive[storage.last + 1] -= bytes
    }
    var current = 0
    var peak = 0
    for change in alive {
      current += change
      peak = max(peak, current)
    }
    return peak
  }

  fileprivate static func aligned(_ bytes: Int) -> Int {
    (bytes + Buffer.alignment - 1) / Buffer.alignment * Buffer.alignment
  }
}

/// Where storages lie that are placed in an order, each at the lowest offset that is free during its life.
private struct Placement {
  /// For all storages, zero for those that are not in the order.
  var offsets: [Int]
  var end = 0
  /// The first storage that reaches to the end.
  var outermost = 0

  init(_ storages: [Plan.Storage], _ order: [Int], _ steps: Int) {
    offsets = [Int](repeating: 0, count: storages.count)
    var occupied = OccupiedMemory(steps: steps + 1)
    for index in order {
      let size = MemoryPlan.aligned(storages[index].bytes)
      let life = storages[index].first...max(storages[index].first, storages[index].last)
      let offset = occupied.lowestGap(of: size, during: life)
      offsets[index] = offset
      occupied.add(offset..<offset + size, during: life)
      guard offset + size > end else { continue }
      end = offset + size
      outermost = index
    }
  }
}
