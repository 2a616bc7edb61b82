import Tensors

/// Which samples belong together, such as the images of one lesion or one patient.
package struct SampleGroups: Sendable, Equatable {
  /// What tells them apart, such as the name of a column.
  package let name: String
  package let count: Int
  /// The group of each sample, numbered in the order of their first samples.
  package let indices: [Int]

  /// - Parameter keys: of each sample; samples of equal keys are a group, one without a key is a group of its own
  package init(_ name: String, of keys: [String?]) {
    self.name = name
    var numbers: [String: Int] = [:]
    var count = 0
    indices = keys.map { key in
      if let key, let known = numbers[key] { return known }
      if let key { numbers[key] = count }
      count += 1
      return count - 1
    }
    self.count = count
  }

  /// The groups of some of the samples, numbered anew.
  package func subset(_ samples: [Int]) -> SampleGroups {
    SampleGroups(name, of: samples.map { "\(indices[$0])" })
  }

  /// How many groups have such samples.
  package func count(where includes: (_ sample: Int) -> Bool) -> Int {
    var seen = [Bool](repeating: false, count: count)
    for (sample, group) in indices.enumerated() where includes(sample) { seen[group] = true }
    return seen.count { $0 }
  }

  func check(samples: Int) throws(Refusal) {
    guard indices.count == samples else { throw Refusal("\(indices.count) groups for \(samples) samples") }
  }
}
