import Reports
import Texts

/// Classes with so few images that a measure of them says little.
package enum SmallClassSuspicion {
  /// With 20 images a recall of 80 % lies somewhere between 58 and 92 %.
  static let fewest = 20

  /// - Parameter support: labelled samples of each class
  package static func sentence(support: [Int], classes: [String]) -> String? {
    let small = support.indices.filter { support[$0] < fewest }
    guard let least = small.min(by: { support[$0] < support[$1] }) else { return nil }
    func name(_ index: Int) -> String {
      classes.indices.contains(index) ? Printable.name(classes[index], limit: 40) : "class \(index)"
    }
    let remedy = "what is measured of \(small.count == 1 ? "it" : "them") is uncertain, add images"
    guard small.count <= 3 else {
      return "\(small.count) of \(support.count) classes have fewer than \(fewest) images, "
        + "\(name(least)) \(support[least]): \(remedy)"
    }
    let each = small.map { "\(name($0)) has \(Figures.count(support[$0], "image"))" }.joined(separator: ", ")
    return "\(each), fewer than \(fewest): \(remedy)"
  }
}
