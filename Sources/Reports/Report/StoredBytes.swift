import Bundles
import IR
import Math
import Operators
import Tensors

/// What a layer's constants take in a bundle's file, by what they are.
package struct StoredBytes: Sendable, Equatable {
  package var weights = 0
  /// Scales of int8 weights.
  package var steps = 0
  package var biases = 0
  package var other = 0

  package var total: Int { weights + steps + biases + other }

  package init() {}

  package init(weights: Int, steps: Int, biases: Int, other: Int) {
    self.weights = weights
    self.steps = steps
    self.biases = biases
    self.other = other
  }

  mutating func add(_ more: StoredBytes) {
    weights += more.weights
    steps += more.steps
    biases += more.biases
    other += more.other
  }
}

extension StoredBytes {
  /// What the constants of each node take, so that with all other sections and the container they make the file.
  ///
  /// A section that is stored as it is has its constants' own bytes. Of one that is coded as a whole each constant is
  /// given the share that the information in it has, of the bytes it is stored in: the entropy of its bytes, which is
  /// what an ideal code of its own would take. Rows of weights whose levels are of one size count together, as tables
  /// of frequencies do; of wider elements the first bytes count together, the second ones, and so on. A constant that
  /// several nodes have is the first one's.
  ///
  /// - Parameter sections: of the graph's bundle
  static func all(_ graph: Graph, _ sections: [Report.SectionSize]) -> [NodeID: StoredBytes] {
    var places: [String: [Place]] = [:]
    var seen: Set<ValueID> = []
    for node in graph.nodesInOrder() {
      for (index, input) in node.inputs.enumerated() {
        guard let input, let constant = graph[input].constant, seen.insert(input).inserted else { continue }
        let place = Place(node: node.id, role: role(index, of: node), constant: constant)
        places[SectionReport.name(holding: constant.element), default: []].append(place)
      }
    }
    var result: [NodeID: StoredBytes] = [:]
    for section in sections {
      guard let places = places[section.name] else { continue }
      for (place, bytes) in zip(places, shares(places, of: section)) {
        result[place.node, default: StoredBytes()][keyPath: place.role] += bytes
      }
    }
    return result
  }

  private typealias Role = WritableKeyPath<StoredBytes, Int>

  private struct Place {
    let node: NodeID
    let role: Role
    let constant: Tensor
  }

  /// What an input of a node is.
  private static func role(_ index: Int, of node: Node) -> Role {
    let isInt8 = node.op is any Int8Layer
    guard isInt8 || node.op is any Int8ConvertibleLayer else { return \.other }
    return switch index {
    case 1: \.weights
    case 2: isInt8 ? \.steps : \.biases
    case 3 where isInt8: \.biases
    default: \.other
    }
  }

  private static func shares(_ places: [Place], of section: Report.SectionSize) -> [Int] {
    guard section.codec != SectionReport.rawCodec else { return places.map(\.constant.type.byteCount) }
    let information = places.map { Information.bits($0.constant) }
    let whole = information.reduce(0, +)
    guard whole > 0 else {
      // Nothing in it: the first has what it takes to say so.
      return places.indices.map { $0 == 0 ? section.storedBytes : 0 }
    }
    var (before, given) = (0.0, 0)
    return information.map { bits in
      before += bits
      let end = before >= whole ? section.storedBytes : Int(before / whole * Double(section.storedBytes))
      defer { given = end }
      return end - given
    }
  }
}

/// How much a constant says.
private enum Information {
  /// The entropy of its bytes, in bits.
  static func bits(_ constant: Tensor) -> Double {
    constant.withBytes { bytes in
      let size = constant.element.size
      guard size > 1 else {
        return rows(bytes, count: max(1, constant.type.shape.first ?? 1)).reduce(0) { $0 + entropy($1) }
      }
      return (0..<size).reduce(0) { sum, plane in
        var counts = [Int](repeating: 0, count: 256)
        for index in stride(from: plane, to: bytes.count, by: size) { counts[Int(bytes[index])] += 1 }
        return sum + entropy(counts)
      }
    }
  }

  /// Shorter rows tell too little of their levels' size.
  private static let shortest = 8

  /// How often each level is in the rows of each size.
  private static func rows(_ bytes: UnsafeRawBufferPointer, count: Int) -> [[Int]] {
    let length = bytes.count / count
    var counts = [[Int]](repeating: [], count: Int.bitWidth + 1)
    for row in 0..<count {
      let levels = UnsafeRawBufferPointer(rebasing: bytes[row * length..<(row + 1) * length])
      // Twice the logarithm of the mean magnitude: two sizes an octave.
      let sum = levels.reduce(0) { $0 + Int(Int8(bitPattern: $1).magnitude) }
      let mean = length < shortest ? 1 : 256 * sum / length
      let size = Int.bitWidth - (mean * mean).leadingZeroBitCount
      if counts[size].isEmpty { counts[size] = [Int](repeating: 0, count: 256) }
      counts[size].withUnsafeMutableBufferPointer { counts in
        for level in levels { counts[Int(level)] += 1 }
      }
    }
    return counts
  }

  private static func entropy(_ counts: [Int]) -> Double {
    let whole = Double(counts.reduce(0, +))
    let sum = counts.reduce(0) { $1 == 0 ? $0 : $0 - Double($1) * PortableFunctions.log(Double($1) / whole) }
    return sum / PortableFunctions.log(2)
  }
}

// MARK: The whole file

extension Report {
  /// What the bytes of the bundle's file are, line by line: together they are all of it. Nil where layers do not tell.
  package var byteAccount: [(name: String, bytes: Int)]? {
    guard let bundle, layers.contains(where: { $0.stored != nil }) else { return nil }
    var constants = StoredBytes()
    for stored in layers.compactMap(\.stored) { constants.add(stored) }
    func bytes(_ isCounted: (SectionSize) -> Bool) -> Int {
      bundle.sections.reduce(0) { $0 + (isCounted($1) ? $1.storedBytes : 0) }
    }
    let texts = bytes { SectionReport.texts.contains($0.name) }
    let tensors = bytes { SectionReport.constants.contains($0.name) }
    return [
      ("weights", constants.weights), ("steps", constants.steps), ("biases", constants.biases),
      ("other_constants", constants.other), ("texts", texts), ("self_test", bytes { _ in true } - texts - tensors),
      ("padding", tensors - constants.total), ("container", bundle.containerBytes),
    ]
  }

  /// The account in words, the largest first.
  var byteAccountText: String? {
    guard let account = byteAccount else { return nil }
    let weights = layers.reduce(0) { $0 + ($1.stored == nil ? 0 : $1.weights) }
    return account.filter { $0.bytes > 0 }.sorted { $0.bytes > $1.bytes }.map { name, bytes in
      let each =
        name == "weights" && weights > 0
        ? " (\(Figures.decimal(8 * Double(bytes) / Double(weights), 2)) bits each)" : ""
      return "\(Report.words(name)) \(Figures.bytes(bytes))\(each)"
    }.joined(separator: ", ")
  }

  /// How a line of the account is called.
  static func words(_ name: String) -> String { String(name.map { $0 == "_" ? " " : $0 }) }
}
