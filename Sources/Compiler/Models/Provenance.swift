package import CanonicalJSON
package import Hashing
package import Reports
import Tensors

/// Where a bundle comes from: no clock, host or path, so that the same input and recipe give the same bytes.
package enum Provenance {
  package static let version = "0.1.0"

  package static func json(source: LoadedModel, hash: SHA256, recipe: Recipe?) -> JSON {
    var object: JSONObject = [
      "dermc": .string(version),
      "source": .object([
        "format": .string(source.format.rawValue), "bytes": .int(source.fileBytes),
        "sha256": .string(hash.hex),
      ]),
    ]
    if let recipe { object["recipe"] = recipe.json }
    return .object(object)
  }
}
