import IR
import Math
import Operators
import Tensors

/// Normalisations by means and deviations, by norms, and across channels.
enum Normalizations: ONNXFamily {
  static let limits = "in inference, LpNormalization with p 1 and 2"
  static let readers: [String: NodeReader] = [
    "BatchNormalization": batch,
    "GroupNormalization": group,
    "InstanceNormalization": instance,
    "LayerNormalization": layer,
    "LpNormalization": norm,
    "LRN": { node throws(Refusal) in try node.add(reading: LRN.self, [try node.input(0, "x")]) },
    "MeanVarianceNormalization": meanVariance,
    "RMSNormalization": rootMeanSquare,
  ]

  private static func batch(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("consumed_inputs", "is_test")
    try node.expect("spatial", 1)
    var inputs: [Symbol] = []
    for (index, role) in ["x", "scale", "bias", "mean", "variance"].enumerated() {
      inputs.append(try node.input(index, role))
    }
    if try node.bool("training_mode", default: false) { return try ownBatch(inputs, &node) }
    node.ignore("momentum")
    guard !(1..<max(1, node.outputCount)).contains(where: node.usesOutput) else {
      throw Refusal("is in training mode", remedy: "export the model in inference mode")
    }
    return try node.add(reading: BatchNormalization.self, inputs)
  }

  /// A constant normalised by its own moments in each channel, which is how weights are standardised, and the running
  /// mean and variance: momentum * before + (1 - momentum) * own.
  private static func ownBatch(_ inputs: [Symbol], _ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = inputs[0]
    guard x.constant != nil, x.shape.count >= 2 else {
      throw Refusal(
        "is in training mode: what it makes of an image would depend on the others of the batch",
        remedy: "export the model in inference mode")
    }
    let axes = x.shape.indices.filter { $0 != 1 }
    let (mean, centred, variance) = try moments(x, axes: axes, node)
    let guarded = try node.step("guarded", .add, variance, try node.float("epsilon", default: 1e-5))
    let normal = try node.step("normal", .div, centred, try node.step("deviation", .sqrt, guarded))
    let channels = [x.shape[1]] + x.shape.dropFirst(2).map { _ in 1 }
    let scaled = try node.step("scaled", .mul, normal, try node.step("scale", reshaping: inputs[1], to: channels))
    let outputs = try node.add(Binary(.add), [scaled, try node.step("bias", reshaping: inputs[2], to: channels)])
    let momentum = try node.float("momentum", default: 0.9)
    var running: [Symbol] = []
    for (name, before, own) in [("mean", inputs[3], mean), ("variance", inputs[4], variance)] {
      let own = try node.step("own_\(name)", reshaping: own, to: [x.shape[1]])
      running.append(
        try node.step(
          "running_\(name)", .add, try node.step("\(name)_before", .mul, before, momentum),
          try node.step("\(name)_added", .mul, own, 1 - momentum)))
    }
    return outputs + running
  }

  /// The mean of x along `axes`, x without it, and its variance.
  private static func moments(
    _ x: Symbol, axes: [Int], _ node: NodeImport
  ) throws(Refusal) -> (mean: Symbol, centred: Symbol, variance: Symbol) {
    let mean = try node.add(step: "mean", Reduce(.mean, axes: axes), [x])
    let centred = try node.step("centred", .sub, x, mean)
    let squares = try node.step("squares", .mul, centred, centred)
    return (mean, centred, try node.add(step: "variance", Reduce(.mean, axes: axes), [squares]))
  }

  private static func instance(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("consumed_inputs")
    return try node.add(
      reading: InstanceNormalization.self,
      [try node.input(0, "x"), try node.input(1, "scale"), try node.input(2, "bias")])
  }

  /// Groups of channels are channels of an instance normalisation; scale and bias are those of channels, or before
  /// opset 21 of groups.
  private static func group(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("stash_type")
    let x = try node.input(0, "x")
    let scale = try node.input(1, "scale")
    let bias = try node.input(2, "bias")
    let groups = try node.int("num_groups")
    guard x.shape.count >= 3, groups > 0, x.shape[1].isMultiple(of: groups), x.type.count > 0 else {
      throw Refusal("x has shape \(x.shape), which has no \(groups) groups of channels")
    }
    let grouped = try node.add(
      step: "groups", Reshape(shape: [x.shape[0], groups, x.type.count / (x.shape[0] * groups)]), [x])
    try node.reserve(.float32, [2, groups])
    let one = node.constant("one", Tensor([Float](repeating: 1, count: groups)))
    let zero = node.constant("zero", Tensor([Float](repeating: 0, count: groups)))
    let op = InstanceNormalization(epsilon: try node.float("epsilon", default: 1e-5))
    let isOfGroups = scale.shape == [groups] && bias.shape == [groups]
    let normal = try node.add(step: "normal", op, [grouped, isOfGroups ? scale : one, isOfGroups ? bias : zero])
    if isOfGroups { return try node.add(Reshape(shape: x.shape), [normal]) }
    let channels = [x.shape[1]] + x.shape.dropFirst(2).map { _ in 1 }
    guard scale.shape == [channels[0]], bias.shape == scale.shape else {
      throw Refusal("scale has shape \(scale.shape), bias \(bias.shape), expected [\(channels[0])]")
    }
    let restored = try node.add(step: "restored", Reshape(shape: x.shape), [normal])
    let scaled = try node.step("scaled", .mul, restored, try node.step("scale", reshaping: scale, to: channels))
    return try node.add(Binary(.add), [scaled, try node.step("bias", reshaping: bias, to: channels)])
  }

  /// The mean and the reciprocal of the deviation are outputs too.
  private static func layer(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("stash_type")
    let x = try node.input(0, "x")
    let bias = try node.layerOperand(2, "bias", of: x)
    let inputs = [x, try node.layerOperand(1, "scale", of: x), bias]
    let outputs = try node.add(reading: LayerNormalization.self, inputs)
    guard node.usesOutput(1) || node.usesOutput(2) else { return outputs }
    let axes = Array(try node.axis(try node.int("axis", default: -1), rank: x.shape.count)..<x.shape.count)
    let (mean, _, variance) = try moments(x, axes: axes, node)
    let guarded = try node.step("guarded", .add, variance, try node.float("epsilon", default: 1e-5))
    let factor = try node.step("factor", .reciprocal, try node.step("deviation", .sqrt, guarded))
    return [outputs[0], mean, factor]
  }

  /// x * scale / sqrt(mean of x^2 + epsilon) along the dimensions from `axis` on.
  static func rootMeanSquare(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("stash_type")
    let x = try node.input(0, "x")
    let axis = try node.axis(try node.int("axis", default: -1), rank: x.shape.count)
    return try node.rootMeanSquare(
      x, axes: Array(axis..<x.shape.count), epsilon: try node.float("epsilon", default: 1e-5),
      scale: try node.input(1, "scale"))
  }

  /// x / (sum |x|^p)^(1 / p), 0 where all are 0.
  private static func norm(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let axis = try node.axis(try node.int("axis", default: -1), rank: x.shape.count)
    let p = try node.int("p", default: 2)
    guard p == 1 || p == 2 else { throw Refusal("attribute p is \(p), expected 1 or 2") }
    let norm = try node.add(step: "norm", Reduce(p == 1 ? .l1 : .l2, axes: [axis]), [x])
    let zero = node.constant("zero", Tensor(scalar: Float(0)))
    let isZero = try node.add(step: "is_zero", Compare(.equal), [norm, zero])
    let one = node.constant("one", Tensor(scalar: Float(1)))
    return try node.add(Binary(.div), [x, try node.add(step: "divisor", Where(), [isZero, one, norm])])
  }

  /// (x - mean) / (deviation + 1e-9)
  private static func meanVariance(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    var axes: [Int] = []
    for axis in try node.ints("axes") ?? [0, 2, 3] { axes.append(try node.axis(axis, rank: x.shape.count)) }
    let (_, centred, variance) = try moments(x, axes: axes, node)
    let deviation = try node.step("deviation", .sqrt, variance)
    return try node.add(Binary(.div), [centred, try node.step("divisor", .add, deviation, 1e-9)])
  }
}

extension NodeImport {
  /// Scale or bias of a layer normalisation, which may repeat along the dimensions that are normalised.
  mutating func layerOperand(_ index: Int, _ role: String, of x: Symbol) throws(Refusal) -> Symbol? {
    guard let operand = optional(index) else {
      return index == 1 ? try input(index, role) : nil
    }
    let axis = try axis(try int("axis", default: -1), rank: x.shape.count)
    let shape = Array(x.shape[axis...])
    guard operand.constant != nil, operand.shape != shape else { return operand }
    return try add(step: role, Expand(shape: shape), [operand])
  }

  /// x * scale / sqrt(mean of x^2 along `axes` + epsilon)
  func rootMeanSquare(_ x: Symbol, axes: [Int], epsilon: Float, scale: Symbol) throws(Refusal) -> [Symbol] {
    let mean = try add(step: "mean", Reduce(.mean, axes: axes), [try step("squares", .mul, x, x)])
    let root = try step("root", .sqrt, try step("guarded", .add, mean, epsilon))
    return try add(Binary(.mul), [try step("normal", .div, x, root), scale])
  }
}

extension BatchNormalization: ONNXWritable {}
extension InstanceNormalization: ONNXWritable {}
extension LayerNormalization: ONNXWritable {}
extension LRN: ONNXWritable {}

extension ScaleShift: ONNXWritable {
  var opset: Int { activation.onnx.opset }

  /// A BatchNormalization of mean 0 and variance 1.
  func write(_ node: Node, to emission: inout Emission) {
    emission.activated(node, by: activation) { emission, result in
      let channels = emission.graph.type(of: node.outputs[0]).shape[1]
      let mean = emission.constant(node, "mean", Tensor([Float](repeating: 0, count: channels)))
      let variance = emission.constant(node, "variance", Tensor([Float](repeating: 1, count: channels)))
      emission.add(
        "BatchNormalization", name: node.name, inputs: emission.names(node.inputs) + [mean, variance],
        outputs: [result], ["epsilon": .float(0)])
    }
  }
}
