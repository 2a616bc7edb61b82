import CanonicalJSON
package import Runtime

extension PlanMemory {
  /// The members that `stats`, `bench` and reports have, under the same names in each.
  var members: JSONObject {
    [
      "arena_bytes": .int(arenaBytes), "scratch_bytes": .int(scratchBytes), "packed_bytes": .int(packedBytes),
      "memory_bytes": .int(memoryBytes),
    ]
  }

  /// Reads the members beside others; 0 is what a report does not tell.
  init(_ node: JSONNode) throws(JSONError) {
    self.init(
      arenaBytes: try node.count("arena_bytes"), scratchBytes: try node.count("scratch_bytes"),
      packedBytes: try node.count("packed_bytes"), memoryBytes: try node.count("memory_bytes"))
  }

  /// `458 kB: activations 138 kB, scratch 20.5 kB a thread, weights 300 kB`.
  package var text: String {
    "\(Figures.bytes(memoryBytes)): activations \(Figures.bytes(arenaBytes)), "
      + "scratch \(Figures.bytes(scratchBytes)) a thread, weights \(Figures.bytes(packedBytes))"
  }
}

extension JSONObject {
  /// Adds the members of another object.
  mutating func add(_ other: JSONObject) {
    for (key, value) in other { self[key] = value }
  }
}
