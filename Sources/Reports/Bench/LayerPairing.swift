/// Which layers of two models compute the same nodes of the model both were made from.
///
/// Models are fused differently: a float convolution may hold an activation that in int8 is a table lookup of its own.
/// So layers that share a node, directly or through others, form one row, and every layer of both models is in exactly
/// one.
package struct LayerPairing: Sendable {
  /// Indices of layers; one of the lists may be empty.
  package struct Row: Sendable, Equatable {
    package var model: [Int] = []
    package var against: [Int] = []
  }

  /// In the order of the model's layers; layers only the other has follow those before them.
  package let rows: [Row]

  package init(_ model: [BenchLayer], against: [BenchLayer]) {
    let layers = model + against
    var groups = DisjointSets(count: layers.count)
    var owners: [String: Int] = [:]
    for (index, layer) in layers.enumerated() {
      for name in layer.origins + [layer.name] {
        if let owner = owners[name] { groups.join(owner, index) } else { owners[name] = index }
      }
    }
    var rows: [Int: Row] = [:]
    for index in layers.indices {
      let root = groups.root(index)
      if index < model.count {
        rows[root, default: Row()].model.append(index)
      } else {
        rows[root, default: Row()].against.append(index - model.count)
      }
    }
    // Where a row stands: at its first layer, or right after the row of the layer before it in the other model.
    var place = 0
    var last: [Int: Int] = [:]
    var order: [(row: Row, place: Int, order: Int)] = []
    for row in rows.values {
      if let first = row.model.first { for index in row.against { last[index] = first } }
    }
    for index in against.indices {
      if let first = last[index] { place = first } else { last[index] = place }
    }
    for row in rows.values {
      let first = row.model.first ?? row.against.first.flatMap { last[$0] } ?? 0
      order.append((row, first, row.model.isEmpty ? 1 + (row.against.first ?? 0) : 0))
    }
    self.rows = order.sorted { ($0.place, $0.order) < ($1.place, $1.order) }.map(\.row)
  }
}

/// Sets that only ever grow together.
private struct DisjointSets {
  private var parents: [Int]

  init(count: Int) {
    parents = Array(0..<count)
  }

  mutating func root(_ index: Int) -> Int {
    var index = index
    while parents[index] != index {
      parents[index] = parents[parents[index]]
      index = parents[index]
    }
    return index
  }

  mutating func join(_ one: Int, _ other: Int) { parents[root(other)] = root(one) }
}
