/// What trying the conventions of the field on a model's data came to.
package struct DoctorFindings: Sendable {
  package enum Verdict: String, Sendable {
    /// One fits better than all others.
    case clear
    /// Several fit best, as far as these images tell.
    case tied
    /// One fits best, but what it is held against does not prove it: answers alone, without labels and normalisations;
    /// or normalisations of images unlike these.
    case likely
    /// None fits.
    case none

    /// Up to this divergence images are like those a model was trained on: with right preprocessing it is 0.002 to 0.03
    /// there, and 0.05 to 0.4 on images of another kind.
    private static let alike = 0.1

    init(_ basis: Trial.Basis, misfit: Double, hasTies: Bool, hasObjection: Bool) {
      if hasObjection {
        self = .none
      } else if hasTies {
        self = .tied
      } else {
        self = basis == .answers || basis == .normalization && misfit >= Verdict.alike ? .likely : .clear
      }
    }
  }

  package let model: String
  package let data: String
  /// Images that were used.
  package let samples: Int
  /// Why labels that the data may have are not used; nil where they are, or there are none.
  package let remark: String?
  package let basis: Trial.Basis
  /// The best first.
  package let trials: [Trial]
  package let verdict: Verdict
  /// The positions of those that cannot be told from the best.
  package let ties: Set<Int>
  /// What speaks against the best.
  package let objection: String?
  /// Class names in the order given, or the data's.
  package let names: [String]?
  /// Class names in the order that fits best; nil where none are known.
  package let classes: [String]?
  /// Whether that is another order than the data's or the one given.
  package let isReordered: Bool

  package var best: Trial { trials[0] }
}
