import IR
import Operators
import Tensors

/// Parts of tensors, and elements of one or the other.
enum Selections: ONNXFamily {
  static let limits = "sizes, starts, ends and steps are constants"
  static let readers: [String: NodeReader] = [
    "Slice": slice,
    "Split": split,
    "Where": { node throws(Refusal) in try node.add(reading: Where.self) },
  ]

  /// Everything is an attribute before opset 10, an input since.
  private static func slice(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    guard let starts = try node.ints(input: 1, orAttribute: "starts"),
      let ends = try node.ints(input: 2, orAttribute: "ends")
    else { throw Refusal("starts or ends are missing") }
    let axes = try node.ints(input: 3, orAttribute: "axes")
    return try node.add(Slice(starts: starts, ends: ends, axes: axes, steps: try node.ints(input: 4, "steps")), [x])
  }

  /// Sizes are an attribute before opset 13, an input since; without them the parts are equal.
  private static func split(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let axis = try node.axis(try node.int("axis", default: 0), rank: x.shape.count)
    let parts = try node.int("num_outputs", default: node.outputCount)
    guard parts == node.outputCount, parts > 0 else {
      throw Refusal("attribute num_outputs is \(parts), the node has \(node.outputCount) outputs")
    }
    var sizes = try node.ints(input: 1, orAttribute: "split") ?? []
    if sizes.isEmpty {
      // The last part is smaller where the dimension does not divide.
      let size = (x.shape[axis] + parts - 1) / parts
      sizes = (0..<parts).map { min(size, max(0, x.shape[axis] - $0 * size)) }
    }
    guard sizes.count == node.outputCount else {
      throw Refusal("is split into \(sizes.count) parts, the node has \(node.outputCount) outputs")
    }
    return try node.add(Split(axis: axis, sizes: sizes), [x])
  }
}

extension Where: ONNXWritable {}

extension Slice: ONNXWritable {
  func write(_ node: Node, to emission: inout Emission) {
    var inputs = emission.names(node.inputs)
    inputs.append(emission.constant(node, "starts", ints: starts))
    inputs.append(emission.constant(node, "ends", ints: ends))
    inputs.append(emission.constant(node, "axes", ints: axes))
    if steps.contains(where: { $0 != 1 }) { inputs.append(emission.constant(node, "steps", ints: steps)) }
    emission.add("Slice", for: node, inputs: inputs)
  }
}

extension Split: ONNXWritable {
  func write(_ node: Node, to emission: inout Emission) {
    let inputs = emission.names(node.inputs) + [emission.constant(node, "sizes", ints: sizes)]
    emission.add("Split", for: node, inputs: inputs, ["axis": .int(axis)])
  }
}
