import CanonicalJSON
import IR
import Metrics
import Runtime
import Tensors

@testable import Reports

/// A small report with every part filled in, and names as strangers may choose them.
func sampleReport() -> Report {
  var report = Report(
    dermc: "0.1.0",
    source: .init(path: "models/lesions.onnx", format: "onnx", bytes: 9_137_004, sha256: "5f1c"),
    recipe: sampleRecipe(), stats: sampleStatistics(),
    compiled: .init(
      parameters: 2_215_000, macs: 299_529_216, bytes: 2_300_500, peakActivationBytes: 1_204_224,
      memory: PlanMemory(
        arenaBytes: 1_254_400, scratchBytes: 20_480, packedBytes: 2_410_000, memoryBytes: 3_684_944),
      effectiveMACs: 150_000_000))
  report.bundle = .init(
    path: "out/lesions.derm", bytes: 2_150_300, sha256: "77ab",
    sections: [
      .init(name: "graph", codec: "zlib", rawBytes: 41_200, storedBytes: 6100),
      .init(name: "weights", codec: "zlib", rawBytes: 2_210_000, storedBytes: 2_081_000),
    ])
  report.answer = .init(
    description: "multi-class, 3 logits",
    stored: ["output": "logits", "task": "multiclass", "scores": "logits", "count": 3])
  report.preprocessing = ["size": [224, 224], "scale": 0.5]
  report.calibrationData = .init(count: 127, sha256: "c0de")
  report.evaluationData = .init(count: 210, sha256: "beef")
  report.calibration = .init(
    samples: 127, heldBack: 0, skipped: [.init(file: "nv/broken.jpg", reason: "the JPEG ends early")],
    estimator: "mse", seed: 0)
  report.accuracy = sampleAccuracy()
  report.passes = [
    .init(pass: "fold-scale-shift", applied: 52),
    .init(pass: "fold-pad", applied: 0, noEffect: 2, refused: 1, notes: ["pad_3: pads with 0.5, not with 0"]),
  ]
  report.layers = [
    .init(
      name: "conv<1>|a", op: "Conv", output: [1, 32, 112, 112], macs: 10_838_016, precision: "int8", bits: 8,
      weights: 864, bytes: 1120, sparsity: 0.02, outputSQNR: 31.75),
    .init(
      name: "block_1", op: "Conv", output: [1, 96, 56, 56], macs: 2_709_504, precision: "int8", bits: 8,
      weights: 864, bytes: 1632, sparsity: 0.1, outputSQNR: 18.24, raisedScales: 3),
    .init(name: "reshape", op: "Reshape", output: [1, 1280], precision: "pass-through"),
    .init(
      name: "softmax", op: "Softmax", output: [1, 3], precision: "float32", reason: "Softmax has no int8 form"),
  ]
  report.warnings = ["1 calibration file was skipped: nv/broken.jpg (the JPEG ends early)"]
  return report
}

private func sampleRecipe() -> Recipe {
  var recipe = Recipe()
  recipe.int8 = true
  recipe.samples = 127
  return recipe
}

private func sampleStatistics() -> ModelStatistics {
  var statistics = ModelStatistics(Graph(name: "lesions"))
  statistics.parameters = 2_232_839
  statistics.work = Work(macs: 299_529_216)
  statistics.bytesByElement = [.float32: 9_068_000]
  statistics.peakActivationBytes = 4_816_896
  statistics.memory = PlanMemory(
    arenaBytes: 1_605_632, scratchBytes: 65_536, packedBytes: 9_068_032, memoryBytes: 10_739_200)
  return statistics
}

func sampleAccuracy() -> AccuracyReport {
  var accuracy = AccuracyReport(data: .labelled, samples: 210, classes: ["bkl", "mel", "nv"])
  accuracy.float = ModelAccuracy(
    top1: 0.8238, macroF1: 0.801, auc: 0.953, ece: 0.061,
    perClass: [
      ClassAccuracy("bkl", support: 70, precision: 0.78, recall: 0.80, f1: 0.79, auc: 0.94),
      ClassAccuracy("mel", support: 60, precision: 0.81, recall: 0.7833, f1: 0.796, auc: 0.93),
      ClassAccuracy("nv", support: 80, precision: 0.87, recall: 0.875, f1: 0.872, auc: 0.97),
    ], confusion: [[56, 8, 6], [9, 47, 4], [6, 4, 70]])
  accuracy.compiled = ModelAccuracy(
    top1: 0.819, macroF1: 0.795, auc: 0.9524, ece: 0.058,
    perClass: [
      ClassAccuracy("bkl", support: 70, precision: 0.77, recall: 0.8143, f1: 0.79, auc: 0.94),
      ClassAccuracy("mel", support: 60, precision: 0.82, recall: 0.75, f1: 0.785, auc: 0.93),
      ClassAccuracy("nv", support: 80, precision: 0.86, recall: 0.875, f1: 0.869, auc: 0.97),
    ], confusion: [[57, 7, 6], [10, 45, 5], [6, 4, 70]])
  accuracy.deltas = .init(
    top1: Estimate(-0.0048, low: -0.019, high: 0.009), macroF1: Estimate(-0.006, low: -0.021, high: 0.009),
    auc: Estimate(-0.0006, low: -0.002, high: 0.001),
    perClass: [
      .init(
        "bkl", recall: Estimate(0.0143, low: -0.014, high: 0.043), precision: Estimate(-0.01, low: -0.04, high: 0.02)),
      .init(
        "mel", recall: Estimate(-0.0333, low: -0.083, high: 0.017), precision: Estimate(0.01, low: -0.03, high: 0.05)),
      .init("nv", recall: Estimate(0, low: -0.025, high: 0.025), precision: Estimate(-0.01, low: -0.03, high: 0.01)),
    ])
  accuracy.agreement = Estimate(0.9762, low: 0.9524, high: 0.9952)
  accuracy.outputSQNR = 31.7
  accuracy.cosine = 0.9991
  accuracy.divergence = 0.00066
  return accuracy
}
