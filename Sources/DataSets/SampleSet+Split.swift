extension SampleSet {
  /// Some of the samples, with what is known of each. What there is to warn of stays with the whole.
  package func subset(_ indices: [Int]) -> SampleSet {
    var part = self
    part.samples = indices.map { samples[$0] }
    part.labelSets = labelSets.map { sets in indices.map { sets[$0] } }
    part.groups = groups.map { groups in
      GroupColumn(column: groups.column, names: indices.map { groups.names[$0] })
    }
    part.subgroups = subgroups.map { column in AttributeColumn(column.column, of: indices.map { column.values[$0] }) }
    (part.missing, part.repeated, part.unread, part.emptyFolders, part.notes) = (nil, 0, [], [], [])
    return part
  }

  /// Divides the samples at random, the same way on every machine: those of one group (patient, lesion) stay together,
  /// and so does a file that is there twice.
  ///
  /// - Parameters:
  ///   - share: of the samples that go to the first part, as nearly as groups allow; one group may be too much
  ///   - seed: of the draw of groups
  /// - Returns: the samples of both parts, each in rising order
  package func split(share: Double, seed: UInt64) -> (first: [Int], rest: [Int]) {
    var units: [[Int]] = []
    var known: [String: Int] = [:]
    for (index, sample) in samples.enumerated() {
      let group = groups?.names[index] ?? ""
      let key = group.isEmpty ? "file \(sample.path)[\(sample.index)]" : "group \(group)"
      if let unit = known[key] {
        units[unit].append(index)
      } else {
        known[key] = units.count
        units.append([index])
      }
    }
    let wanted = Int((share * Double(samples.count)).rounded())
    var first: [Int] = []
    var rest: [Int] = []
    for unit in SampleSelection.shuffled(units.count, seed: seed) {
      if first.count < wanted { first += units[unit] } else { rest += units[unit] }
    }
    return (first.sorted(), rest.sorted())
  }
}
