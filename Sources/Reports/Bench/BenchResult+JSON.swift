package import CanonicalJSON
import Math
import Runtime

extension BenchResult {
  /// The figures as `docs/json.md` describes them.
  package var json: JSON {
    var object = json(of: model)
    object["threads"] = .int(threads)
    object["isa"] = .string(instructionSet)
    object["peak_process_bytes"] = peakProcessBytes.map { .int($0) } ?? .null
    var measured = JSONObject()
    for (precision, peak) in peaks {
      measured[precision.rawValue] = .object([
        "loop": .string(peak.name), "gmacs_per_second": .double(peak.macsPerSecond / 1e9),
      ])
    }
    object["peak"] = .object(measured)
    if let against {
      object["against"] = .object(json(of: against))
      object["pairs"] = .array(
        LayerPairing(model.layers, against: against.layers).rows.map { row in
          let seconds = row.model.reduce(0) { $0 + model.layers[$1].bestSeconds }
          let others = row.against.reduce(0) { $0 + against.layers[$1].bestSeconds }
          return .object([
            "layers": .ints(row.model), "against": .ints(row.against), "best_ms": .double(seconds * 1e3),
            "against_best_ms": .double(others * 1e3),
            "speedup": seconds > 0 && others > 0 ? .double(others / seconds) : .null,
          ])
        })
    }
    return .object(object)
  }

  private func json(of model: BenchModel) -> JSONObject {
    var object: JSONObject = [
      "best_ms": .double(model.bestSeconds * 1e3), "median_ms": .double(model.medianSeconds * 1e3),
      "runs": .int(model.runs), "load_ms": .double(model.loadSeconds * 1e3),
      "prepare_ms": .double(model.prepareSeconds * 1e3),
    ]
    object.add(model.memory.members)
    object["layers"] = .array(
      model.layers.map { layer in
        .object([
          "name": .string(layer.name), "op": .string(layer.op), "implementation": .string(layer.implementation),
          "output": .ints(layer.output), "macs": .int(layer.macs), "precision": .string(layer.precision.rawValue),
          "best_ms": .double(layer.bestSeconds * 1e3), "gmacs_per_second": .double(layer.macsPerSecond / 1e9),
          "peak_share": peakShare(layer).map { .double($0) } ?? .null,
          "beyond_limit_ms": beyondLimit(layer).map { .double($0 * 1e3) } ?? .null,
        ])
      })
    return object
  }
}
