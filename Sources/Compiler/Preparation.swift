package import IR
import OpenBLASMath
package import Math
import Operators
package import Passes
package import Runtime

/// From a model as it was read to one that runs.
package enum Preparation {
  /// The graph with everything foldable folded and clamps fused: what is quantized and pruned.
  package static func simplified(_ graph: Graph) throws(Diagnostic) -> (graph: Graph, log: PassLog) {
    try run(PassList.simplify, on: graph)
  }

  /// A simplified graph with all activations fused: what is executed in float.
  package static func fused(_ graph: Graph) throws(Diagnostic) -> (graph: Graph, log: PassLog) {
    try run(PassList.fuseFunctions, on: graph)
  }

  /// The graph to execute for a model: a compiled bundle's as it is, any other simplified and fused.
  package static func executable(_ model: LoadedModel) throws(Diagnostic) -> Graph {
    if model.bundle?.kind == .compiled { return model.graph }
    return try fused(simplified(model.graph).graph).graph
  }

  /// A plan on dermc's kernels, or on OpenBLAS where they know no vector instructions of this processor.
  package static func plan(_ graph: Graph, keep: Set<ValueID> = []) throws(Diagnostic) -> Plan {
    do throws(NodeError) {
      return try Plan(graph, math: floatMath, keep: keep)
    } catch {
      throw .refused("\(error)")
    }
  }

  /// Dermc's kernels give the same bits everywhere; calibration always uses them.
  package static var floatMath: any FloatMath {
    Machine.instructionSet == "scalar" ? OpenBLASMath() : KernelMath()
  }

  private static func run(_ groups: [PassGroup], on graph: Graph) throws(Diagnostic) -> (graph: Graph, log: PassLog) {
    var result = graph
    do throws(PassError) {
      let log = try Pipeline.run(groups, on: &result)
      return (result, log)
    } catch {
      throw Diagnostic(.defect, "\(error)")
    }
  }
}
