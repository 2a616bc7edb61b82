import Metrics
import Reports

/// What to say of a compilation that did not quite reach what was asked for.
enum TargetWarnings {
  /// What to say of a bundle that is not as small as asked for, and of layers whose steps could not be chosen.
  static func size(_ report: Report, _ steps: StepSearch.Choice?) -> [String] {
    guard let steps, let bundle = report.bundle else { return [] }
    var warnings: [String] = []
    if let limit = steps.limit, bundle.bytes > limit {
      warnings.append(
        "the bundle has \(bundle.bytes) bytes where \(limit) were asked for: its records take more than foreseen")
    }
    if let first = steps.unknown.first {
      let which = steps.unknown.count == 1 ? first : "the first, \(first)"
      warnings.append(
        "\(Figures.count(steps.unknown.count, "layer")) kept the steps of plain int8, as it is not known what their errors "
          + "cost (\(which))")
    }
    return warnings
  }

  /// More of the MACs in float than these make little of int8.
  private static let manyInFloat = 0.5

  /// What to say where a limit on answers leaves little int8, or labelled data do not hold it.
  static func answers(_ report: Report) -> [String] {
    var warnings: [String] = []
    if report.calibration?.precision?.kept.isEmpty == false, let share = report.floatShare,
      share > manyInFloat
    {
      warnings.append(
        "\(Figures.percent(share)) of the MACs stay float32: int8 hardly gets as near the float model's answers as asked "
          + "for; ask for less, or give more calibration samples")
    }
    guard let accuracy = report.accuracy, accuracy.data == .labelled else { return warnings }
    if case .agreement(let share)? = report.recipe?.target, let found = accuracy.agreement, found.value < share {
      warnings.append(
        "agreement is \(Figures.percent(found.value)) on labelled images, \(Figures.percent(share)) was asked for: the "
          + "calibration samples apart hold it, so that they are too few, or of another kind")
    }
    if case .drop(let drop)? = report.recipe?.target, let found = accuracy.deltas?.top1, -found.value > drop {
      warnings.append(
        "top-1 changed by \(Figures.points(found)) on labelled images, at most \(Figures.decimal(100 * drop, 2)) "
          + "points of loss were asked for: it is a matter of chance where the interval holds that, else the float model's "
          + "probabilities are too sure")
    }
    return warnings
  }
}
