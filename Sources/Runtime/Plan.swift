package import IR
package import Math
package import Tensors
import Threads

/// A graph made ready to run: kernels with packed weights, layouts chosen, memory assigned. Immutable and shareable.
///
/// 4-D activations lie channels-last wherever the operators allow it; conversions are steps of their own where a
/// plan's edges need them. Reshapes of contiguous data move nothing.
package struct Plan: Sendable {
  /// One kernel with its places in memory.
  package struct Step: Sendable {
    /// The nodes it computes: one, those of a chain that is computed band by band, or none for a layout conversion.
    package let nodes: [NodeID]
    package let name: String
    package let operatorName: String
    package let kernel: Kernel
    package let inputs: [Place?]
    package let outputs: [Place]
    /// The values of the graph the outputs are.
    package let values: [ValueID]
    package let work: Work
  }

  /// A tensor in a storage.
  package struct Place: Sendable {
    package let type: TensorType
    package let layout: Layout
    package let storage: Int
  }

  /// Memory for one tensor (or several that share it).
  package struct Storage: Sendable {
    package internal(set) var bytes: Int
    package internal(set) var first: Int
    package internal(set) var last: Int
    package internal(set) var constant: Tensor?
    /// The storage whose memory this one uses instead of its own.
    package internal(set) var sharedWith: Int?
    package internal(set) var offset = 0
  }

  package let steps: [Step]
  package let inputs: [Place]
  package let outputs: [Place]
  package let storages: [Storage]
  /// Values that no step computes because they are another value's memory under another shape, by that storage.
  package let aliases: [Int: [(value: ValueID, place: Place)]]
  /// Bytes of the arena all activations live in.
  package let arenaBytes: Int
  /// The largest sum of activation bytes alive at one step: what no assignment can go below.
  package let peakActivationBytes: Int
  package let scratchBytes: Int
  package let packedBytes: Int

  /// - Parameters:
  ///   - keep: values that stay readable after the whole run, at the price of their memory.
  ///   - rowFusion: when to compute chains of layers band by band; nil leaves every layer a step of its own, whose
  ///     output can be observed.
  ///   - quantizesInputs: whether the plan quantizes inputs that are only read quantized; else `inputs` says int8 for
  ///     them, and who writes them does it. What comes from 8-bit pixels need not become floats in between.
  package init(
    _ graph: Graph, math: any FloatMath, keep: Set<ValueID> = [], rowFusion limits: RowFusion.Limits? = nil,
    quantizesInputs: Bool = true
  ) throws(Refusal) {
    var builder = PlanBuilder(graph, math: math)
    try builder.build(quantizesInputs: quantizesInputs)
    for value in keep { builder.keepAlive(value) }
    if let limits { builder.fuseRows(limits) }
    builder.shareMemory()
    let layout = MemoryPlan(builder.storages, steps: builder.steps.count)
    steps = builder.steps
    inputs = builder.inputs
    outputs = builder.outputs
    aliases = builder.aliases
    storages = layout.storages
    arenaBytes = layout.arenaBytes
    peakActivationBytes = layout.peakBytes
    scratchBytes = steps.reduce(0) { max($0, $1.kernel.scratch) }
    packedBytes = steps.reduce(0) { $0 + $1.kernel.packedBytes }
  }
}

/// Walks a graph once and writes down steps and storages.
private struct PlanBuilder {
  let graph: Graph
  let math: any FloatMath
  var steps: [Plan.Step] = []
  var storages: [Plan.Storage] = []
  var inputs: [Plan.Place] = []
  var outputs: [Plan.Place] = []
  var aliases: [Int: [(value: ValueID, place: Plan.Place)]] = [:]
  private var places: [ValueID: [Layout: Plan.Place]] = [:]
  private var home: [ValueID: Layout] = [:]
  private var prepared: [NodeID: Prepared] = [:]

  /// What a node is before its values have places.
  private struct Prepared {
    let layout: Layout
    let outputLayout: Layout
    let kernel: Kernel
  }

  /// Bytes of constants that are worth starting a thread for.
  private static let worthAThread = 1 << 18

  init(_ graph: Graph, math: any FloatMath) {
    self.graph = graph
    self.math = math
  }

  mutating func build(quantizesInputs: Bool) throws(Refusal) {
    var done: Set<NodeID> = []
    for input in graph.inputs {
      if !quantizesInputs, let quantized = quantizedInput(input) {
        done.formUnion(quantized.nodes)
        inputs.append(quantized.input)
        continue
      }
      let place = newPlace(graph.type(of: input), wantsChannelsLast(input) ? .channelsLast : .rowMajor, at: 0)
      set(input, place)
      inputs.append(place)
    }
    let nodes = graph.nodesInOrder().filter { !done.contains($0.id) }
    try prepare(nodes)
    for node in nodes { add(node) }
    outputs = graph.outputs.map { place(of: $0, in: .rowMajor) }
    // Not before all are placed: converting a later output is a step, which must not write over an earlier one.
    for place in outputs { storages[place.storage].last = steps.count }
  }

  /// An input that is only read quantized: the int8 memory of its own shape that whoever writes it fills, and the nodes
  /// that leaves nothing to do, which are the quantizer and before it what only renames memory, as an NHWC input's
  /// transpose does. The quantizer's output has its place afterwards.
  private mutating func quantizedInput(_ input: ValueID) -> (input: Plan.Place, nodes: [NodeID])? {
    var nodes: [NodeID] = []
    var value = input
    var layout = Layout.rowMajor
    while let node = graph.soleUser(of: value), let output = node.outputs.first, node.inputs.first == value {
      nodes.append(node.id)
      if node.op is any Quantizing {
        let type = graph.type(of: output)
        if nodes.count == 1, wantsChannelsLast(output) { layout = .channelsLast }
        let place = newPlace(type, layout, at: 0)
        set(output, place)
        let own = Plan.Place(
          type: TensorType(type.element, graph.type(of: input).shape, quantization: type.quantization),
          layout: nodes.count == 1 ? layout : .rowMajor, storage: place.storage)
        return (own, nodes)
      }
      guard let view = (node.op as? any ViewMaking)?.view(of: layout), view.reading == layout else { return nil }
      layout = view.as
      value = output
    }
    return nil
  }

  /// Whether every reader of a 4-D value works on channels-last data.
  private func wantsChannelsLast(_ value: ValueID) -> Bool {
    let uses = graph[value].uses
    guard graph.type(of: value).rank == 4, !uses.isEmpty, !graph.isOutput(value) else { return false }
    return uses.allSatisfy { graph[$0.node]?.op.layout == .channelsLast }
  }

  /// Decides on layouts and makes all kernels: most of a plan's time is packing weights, which threads share.
  private mutating func prepare(_ nodes: [Node]) throws(Refusal) {
    var sites: [(node: Node, site: Site)] = []
    var constantBytes = 0
    for node in nodes {
      let layout = layout(for: node)
      let outputLayout = outputLayout(of: node, from: layout)
      if let renaming = renaming(node) {
        home[renaming.output] = renaming.view.as
        continue
      }
      let operands = graph.operands(of: node)
      let types = node.outputs.map { graph.type(of: $0) }
      for (output, type) in zip(node.outputs, types) { home[output] = type.rank == 4 ? outputLayout : .rowMajor }
      constantBytes += operands.reduce(0) { $0 + ($1?.constant?.type.byteCount ?? 0) }
      sites.append(
        (node, Site(inputs: operands, outputs: types, layout: layout, outputLayout: outputLayout, math: math)))
    }
    let workers = Workers(threads: constantBytes < PlanBuilder.worthAThread ? 1 : min(2, Workers.processors))
    let kernels = workers.map(below: sites.count) { index in
      Result { () throws(Refusal) in try sites[index].node.op.kernel(for: sites[index].site) }
    }
    for ((node, site), kernel) in zip(sites, kernels) {
      do throws(Refusal) {
        prepared[node.id] = Prepared(layout: site.layout, outputLayout: site.outputLayout, kernel: try kernel.get())
      } catch {
        throw error.at(node)
      }
    }
  }

  private mutating func add(_ node: Node) {
    if let (input, output, view) = renaming(node) {
      rename(input, as: output, view)
      return
    }
    guard let ready = prepared.removeValue(forKey: node.id) else {
      preconditionFailure("\(node.name) is placed before its kernel is made")
    }
    let (layout, outputLayout, kernel) = (ready.layout, ready.outputLayout, ready.kernel)
    let operands = graph.operands(of: node)
    let types = node.outputs.map { graph.type(of: $0) }
    let arguments = node.inputs.enumerated().map { index, input -> Plan.Place? in
      guard let input, !(kernel.hasPackedConstants && index > 0 && graph[input].constant != nil) else { return nil }
      return place(of: input, in: graph.type(of: input).rank == 4 ? layout : .rowMajor)
    }
    let index = steps.count
    for case let argument? in arguments { touch(argument.storage, at: index) }
    let results = node.outputs.map { output -> Plan.Place in
      let type = graph.type(of: output)
      let place = newPlace(type, type.rank == 4 ? outputLayout : .rowMajor, at: index)
      set(output, place)
      return place
    }
    steps.append(
      Plan.Step(
        nodes: [node.id], name: node.name, operatorName: node.op.name, kernel: kernel, inputs: arguments,
        outputs: results, values: node.outputs, work: node.op.work(operands, types)))
  }

  private func layout(for node: Node) -> Layout {
    switch node.op.layout {
    case .rowMajor: return .rowMajor
    case .channelsLast: return .channelsLast
    case .either, .turning:
      let isChannelsLast = node.inputs.contains { input in
        guard let input, graph[input].constant == nil, graph.type(of: input).rank == 4 else { return false }
        return home[input] == .channelsLast
      }
      return isChannelsLast ? .channelsLast : .rowMajor
    }
  }

  /// An operator that can turns row-major inputs where all who read its output want that channels-last.
  private func outputLayout(of node: Node, from layout: Layout) -> Layout {
    guard case .turning = node.op.layout, let output = node.outputs.first else { return layout }
    return wantsChannelsLast(output) ? .channelsLast : layout
  }

  /// Reshapes, and transposes that only rename channels-last as NHWC or back, need no step.
  private func renaming(
    _ node: Node
  ) -> (input: ValueID, output: ValueID, view: (reading: Layout, as: Layout))? {
    guard let input = node.inputs.first ?? nil, graph[input].constant == nil, let output = node.outputs.first,
      let source = home[input], let view = (node.op as? any ViewMaking)?.view(of: source)
    else { return nil }
    return (input, output, view)
  }

  private mutating func rename(
    _ input: ValueID, as output: ValueID, _ view: (reading: Layout, as: Layout)
  ) {
    let place = place(of: input, in: view.reading)
    let renamed = Plan.Place(type: graph.type(of: output), layout: view.as, storage: place.storage)
    aliases[place.storage, default: []].append((output, renamed))
    set(output, renamed)
  }

  /// Where a value lies in a layout, converting it first if it lies otherwise.
  private mutating func place(of value: ValueID, in layout: Layout) -> Plan.Place {
    if let place = places[value]?[layout] { return place }
    if let constant = graph[value].constant {
      storages.append(
        Plan.Storage(bytes: constant.type.byteCount, first: 0, last: 0, constant: constant.owned()))
      // Constants stay row-major whatever the kernel's layout: kernels know.
      let place = Plan.Place(type: constant.type, layout: .rowMajor, storage: storages.count - 1)
      places[value, default: [:]][layout] = place
      return place
    }
    guard let source = home[value], let place = places[value]?[source] else {
      preconditionFailure("\(graph[value].name) is read before it is computed: the graph was not verified")
    }
    if Layout.areEquivalent(for: place.type.shape) {
      let renamed = Plan.Place(type: place.type, layout: layout, storage: place.storage)
      places[value, default: [:]][layout] = renamed
      return renamed
    }
    let index = steps.count
    touch(place.storage, at: index)
    let converted = newPlace(place.type, layout, at: index)
    steps.append(
      Plan.Step(
        nodes: [], name: "\(graph[value].name) to \(layout == .channelsLast ? "NHWC" : "NCHW")",
        operatorName: "Layout", kernel: LayoutConversion.kernel(place.type, to: layout), inputs: [place],
        outputs: [converted], values: [], work: Work()))
    places[value, default: [:]][layout] = converted
    return converted
  }

  private mutating func newPlace(_ type: TensorType, _ layout: Layout, at index: Int) -> Plan.Place {
    storages.append(Plan.Storage(bytes: type.byteCount, first: index, last: index))
    return Plan.Place(type: type, layout: layout, storage: storages.count - 1)
  }

  private mutating func set(_ value: ValueID, _ place: Plan.Place) {
    places[value, default: [:]][place.layout] = place
    home[value] = place.layout
  }

  private mutating func touch(_ storage: Int, at index: Int) {
    storages[storage].last = max(storages[storage].last, index)
  }

  /// Makes chains of steps one step each where a `RowFusion` computes them.
  mutating func fuseRows(_ limits: RowFusion.Limits) {
    var fused: [Plan.Step] = []
    var newIndex: [Int] = []
    var next = 0
    while next < steps.count {
      let chain = RowFusion.chain(from: next, steps: steps, storages: storages, limits: limits)
      newIndex += [Int](repeating: fused.count, count: chain.count)
      if let step = RowFusion.step(steps[chain], storages, limits: limits) {
        for part in steps[chain].dropLast() { storages[part.outputs[0].storage].bytes = 0 }
        fused.append(step)
      } else {
        fused += steps[chain]
      }
      next = chain.upperBound
    }
    newIndex.append(fused.count)
    for index in storages.indices {
      storages[index].first = newIndex[storages[index].first]
      storages[index].last = newIndex[storages[index].last]
    }
    steps = fused
  }

  /// Lets kernels that may write over their first input do so where that input dies with them.
  mutating func shareMemory() {
    for (index, step) in steps.enumerated() {
      guard step.nodes.count == 1, let node = graph[step.nodes[0]], node.op is any InPlace,
        let input = step.inputs.first ?? nil,
        let output = step.outputs.first
      else { continue }
      let root = self.root(input.storage)
      guard storages[root].constant == nil, storages[root].last == index,
        storages[root].bytes == storages[output.storage].bytes
      else { continue }
      storages[output.storage].sharedWith = root
      storages[root].last = storages[output.storage].last
    }
  }

  private func root(_ storage: Int) -> Int {
    var index = storage
    while let next = storages[index].sharedWith { index = next }
    return index
  }

  mutating func keepAlive(_ value: ValueID) {
    for place in (places[value] ?? [:]).values { storages[place.storage].last = steps.count }
  }
}
