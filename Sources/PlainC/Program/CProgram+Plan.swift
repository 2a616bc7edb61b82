package import IR
import Math
import Operators
package import Runtime
package import Tensors

extension CProgram {
  /// Writes a plan's steps as calls.
  ///
  /// - Parameters:
  ///   - plan: of `graph`, without chains of layers that are computed band by band
  /// - Throws: where nodes have no form in plain C, all of them named; where memory is more than 32 bits count
  package init(_ plan: Plan, of graph: Graph) throws(Refusal) {
    var builder = ProgramBuilder(plan, graph)
    guard plan.arenaBytes <= Int32.max else {
      throw Refusal("needs \(plan.arenaBytes) bytes of memory, which is too much for plain C")
    }
    inputs = try builder.ports(plan.inputs, graph.inputs)
    outputs = try builder.ports(plan.outputs, graph.outputs)
    try builder.write()
    try builder.writeIntake(inputs)
    layers = builder.writer.layers
    intake = builder.writer.calls
    records = builder.writer.records
    constants = builder.writer.constants
    scratch = builder.writer.scratch
    arenaBytes = plan.arenaBytes
  }
}

private struct ProgramBuilder {
  private let plan: Plan
  private let graph: Graph
  var writer = CallWriter()
  /// What has no form, a line each.
  private var problems: [String] = []

  init(_ plan: Plan, _ graph: Graph) {
    self.plan = plan
    self.graph = graph
  }

  mutating func write() throws(Refusal) {
    for step in plan.steps { try write(step) }
    guard let first = problems.first else { return }
    var refusal = Refusal(
      problems.count == 1
        ? "has no form in plain C: \(first)"
        : "\(problems.count) nodes have no form in plain C: \(problems.prefix(20).joined(separator: "; "))"
          + (problems.count > 20 ? "; and \(problems.count - 20) more" : ""),
      remedy: "run the bundle with derm-run or libderm")
    refusal.details = Array(problems.prefix(Refusal.mostDetails))
    throw refusal
  }

  private mutating func write(_ step: Plan.Step) throws(Refusal) {
    guard let id = step.nodes.first, let node = graph[id] else { return try writeConversion(step) }
    precondition(step.nodes.count == 1, "a plan for plain C computes several layers in one step")
    guard let form = node.op as? any CForm else {
      problems.append("\(printable(node.name)) (\(node.op.name))")
      return
    }
    do throws(Refusal) {
      try form.write(try site(step, node), to: &writer)
    } catch {
      problems.append("\(printable(node.name)) (\(node.op.name)): \(oneLine(error.reason))")
    }
    writer.finish(node.name, node.op.name, shapes: shapes(step))
  }

  private mutating func site(_ step: Plan.Step, _ node: Node) throws(Refusal) -> CSite {
    // All 4-D inputs that flow lie alike, and all 4-D outputs.
    let layout = step.inputs.compactMap(\.self).first { isFlowing($0) && $0.type.rank == 4 }?.layout
    let outputLayout = step.outputs.first { $0.type.rank == 4 }?.layout
    let site = Site(
      inputs: graph.operands(of: node), outputs: step.outputs.map(\.type), layout: layout ?? .rowMajor,
      outputLayout: outputLayout ?? layout, math: KernelMath())
    var inputs: [CProgram.Pointer?] = []
    for place in step.inputs { inputs.append(try place.map { place throws(Refusal) in try pointer(place) }) }
    var outputs: [CProgram.Pointer] = []
    for place in step.outputs { outputs.append(try pointer(place)) }
    return CSite(site: site, inputs: inputs, outputs: outputs)
  }

  private func isFlowing(_ place: Plan.Place) -> Bool { plan.storages[place.storage].constant == nil }

  /// A step of the plan's own, which turns a tensor.
  private mutating func writeConversion(_ step: Plan.Step) throws(Refusal) {
    guard let from = step.inputs.first.flatMap(\.self), let to = step.outputs.first else {
      preconditionFailure("a step of no node converts nothing")
    }
    let copy = StridedCopy(from.type, from: from.layout, to: to.layout)
    try writer.copy(copy, from: try pointer(from), to: try pointer(to))
    writer.finish(step.name, step.operatorName, shapes: shapes(step))
  }

  /// The calls that write the caller's tensors where the first layers read them.
  mutating func writeIntake(_ ports: [CProgram.Port]) throws(Refusal) {
    for (index, port) in ports.enumerated() {
      let from = CProgram.Pointer(home: .caller(index), element: .float32, offset: 0)
      let isTurned = port.layout != .rowMajor && !Layout.areEquivalent(for: port.type.shape)
      switch port.type.element {
      case .int8:
        guard let quantization = port.type.quantization else {
          throw Refusal("input \(printable(port.name)) is \(port.type), expected float32")
        }
        writer.quantize(quantization, port.type.shape, isTurned: isTurned, from: from, to: port.pointer)
      case .float32:
        try writer.copy(
          StridedCopy(port.type, from: .rowMajor, to: port.layout), from: from, to: port.pointer)
      default:
        throw Refusal("input \(printable(port.name)) is \(port.type), expected float32")
      }
    }
  }

  private mutating func pointer(_ place: Plan.Place) throws(Refusal) -> CProgram.Pointer {
    let storage = plan.storages[place.storage]
    guard let constant = storage.constant else {
      return CProgram.Pointer(home: .arena, element: place.type.element, offset: storage.offset)
    }
    let bytes = constant.withBytes { Array($0) }
    return CProgram.Pointer(
      home: .constant(writer.constant("constant", constant.element, bytes)), element: constant.element, offset: 0)
  }

  /// Shapes of what flows in and out, channels last where they are.
  private func shapes(_ step: Plan.Step) -> String {
    let inputs = step.inputs.compactMap(\.self).filter(isFlowing)
    return "\(inputs.map(shape).joined(separator: " + ")) -> \(step.outputs.map(shape).joined(separator: " + "))"
  }

  private func shape(_ place: Plan.Place) -> String {
    let order = place.layout.physicalOrder(rank: place.type.rank)
    let extents = order.map { place.type.shape[$0] }
    // The batch is 1 nearly always.
    let shown = extents.count > 1 && extents[0] == 1 ? Array(extents.dropFirst()) : extents
    return shown.isEmpty ? "1" : shown.map { "\($0)" }.joined(separator: "x")
  }

  mutating func ports(_ places: [Plan.Place], _ values: [ValueID]) throws(Refusal) -> [CProgram.Port] {
    var ports: [CProgram.Port] = []
    for (place, value) in zip(places, values) {
      ports.append(
        CProgram.Port(
          name: graph[value].name, type: place.type, layout: place.layout, pointer: try pointer(place)))
    }
    return ports
  }
}
