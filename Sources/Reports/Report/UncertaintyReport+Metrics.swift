import CanonicalJSON
import Metrics

extension UncertaintyReport {
  /// The figures as numbers in objects, without lists, for `--metrics`.
  var metrics: JSON {
    var members = JSONObject()
    members.add("temperature", temperature)
    guard let measured else { return .object(members) }
    if let float = measured.float { members["float"] = metrics(float) }
    members["compiled"] = metrics(measured.compiled)
    var change = JSONObject()
    for measure in CertaintyMeasure.allCases { change.add(measure.rawValue, measured.deltas[measure]?.value) }
    if !change.isEmpty { members["change"] = .object(change) }
    return .object(members)
  }

  private func metrics(_ model: CertaintyComparison.Model) -> JSON {
    var members = JSONObject()
    for measure in CertaintyMeasure.allCases { members.add(measure.rawValue, model.figures[measure]?.value) }
    let named = Array(zip(classes, model.classes))
    members.add("class_coverage", named.map { ($0, $1.coverage?.value) })
    members.add("class_set_size", named.map { ($0, $1.setSize) })
    return .object(members)
  }
}
