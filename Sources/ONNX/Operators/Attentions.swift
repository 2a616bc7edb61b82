import IR
import Math
import Operators
import Tensors

/// Attention over keys and values, and the rotation that tells it positions.
enum Attentions: ONNXFamily {
  static let readers: [String: NodeReader] = ["Attention": attention, "RotaryEmbedding": rotary]

  /// Y = softmax(Q K' * scale + bias) V for each head; queries that no key is left to get zeros.
  private static func attention(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("softmax_precision")
    let given = (try node.input(0, "Q"), try node.input(1, "K"), try node.input(2, "V"))
    let isFlat = given.0.shape.count == 3
    let queryHeads = try node.int("q_num_heads", default: 0)
    let keyHeads = try node.int("kv_num_heads", default: 0)
    let q = try heads(given.0, queryHeads, "query", node)
    var k = try heads(given.1, keyHeads, "key", node)
    var v = try heads(given.2, keyHeads, "value", node)
    // What came before this call stands in front.
    var before = 0
    if let pastKey = node.optional(4), let pastValue = node.optional(5) {
      guard pastKey.shape.count == 4, pastValue.shape.count == 4 else {
        throw Refusal("past_key has shape \(pastKey.shape), past_value \(pastValue.shape), expected 4 dimensions")
      }
      before = pastKey.shape[2]
      k = try node.add(step: "present_key", Concat(axis: 2), [pastKey, k])
      v = try node.add(step: "present_value", Concat(axis: 2), [pastValue, v])
    }
    let (presentKey, presentValue) = (k, v)
    guard k.shape[1] > 0, q.shape[1].isMultiple(of: k.shape[1]), k.shape[2] == v.shape[2] else {
      throw Refusal("\(q.shape[1]) heads of queries do not share \(k.shape[1]) heads of keys and values")
    }
    k = try repeated(k, q.shape[1] / k.shape[1], "keys", node)
    v = try repeated(v, q.shape[1] / v.shape[1], "values", node)

    var scale = try node.float("scale", default: 0)
    if scale == 0 { scale = 1 / Float(max(1, q.shape[3])).squareRoot() }
    let scaled = try node.step("scaled", .mul, q, scale)
    let turned = try node.add(step: "keys_turned", Transpose(perm: [0, 1, 3, 2]), [k])
    let product = try node.add(step: "product", MatMul(), [scaled, turned])
    var scores = product
    let cap = try node.float("softcap", default: 0)
    if cap > 0 {
      let bent = try node.step("bent", .tanh, try node.step("flat", .div, scores, cap))
      scores = try node.step("capped", .mul, bent, cap)
    }
    let capped = scores
    let bias = try self.bias(queries: q.shape[2], keys: k.shape[2], before: before, &node)
    if let bias { scores = try node.step("biased", .add, scores, bias) }
    var weights = try node.add(step: "weights", Softmax(axis: -1), [scores])
    if let bias { weights = try guarded(weights, bias, node) }
    var result = try node.add(step: "result", MatMul(), [weights, v])
    if isFlat {
      let turned = try node.add(step: "result_turned", Transpose(perm: [0, 2, 1, 3]), [result])
      result = try node.add(
        step: "result_flat", Reshape(shape: [q.shape[0], q.shape[2], q.shape[1] * v.shape[3]]), [turned])
    }
    let mode = try node.int("qk_matmul_output_mode", default: 0)
    guard (0...3).contains(mode) else { throw Refusal("attribute qk_matmul_output_mode is \(mode), expected 0 to 3") }
    let shown = [product, capped, scores, weights][mode]
    return [try node.result(result)[0], presentKey, presentValue, shown]
  }

  /// [batch, sequence, heads * size] as [batch, heads, sequence, size].
  private static func heads(_ x: Symbol, _ count: Int, _ name: String, _ node: NodeImport) throws(Refusal) -> Symbol {
    if x.shape.count == 4 { return x }
    guard x.shape.count == 3, count > 0, x.shape[2].isMultiple(of: count) else {
      throw Refusal("the \(name) has shape \(x.shape), which is not that of \(count) heads")
    }
    let split = try node.add(
      step: "\(name)_split", Reshape(shape: [x.shape[0], x.shape[1], count, x.shape[2] / count]), [x])
    return try node.add(step: "\(name)_heads", Transpose(perm: [0, 2, 1, 3]), [split])
  }

  /// Each head of keys or values for as many heads of queries.
  private static func repeated(_ x: Symbol, _ times: Int, _ name: String, _ node: NodeImport) throws(Refusal) -> Symbol
  {
    guard times > 1 else { return x }
    try node.reserve(.int64, [x.shape[1], times])
    let origins = (0..<x.shape[1]).flatMap { [Int64](repeating: Int64($0), count: times) }
    return try node.add(
      step: "\(name)_repeated", Gather(axis: 1), [x, node.constant("\(name)_origins", Tensor(origins))])
  }

  /// What is added to the scores: 0 where a query may look, -infinity where not, or the numbers of a float mask.
  private static func bias(
    queries: Int, keys: Int, before: Int, _ node: inout NodeImport
  ) throws(Refusal) -> Symbol? {
    let zero = node.constant("zero", Tensor(scalar: Float(0)))
    let never = node.constant("never", Tensor(scalar: -Float.infinity))
    var bias: Symbol?
    func join(_ other: Symbol, _ name: String) throws(Refusal) {
      if let sum = bias {
        bias = try node.step(name, .add, sum, other)
      } else {
        bias = other
      }
    }
    if var mask = node.optional(3) {
      if mask.element == .bool { mask = try node.add(step: "mask", Where(), [mask, zero, never]) }
      if let width = mask.shape.last, width < keys {
        var pads = [Int](repeating: 0, count: 2 * mask.shape.count)
        pads[pads.count - 1] = keys - width
        mask = try node.add(step: "mask_padded", Pad(pads: pads, value: -.infinity), [mask])
      }
      try join(mask, "mask_bias")
    }
    let left = max(-1, min(keys, try node.int("left_window_size", default: -1)))
    var right = max(-1, min(keys, try node.int("right_window_size", default: -1)))
    if try node.bool("is_causal", default: false) { right = 0 }
    var offset = node.constant("before", Tensor([Int64(before)], shape: [1, 1, 1, 1]))
    if let lengths = node.optional(6) {
      let wide = try node.add(step: "lengths", Cast(to: .int64), [lengths])
      let each = try node.step("lengths_each", reshaping: wide, to: [lengths.type.count, 1, 1, 1])
      let columns = try node.range("columns", keys, along: 3, rank: 4)
      let isThere = try node.add(step: "is_there", Compare(.less), [columns, each])
      try join(try node.add(step: "padding", Where(), [isThere, zero, never]), "padded_bias")
      if before == 0 { offset = try node.step("lengths_before", .sub, each, Float(queries)) }
    }
    guard left >= 0 || right >= 0 else { return bias }
    try node.reserve(.int64, [queries, keys])
    let distances = (0..<queries).flatMap { row in (0..<keys).map { Int64($0 - row) } }
    let relative = try node.step(
      "distance", .sub, node.constant("distances", Tensor(distances, shape: [1, 1, queries, keys])), offset)
    for (name, bound, comparison) in [
      ("ahead", right, Compare.Function.lessOrEqual), ("behind", -left, Compare.Function.greaterOrEqual),
    ] where name == "ahead" ? right >= 0 : left >= 0 {
      let limit = node.constant("\(name)_bound", Tensor(scalar: Int64(bound)))
      let isNear = try node.add(step: "is_near_\(name)", Compare(comparison), [relative, limit])
      try join(try node.add(step: name, Where(), [isNear, zero, never]), "\(name)_bias")
    }
    return bias
  }

  /// Weights of 0 for queries that may look nowhere, whose softmax is not a number.
  private static func guarded(_ weights: Symbol, _ bias: Symbol, _ node: NodeImport) throws(Refusal) -> Symbol {
    guard !bias.shape.isEmpty, bias.type.count > 0 else { return weights }
    let largest = try node.add(step: "largest_bias", Reduce(.max, axes: [bias.shape.count - 1]), [bias])
    let never = node.constant("never_bias", Tensor(scalar: -Float.infinity))
    let isBlind = try node.add(step: "is_blind", Compare(.equal), [largest, never])
    // Where it is known that every query sees something, there is nothing to guard.
    if let known = isBlind.constant, !known.doubles().contains(1) { return weights }
    return try node.add(step: "guarded", Where(), [isBlind, node.constant("none", Tensor(scalar: Float(0))), weights])
  }

  /// Pairs (a, b) of numbers of each head turned by the angle of their position: (a cos - b sin, a sin + b cos).
  private static func rotary(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    var cosines = try node.input(1, "cos_cache")
    var sines = try node.input(2, "sin_cache")
    let isInterleaved = try node.bool("interleaved", default: false)
    let headCount = try node.int("num_heads", default: 0)
    let given = try node.int("rotary_embedding_dim", default: 0)
    // [batch, heads, sequence, size]
    let heads = try heads(x, headCount, "input", node)
    let size = heads.shape[3]
    let width = given == 0 ? size : given
    guard width > 0, width <= size, width.isMultiple(of: 2) else {
      throw Refusal("attribute rotary_embedding_dim is \(given) for heads of \(size)")
    }
    if let positions = node.optional(3) {
      cosines = try node.add(step: "cosines", Gather(axis: 0), [cosines, positions])
      sines = try node.add(step: "sines", Gather(axis: 0), [sines, positions])
    }
    guard cosines.shape.count == 3, cosines.shape == sines.shape, cosines.shape[2] == width / 2 else {
      throw Refusal("caches have shapes \(cosines.shape) and \(sines.shape), expected [batch, sequence, \(width / 2)]")
    }
    let wide = [cosines.shape[0], 1, cosines.shape[1], cosines.shape[2]]
    cosines = try node.step("cosines_each", reshaping: cosines, to: wide)
    sines = try node.step("sines_each", reshaping: sines, to: wide)
    func part(_ name: String, _ start: Int, _ end: Int, step: Int = 1) throws(Refusal) -> Symbol {
      try node.add(step: name, Slice(starts: [start], ends: [end], axes: [3], steps: [step]), [heads])
    }
    let a = try isInterleaved ? part("first", 0, width, step: 2) : part("first", 0, width / 2)
    let b = try isInterleaved ? part("second", 1, width, step: 2) : part("second", width / 2, width)
    var real = try node.step(
      "real", .sub, try node.step("first_cos", .mul, a, cosines), try node.step("second_sin", .mul, b, sines))
    var imaginary = try node.step(
      "imaginary", .add, try node.step("first_sin", .mul, a, sines), try node.step("second_cos", .mul, b, cosines))
    var turned: Symbol
    if isInterleaved {
      let single = real.shape + [1]
      real = try node.step("real_single", reshaping: real, to: single)
      imaginary = try node.step("imaginary_single", reshaping: imaginary, to: single)
      let pairs = try node.add(step: "pairs", Concat(axis: 4), [real, imaginary])
      turned = try node.step("turned", reshaping: pairs, to: Array(heads.shape.dropLast()) + [width])
    } else {
      turned = try node.add(step: "turned", Concat(axis: 3), [real, imaginary])
    }
    if width < size {
      turned = try node.add(step: "whole", Concat(axis: 3), [turned, try part("rest", width, size)])
    }
    guard x.shape.count == 3 else { return try node.result(turned) }
    let rows = try node.add(step: "rows", Transpose(perm: [0, 2, 1, 3]), [turned])
    return try node.add(Reshape(shape: x.shape), [rows])
  }
}
