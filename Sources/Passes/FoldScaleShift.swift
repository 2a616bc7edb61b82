import IR
import Math
import Operators
import Tensors

extension Pass {
  /// Folds batch normalisations and channelwise scalings into the layer before or after them, or into each other.
  ///
  ///     y = Conv(x, w, b); z = ScaleShift(y, s, t)        ->   z = Conv(x, w * s[m], b * s[m] + t[m])
  ///     y = ScaleShift(x, s, t); z = Conv(y, w, b)        ->   z = Conv(x, w * s[c], b + sum over c, taps of w * t[c])
  ///     y = ScaleShift(x, s, t); z = ScaleShift(y, u, v)  ->   z = ScaleShift(x, s * u, t * u + v)
  ///     y = ScaleShift(x, s, t); f = Reshape(y); z = Gemm(f, w, b)
  ///         ->   f = Reshape(x); z = Gemm(f, ...) as Conv, each channel's s and t for all of its elements
  ///
  /// Before: BatchNormalization or ScaleShift (s = scale / sqrt(var + epsilon), t = bias - mean * s) beside Conv,
  /// ConvTranspose or Gemm.
  /// Conditions: nothing else uses the value between them; what comes first has no activation; into a layer after it
  /// only where every output sums all taps: a convolution that pads would see shifted zeros (unless all shifts are 0).
  /// Formula: in double precision from the original numbers, each weight rounded once.
  package static let foldScaleShift = Pass(
    "fold-scale-shift", "fold batch normalisations and channelwise scalings into layers"
  ) { (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    for id in graph.nodeIDs {
      guard let node = graph[id], node.op is ScaleShift || node.op is BatchNormalization else { continue }
      guard let scaling = ChannelScaling(node, in: graph) else {
        log.refused(node, "its coefficients are not finite constants")
        continue
      }
      switch try foldBack(node, scaling, &graph, &log) {
      case nil: continue
      case let reason?:
        guard let other = try foldForward(node, scaling, &graph, &log) else { continue }
        log.refused(node, "\(reason); \(other)")
      }
    }
  }

  /// Folds into the producer, or says why not.
  private static func foldBack(
    _ node: Node, _ scaling: ChannelScaling, _ graph: inout Graph, _ log: inout PassLog
  ) throws(Refusal) -> String? {
    guard let producer = graph.producer(of: scaling.x) else { return "it reads an input of the model" }
    guard isFoldable(producer) else { return "\(producer.op.name) before it has no weights" }
    guard graph.soleUser(of: scaling.x) != nil else { return "the value before it is used elsewhere" }
    if let first = ChannelScaling(producer, in: graph) {
      guard first.activation == .identity else { return "\(producer.name) before it has an activation" }
      let scale = zip(first.scale, scaling.scale).map { $0 * $1 }
      let shift = zip(zip(first.shift, scaling.scale), scaling.shift).map { $0.0 * $0.1 + $1 }
      guard (scale + shift).allSatisfy({ Float($0).isFinite }) else {
        return "numbers of \(producer.name) would not be finite"
      }
      try graph.rewrite(
        producer, as: ScaleShift(activation: scaling.activation),
        inputs: [
          first.x, graph.addFloats(scale, name: "\(node.name)_scale"),
          graph.addFloats(shift, name: "\(node.name)_shift"),
        ], origins: node.origins)
    } else {
      guard let layer = LinearLayer(producer, in: graph) else { return "\(producer.name) has no constant weights" }
      guard layer.activation == .identity else { return "\(producer.name) before it has an activation" }
      guard let spread = scaling.spread(over: layer.outputs, isAlongChannels: layer.channelAxis == 1) else {
        return "\(producer.name) has its channels in another dimension"
      }
      let isFolded = try layer.foldAfter(
        scale: spread.scale, shift: spread.shift, activation: scaling.activation, in: &graph, origins: node.origins)
      guard isFolded else { return "numbers of \(producer.name) would not be finite" }
    }
    graph.bypass(node, with: scaling.x)
    log.applied(node, "into \(producer.name) before it")
    return nil
  }

  /// Folds into the only user, or says why not.
  private static func foldForward(
    _ node: Node, _ scaling: ChannelScaling, _ graph: inout Graph, _ log: inout PassLog
  ) throws(Refusal) -> String? {
    guard scaling.activation == .identity else { return "it has an activation" }
    guard let output = node.outputs.first else { return "it has no output" }
    let path = graph.movements(from: output)
    let end = path.last?.outputs.first ?? output
    guard let user = graph.soleUser(of: end) else { return "not exactly one node uses its result" }
    guard let layer = LinearLayer(user, in: graph), graph.input(user, 0) == end else {
      return "\(user.op.name) after it has no weights"
    }
    let places = try graph.channels(of: output, after: path)
    let moved = path.isEmpty ? scaling : places.map { scaling.reordered($0) }
    guard let spread = moved?.spread(over: layer.inputs, isAlongChannels: layer.channelAxis == 1) else {
      return "\(user.name) has its channels in another dimension"
    }
    if scaling.shift.contains(where: { $0 != 0 }) {
      if let conv = user.op as? Conv, conv.window.pads != [0, 0, 0, 0] {
        return "\(user.name) after it pads with zeros, which would have to be shifted too"
      }
      if user.op is ConvTranspose { return "\(user.name) after it does not sum all taps at every position" }
    }
    let isFolded = try layer.foldBefore(
      scale: spread.scale, shift: spread.shift, x: path.isEmpty ? scaling.x : end, in: &graph, origins: node.origins)
    guard isFolded else { return "numbers of \(user.name) would not be finite" }
    if let first = path.first { try graph.rewrite(first, as: first.op, inputs: [scaling.x]) }
    graph.erase(node.id)
    log.applied(node, "into \(user.name) after it")
    return nil
  }

  private static func isFoldable(_ node: Node) -> Bool {
    switch node.op {
    case is Conv, is ConvTranspose, is Gemm, is ScaleShift, is BatchNormalization: true
    default: false
    }
  }
}
