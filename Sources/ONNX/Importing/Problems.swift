import Tensors

/// What is wrong with the nodes of a model: all of it that can be found in one reading.
struct Problems {
  private var first: [Refusal] = []
  private var count = 0
  /// Values that are not known because a node could not be read.
  private var unknown: Set<String> = []

  /// Whether a node reads what is not known, so that nothing can be said of it; nor is then of what it computes.
  mutating func reach(_ node: NodeRecord) -> Bool {
    guard !unknown.isEmpty, node.reads.contains(where: unknown.contains) else { return false }
    unknown.formUnion(node.outputs)
    return true
  }

  mutating func add(_ refusal: Refusal, of node: NodeRecord, unknown outputs: [String]) {
    count += 1
    if first.count < Refusal.mostDetails { first.append(refusal) }
    unknown.formUnion(outputs)
    unknown.remove("")
  }

  /// One refusal for all; nil where there is nothing to refuse.
  var refusal: Refusal? {
    guard let one = first.first else { return nil }
    guard count > 1 else { return one }
    let lines = first.map { refusal in
      "node \(printable(refusal.place?.node ?? "")) (\(oneLine(refusal.place?.op ?? "", limit: 60))): "
        + oneLine(refusal.reason, limit: 300)
    }
    var listed = 1
    var length = lines[0].utf8.count
    while listed < lines.count, length + lines[listed].utf8.count <= 700 {
      length += lines[listed].utf8.count
      listed += 1
    }
    let rest = count - listed
    let remedies = Set(first.map { $0.remedy ?? "" })
    var refusal = Refusal(
      "\(count) nodes cannot be read: \(lines.prefix(listed).joined(separator: "; "))"
        + (rest > 0 ? "; ... and \(rest) more" : ""),
      remedy: remedies.count == 1 ? one.remedy : nil)
    if rest > 0 { refusal.details = lines }
    return refusal
  }
}
