import Bundles
package import IR
import Math
import Operators
package import Passes
package import Runtime
package import Tensors
package import Threads

/// From a model as it was read to one that runs.
package enum Preparation {
  /// The graph with everything foldable folded and clamps fused: what is quantized and pruned.
  package static func simplified(_ graph: Graph) throws(Refusal) -> (graph: Graph, log: PassLog) {
    var result = graph
    let log = try run(PassList.simplify + PassList.fuseClamps, on: &result)
    return (result, log)
  }

  /// A simplified graph with what the model quantizes itself in int8; nil for models that quantize nothing.
  package static func takenOver(_ graph: Graph) throws(Refusal) -> TakenOver? {
    guard graph.isQuantized else { return nil }
    let (meaning, simplified) = try simplified(graph)
    var (result, log) = (meaning, simplified)
    log.append(try run(PassList.takeOver, on: &result))
    return TakenOver(graph: result, meaning: meaning, log: log)
  }

  /// A simplified graph with all activations fused: what is executed in float.
  package static func fused(_ graph: Graph) throws(Refusal) -> (graph: Graph, log: PassLog) {
    var result = graph
    let log = try run(PassList.fuseFunctions, on: &result)
    return (result, log)
  }

  /// The graph to execute for a model: a compiled bundle's as it is, any other simplified and fused.
  package static func executable(_ model: LoadedModel) throws(Refusal) -> Graph {
    model.bundle?.kind == .compiled ? model.graph : try executable(of: model.graph)
  }

  /// The graph to execute for a float model's graph.
  package static func executable(of graph: Graph) throws(Refusal) -> Graph {
    try fused(simplified(graph).graph).graph
  }

  /// - Parameter fusesRows: as models run; plans whose layers are observed keep every layer a step.
  package static func plan(
    _ graph: Graph, on library: MathLibrary = .kernels, fusesRows: Bool = false
  ) throws(Refusal) -> Plan {
    let math = try library.math()
    return try Plan(graph, math: math, rowFusion: fusesRows ? .standard : nil)
  }

  package static func run(_ groups: [PassGroup], on graph: inout Graph) throws(Refusal) -> PassLog {
    try Pipeline.run(groups, on: &graph)
  }

  /// One run of a plan on row-major inputs.
  package static func outputs(_ plan: Plan, inputs: [Tensor], workers: Workers = Workers(threads: 1)) -> [Tensor] {
    let executor = Executor(plan, workers: workers)
    for (index, input) in inputs.enumerated() { executor.write(input, toInput: index) }
    executor.run()
    return (0..<executor.outputCount).map { executor.outputTensor($0) }
  }
}

/// What became of a model that quantizes itself.
package struct TakenOver: Sendable {
  /// Its quantized parts in int8.
  package let graph: Graph
  /// The same model as it spells itself out, in float between conversions.
  package let meaning: Graph
  package let log: PassLog
}
