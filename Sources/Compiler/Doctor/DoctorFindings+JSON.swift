package import CanonicalJSON
import DataSets
import Images
import Metrics
import Reports

extension DoctorFindings {
  package var json: JSON {
    [
      "model": .string(model), "data": .string(data), "samples": .int(samples), "basis": .string(basis.rawValue),
      "verdict": .string(verdict.rawValue), "objection": objection.map { .string($0) } ?? .null,
      "classes": classes.map { .strings($0) } ?? .null, "reordered": .bool(isReordered),
      "preprocessing": verdict == .none ? .null : best.preprocessing.json,
      "trials": .array(
        trials.enumerated().map { index, trial in json(trial, isTied: verdict != .none && ties.contains(index)) }),
    ]
  }

  private func json(_ trial: Trial, isTied: Bool) -> JSON {
    [
      "name": .string(trial.name), "origin": .string(trial.origin.rawValue),
      "preprocessing": trial.preprocessing.json, "layout": .string(trial.order.rawValue),
      "top1": trial.labelled?.top1.json ?? .null, "balanced_accuracy": trial.labelled?.balanced?.json ?? .null,
      "auc": trial.labelled?.auc?.json ?? .null, "loss": .finite(trial.labelled?.loss),
      "classes": trial.labelled?.order.flatMap { order in
        names.map { names in .strings(order.classes.map { names[$0] }) }
      } ?? .null,
      "normalization_divergence": .finite(trial.normalization?.divergence),
      "entropy": .finite(trial.answers?.entropy), "overall_entropy": .finite(trial.answers?.overall),
      "information": .finite(trial.answers?.information), "tied": .bool(isTied),
    ]
  }
}
