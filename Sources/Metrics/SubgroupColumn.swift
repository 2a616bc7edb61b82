package import Tensors

/// What else is known of the samples, such as the sex or the skin type of a patient.
package struct SubgroupColumn: Sendable, Equatable {
  package let name: String
  /// Of each sample; nil where it is not known.
  package let values: [String?]

  package init(_ name: String, values: [String?]) {
    self.name = name
    self.values = values
  }

  /// More values than this are no subgroups but a number, or a name for each sample.
  package static let valueLimit = 64

  /// The samples of each value, in the order of the values, those it is not known of last.
  ///
  /// - Throws: unless there is an entry for every sample and the values are few.
  package func subgroups(samples count: Int) throws(Refusal) -> [(value: String?, samples: [Int])] {
    guard values.count == count else {
      throw Refusal("column \(name) has \(values.count) values for \(count) samples")
    }
    var samples: [String: [Int]] = [:]
    var unknown: [Int] = []
    for (sample, value) in values.enumerated() {
      if let value { samples[value, default: []].append(sample) } else { unknown.append(sample) }
    }
    guard samples.count <= Self.valueLimit else {
      throw Refusal(
        "column \(name) has \(samples.count) values, too many for subgroups (at most \(Self.valueLimit)); "
          + "give a column of ranges or kinds")
    }
    let known = samples.sorted { $0.key < $1.key }.map { (value: Optional($0.key), samples: $0.value) }
    return known + (unknown.isEmpty ? [] : [(nil, unknown)])
  }
}
