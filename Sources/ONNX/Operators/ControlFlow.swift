import IR
import Operators
import Tensors

/// If, Loop and Scan, where constants tell which way they go: branches that are taken and bodies that are repeated
/// become part of the graph.
enum ControlFlow: ONNXFamily {
  static let limits =
    "where constants tell which branch is taken and how often a body runs; Scan since opset 9"
  static let readers: [String: NodeReader] = ["If": branch, "Loop": loop, "Scan": scan]

  private static let remedy = "export the model by tracing with fixed inputs, or simplify it"

  private static func branch(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    guard let condition = try node.truth(0, "cond") else { throw Refusal("input 0 (cond) is missing") }
    let (taken, other) = condition ? ("then_branch", "else_branch") : ("else_branch", "then_branch")
    node.ignore(graph: other)
    return try node.add(step: taken, try node.graph(taken), [])
  }

  /// y, ... = body(iteration, condition, y, ...) as often as the trip count says and the condition holds; what else the
  /// body gives is stacked.
  private static func loop(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    var trips: Int?
    if let limit = try node.ints(input: 0, "M") {
      guard limit.count == 1 else { throw Refusal("input 0 (M) has \(limit.count) numbers, expected one") }
      trips = limit[0]
    }
    var goesOn = try node.truth(1, "cond") ?? true
    let body = try node.graph("body")
    var carried = try (2..<max(2, node.inputCount)).map { (index) throws(Refusal) in
      try node.input(index, "initial value")
    }
    guard body.record.outputs.count >= carried.count + 1 else {
      throw Refusal("its body has \(body.record.outputs.count) outputs, expected at least \(carried.count + 1)")
    }
    var stacked = [[Symbol]](repeating: [], count: body.record.outputs.count - 1 - carried.count)
    var iteration = 0
    while goesOn, trips.map({ iteration < $0 }) ?? true {
      guard iteration < Limits.nodes else { throw Refusal("repeats its body without end", remedy: remedy) }
      let number = node.constant("\(iteration)/iteration", Tensor(scalar: Int64(iteration)))
      let condition = node.constant("\(iteration)/condition", Tensor(scalar: true))
      let outputs = try node.add(step: "\(iteration)", body, [number, condition] + carried)
      guard let next = outputs[0].constant?.truth else {
        throw Refusal("its condition is computed at run time, expected a constant", remedy: remedy)
      }
      goesOn = next
      carried = Array(outputs[1..<carried.count + 1])
      for index in stacked.indices { stacked[index].append(outputs[carried.count + 1 + index]) }
      iteration += 1
    }
    return carried + (try stack(stacked, &node) { _ in 0 })
  }

  /// state, ... = body(state, ..., slice, ...) for each slice of some inputs; what else the body gives is stacked.
  private static func scan(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    guard node.opset >= 9 else { throw Refusal("is of opset \(node.opset)", remedy: "export with opset_version 17") }
    let body = try node.graph("body")
    let inputs = try node.allInputs()
    let scanned = try node.int("num_scan_inputs")
    guard (1...inputs.count).contains(scanned) else {
      throw Refusal("attribute num_scan_inputs is \(scanned), it has \(inputs.count) inputs")
    }
    var states = Array(inputs.dropLast(scanned))
    let sources = Array(inputs.suffix(scanned))
    let results = body.record.outputs.count - states.count
    guard results >= 0 else { throw Refusal("its body has \(body.record.outputs.count) outputs") }
    let axes = try list("scan_input_axes", sources.count, &node)
    let backwards = try list("scan_input_directions", sources.count, &node)
    let outputAxes = try list("scan_output_axes", results, &node)
    let outputBackwards = try list("scan_output_directions", results, &node)
    var length: Int?
    for (source, axis) in zip(sources, axes) {
      let extent = source.shape[try node.axis(axis, rank: source.shape.count)]
      guard length == nil || length == extent else { throw Refusal("its inputs differ in length") }
      length = extent
    }
    var stacked = [[Symbol]](repeating: [], count: results)
    for step in 0..<(length ?? 0) {
      var slices: [Symbol] = []
      for (index, source) in sources.enumerated() {
        let axis = try node.axis(axes[index], rank: source.shape.count)
        let position = backwards[index] == 0 ? step : source.shape[axis] - 1 - step
        let name = "\(step)/slice\(index)"
        let at = node.constant("\(name)/at", Tensor(scalar: Int64(position)))
        slices.append(try node.add(step: name, Gather(axis: axis), [source, at]))
      }
      let outputs = try node.add(step: "\(step)", body, states + slices)
      states = Array(outputs.prefix(states.count))
      for (index, output) in outputs.dropFirst(states.count).enumerated() {
        stacked[index].insert(output, at: outputBackwards[index] == 0 ? stacked[index].count : 0)
      }
    }
    return states + (try stack(stacked, &node) { outputAxes[$0] })
  }

  private static func list(_ name: String, _ count: Int, _ node: inout NodeImport) throws(Refusal) -> [Int] {
    let values = try node.ints(name) ?? [Int](repeating: 0, count: count)
    guard values.count == count else { throw Refusal("attribute \(name) is \(values), expected \(count) numbers") }
    return values
  }

  /// Tensors of one shape along a new dimension, for each list of them.
  private static func stack(
    _ lists: [[Symbol]], _ node: inout NodeImport, axis: (Int) -> Int
  ) throws(Refusal) -> [Symbol] {
    var result: [Symbol] = []
    for (index, tensors) in lists.enumerated() {
      guard let first = tensors.first else {
        throw Refusal("stacks the outputs of a body that never runs", remedy: remedy)
      }
      guard tensors.allSatisfy({ $0.elements == nil }) else { throw Refusal("stacks sequences, expected tensors") }
      let place = try node.axis(axis(index), rank: first.shape.count + 1)
      result.append(try node.joined(tensors, axis: place, isNew: true, step: "stack\(index)"))
    }
    return result
  }
}

extension NodeImport {
  /// A condition that must be known when the model is read; nil when it is left out.
  fileprivate func truth(_ index: Int, _ role: String) throws(Refusal) -> Bool? {
    guard let tensor = try constant(index, role) else { return nil }
    guard let truth = tensor.truth else { throw Refusal("input \(index) (\(role)) is \(tensor.type), expected bool") }
    return truth
  }

  /// Tensors one after the other along a dimension they have, or one that is new.
  func joined(_ tensors: [Symbol], axis: Int, isNew: Bool, step: String) throws(Refusal) -> Symbol {
    var parts = tensors
    if isNew {
      for (index, tensor) in tensors.enumerated() {
        var shape = tensor.shape
        shape.insert(1, at: axis)
        parts[index] = try add(step: "\(step)/\(index)", Reshape(shape: shape), [tensor])
      }
    }
    return parts.count == 1 ? parts[0] : try add(step: step, Concat(axis: axis), parts)
  }
}

extension Tensor {
  /// The truth value of a tensor of one; nil of others.
  fileprivate var truth: Bool? { element == .bool && count == 1 ? doubles().first.map { $0 != 0 } : nil }
}
