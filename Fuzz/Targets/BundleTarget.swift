import Bundles
import CanonicalJSON
import IR
import Operators
import Synchronization
import Tensors

/// Bundles, changed inside their sections; sizes, offsets and hashes are made right again.
package enum BundleTarget: FuzzTarget {
  package static let name = "bundle"

  package static func run(_ bytes: [UInt8]) {
    ModelUse.run(path: ScratchFolder.put(bytes, "model.derm"))
  }

  package static func mutated(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8]? {
    guard var parts = BundleParts(bytes), !parts.sections.isEmpty else { return nil }
    if dice.oneIn(16) {
      dice.shuffle(&parts.sections)
    } else {
      BundleTarget.change(&parts.sections[dice.oneIn(2) ? 0 : dice.roll(parts.sections.count)], &dice)
    }
    // Unless the graph agrees with its tensors, and its types with each other, not much of it is looked at.
    if !dice.oneIn(8) { GraphRepair.repair(&parts, infersTypes: !dice.oneIn(4)) }
    if dice.oneIn(8), let index = parts.sections.indices.randomElement(using: &dice) {
      parts.sections[index].codec = UInt32(dice.roll(7))
    }
    // What is not even the stored form of something.
    if dice.oneIn(4), let index = parts.sections.indices.randomElement(using: &dice) {
      parts.sections[index].damaged = parts.sections[index].encoded.map { dice.mutated($0) }
    }
    return parts.bytes
  }

  private static func change(_ section: inout BundleParts.Section, _ dice: inout Dice) {
    guard !dice.oneIn(8), let json = try? JSON(parsing: section.raw) else {
      section.raw = dice.mutated(section.raw)
      return
    }
    section.raw = JSONMutator.bytes(mutator.mutated(json, &dice))
  }

  private static let mutator = JSONMutator(
    words: OperatorSet.names + [
      "name", "op", "attributes", "inputs", "outputs", "origins", "element", "shape", "quantization", "scale",
      "zero_point", "constant", "section", "offset", "weights", "parameters", "integers", "self-test-tensors",
      "float32", "float64", "int8", "uint8", "int32", "int64", "bool", "int", "float", "string", "ints", "floats",
      "strings", "tensor", "axis", "axes", "perm", "group", "kernel_shape", "strides", "pads", "dilations",
      "activation", "activation_parameters", "relu", "clip", "silu", "function", "add", "mul", "output_scale",
      "output_zero_point", "checkpoint", "compiled", "free_batch", "values", "nodes", "kind", "inf", "nan", "",
      "output", "task", "scores", "count", "positive", "thresholds", "multiclass", "binary", "multilabel", "none",
      "logits", "probabilities",
    ])

  package static func seeds(root: String) throws -> [[UInt8]] {
    // They are written to files of one name, which tests that run side by side must not share.
    try making.withLock { _ in try made(root) }
  }

  private static let making = Mutex(())

  private static func made(_ root: String) throws -> [[UInt8]] {
    // Every operator's model as a bundle: the importer has made it, so it is sound.
    var seeds: [[UInt8]] = []
    for (index, model) in try contents(of: "\(root)/fixtures/operators", ending: ".onnx").enumerated()
    where model.count < 3000 && index % 3 == 1 {
      if let bundle = SeedBundle.make(model, compression: index % 2 == 0 ? .none : .smallest) { seeds.append(bundle) }
    }
    return seeds + [try SeedBundle.quantized(), try SeedBundle.quantized(compression: .smallest)]
  }
}
