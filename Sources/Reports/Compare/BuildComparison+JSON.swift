package import CanonicalJSON
import Metrics

extension BuildComparison {
  /// Everything, for programs: docs/json.md names the fields.
  package var json: JSON {
    [
      "schema": 1,
      "builds": .array(
        builds.map { ["report": .string($0.report), "model": .string($0.model), "dermc": .string($0.dermc)] }),
      "samples": samples.map { .int($0) } ?? .null,
      "figures": .array(figures.map(\.json)),
      "changed": changed.map { .array($0.map(\.json)) } ?? .null,
    ]
  }
}

extension BuildComparison.Figure {
  fileprivate var json: JSON {
    [
      "name": .string(name), "of": subject.map { .string($0) } ?? .null, "unit": .string(limit.unit.rawValue),
      "values": .array(values.map { .finite($0) }), "changes": .array(changes.map { $0?.json ?? .null }),
    ]
  }
}

extension BuildComparison.ChangedImage {
  fileprivate var json: JSON {
    ["file": .string(file), "labels": .strings(labels), "decided": .array(decided.map { .strings($0) })]
  }
}
