package import CanonicalJSON
package import Metrics

/// Whether a compiled model looks where the float model looks: maps of both, on evaluation images, for the class the
/// float model decides for.
package struct ExplanationFidelity: Sendable, Equatable {
  /// One image, and how alike its maps are.
  package struct Image: Sendable, Equatable {
    package let file: String
    /// The class that is explained, and the right one.
    package let name: String
    package let label: String
    package let comparison: MapComparison

    package init(file: String, name: String, label: String, comparison: MapComparison) {
      self.file = file
      self.name = name
      self.label = label
      self.comparison = comparison
    }
  }

  package struct Class: Sendable, Equatable {
    package let name: String
    package let measures: MapFidelity
  }

  /// Rows and columns of a map.
  package struct Grid: Sendable, Equatable {
    package let height: Int
    package let width: Int

    package init(height: Int, width: Int) {
      self.height = height
      self.width = width
    }
  }

  /// How maps are made: `gradcam`.
  package let method: String
  package let floatGrid: Grid
  package let compiledGrid: Grid
  package let all: MapFidelity
  /// Of the images of each class, by their labels; classes without images are left out.
  package let perClass: [Class]
  /// What tells images of one patient or lesion, which were drawn together; nil where each stands for itself.
  package let groups: String?
  /// Images of which a map could not be made.
  package let failed: Int
  /// Those whose maps overlap least, first.
  package let worst: [Image]

  /// What a report names at most.
  package static let worstLimit = 12

  /// - Parameters:
  ///   - images: all that were compared, in the order of the data
  ///   - classes: names, in their order
  ///   - groups: of the images, which belong together
  package init(
    method: String, grids: (float: Grid, compiled: Grid), images: [Image], classes: [String], groups: SampleGroups?,
    failed: Int
  ) {
    self.method = method
    (floatGrid, compiledGrid) = grids
    self.failed = failed
    self.groups = groups?.name
    all = MapFidelity(images.map(\.comparison), groups: groups)
    perClass = classes.compactMap { name in
      let own = images.indices.filter { images[$0].label == name }
      guard !own.isEmpty else { return nil }
      return Class(name: name, measures: MapFidelity(own.map { images[$0].comparison }, groups: groups?.subset(own)))
    }
    worst = ExplanationFidelity.worst(images).map { images[$0] }
  }

  /// The positions of the images whose maps overlap least, of those of which at least one model has a map.
  package static func worst(_ images: [Image]) -> [Int] {
    func key(_ index: Int) -> (Double, Double, Int) {
      (images[index].comparison.overlap, images[index].comparison.correlation, index)
    }
    let compared = images.indices.filter { images[$0].comparison.found != .neither }
    return Array(compared.sorted { key($0) < key($1) }.prefix(worstLimit))
  }
}

extension ExplanationFidelity {
  /// As reports write it.
  package var json: JSON {
    var object = all.members
    object["method"] = .string(method)
    object["grid"] = ["float": floatGrid.json, "compiled": compiledGrid.json]
    object["groups"] = groups.map { .string($0) } ?? .null
    object["failed"] = .int(failed)
    object["per_class"] = .array(
      perClass.map { entry in
        var members = entry.measures.members
        members["name"] = .string(entry.name)
        return .object(members)
      })
    object["worst"] = .array(worst.map(\.json))
    return .object(object)
  }

  init(_ node: JSONNode) throws(JSONError) {
    method = try node["method"].string()
    floatGrid = try Grid(node["grid"]["float"])
    compiledGrid = try Grid(node["grid"]["compiled"])
    groups = try node.optional("groups")?.string()
    failed = try node.count("failed")
    all = try MapFidelity(node)
    var classes: [Class] = []
    for element in try node.elements(of: "per_class") {
      classes.append(Class(name: try element["name"].string(), measures: try MapFidelity(element)))
    }
    perClass = classes
    var images: [Image] = []
    for element in try node.elements(of: "worst") { images.append(try Image(element)) }
    worst = images
  }

  /// The measures of a class's images.
  func measures(ofClass name: String) -> MapFidelity? { perClass.first { $0.name == name }?.measures }
}

extension ExplanationFidelity.Grid {
  fileprivate var json: JSON { .ints([height, width]) }

  fileprivate init(_ node: JSONNode) throws(JSONError) {
    let sides = try node.ints(in: JSONNode.counts)
    guard sides.count == 2 else { throw node.error("is not the rows and columns of a map") }
    self.init(height: sides[0], width: sides[1])
  }
}

extension ExplanationFidelity.Image {
  fileprivate var json: JSON {
    [
      "file": .string(file), "class": .string(name), "label": .string(label),
      "maps": .string(comparison.found.rawValue), "correlation": .finite(comparison.correlation),
      "overlap": .finite(comparison.overlap), "shift": .finite(comparison.shift),
    ]
  }

  fileprivate init(_ node: JSONNode) throws(JSONError) {
    self.init(
      file: try node["file"].string(), name: try node["class"].string(), label: try node["label"].string(),
      comparison: MapComparison(
        found: try node["maps"].choice(), correlation: try node["correlation"].double(),
        overlap: try node["overlap"].double(), shift: try node.optional("shift")?.double()))
  }
}

extension MapFidelity {
  fileprivate var members: JSONObject {
    var object: JSONObject = ["images": .int(images)]
    for found in MapComparison.Found.allCases { object[found.rawValue] = .int(count(of: found)) }
    for measure in Measure.allCases {
      object[measure.rawValue] = .estimate(means[measure])
      object["median_" + measure.rawValue] = .estimate(medians[measure])
    }
    return object
  }

  fileprivate init(_ node: JSONNode) throws(JSONError) {
    self.init()
    images = try node.count("images")
    for found in MapComparison.Found.allCases {
      let count = try node.count(found.rawValue)
      if count > 0 { counts[found] = count }
    }
    for measure in Measure.allCases {
      means[measure] = try node.estimate(measure.rawValue)
      medians[measure] = try node.estimate("median_" + measure.rawValue)
    }
  }
}
