import Answers
import Bundles
import CanonicalJSON
import Compiler
import IR
import Math
import ONNX
import Reports
import Runtime
import Tensors

/// What dermc does with a model: statistics, passes, a plan, one run, writing it in both formats.
///
/// Only small models go through all of it: large ones are refused or take their time, which is not looked for here.
enum ModelUse {
  private static let largestNodes = 300
  private static let largestBytes = 4 << 20
  private static let largestWork = 2_000_000

  static func run(path: String) {
    do throws(Refusal) {
      let model = try LoadedModel(path: path, readsSelfTest: true)
      try use(model)
    } catch {
      require(error.kind != .defect, "\(error)")
      requireLine("\(error)")
    }
  }

  private static func use(_ model: LoadedModel) throws(Refusal) {
    do throws(Refusal) { try Verifier.check(model.graph) } catch { fatalError("a graph that is not sound: \(error)") }
    read(model)
    let statistics = ModelStatistics(model.graph)
    _ = statistics.json(perLayer: true).description
    guard isSmall(model.graph, statistics.work) else { return }
    // Files take longer than all the rest.
    if model.fileBytes % 4 == 0 { write(model.graph) }
    let graph = try Preparation.executable(model)
    let work = ModelStatistics(graph).work
    guard isSmall(graph, work) else { return }
    for fusesRows in [false, true] {
      let plan = try Preparation.plan(graph, fusesRows: fusesRows)
      guard plan.arenaBytes + plan.scratchBytes < largestBytes * 8 else { return }
      let inputs = plan.inputs.map { Tensor($0.type) { _ in } }
      _ = Preparation.outputs(plan, inputs: inputs)
    }
  }

  /// What the answer means is read of every model, and a row of numbers becomes a decision.
  private static func read(_ model: LoadedModel) {
    do throws(Refusal) {
      let decision = try DecisionOutput(model, AnswerSettings(), labels: model.labels)
      _ = decision.description(labels: model.labels)
      guard decision.rows.count == decision.meaning.count, decision.meaning.count < largestNodes else { return }
      let answer = decision.meaning.answer((0..<decision.meaning.count).map { Float($0) / 7 - 1 })
      require(answer.probabilities.count == decision.meaning.classCount, "not every class has a probability")
      require(answer.decided.allSatisfy(answer.probabilities.indices.contains), "decides for a class there is not")
    } catch {
      require(error.kind != .defect, "\(error)")
      requireLine("\(error)")
    }
  }

  private static func isSmall(_ graph: Graph, _ work: Work) -> Bool {
    guard graph.nodeCount <= largestNodes else { return false }
    var bytes = 0
    for id in graph.valueIDs {
      bytes += graph.type(of: id).byteCount
      guard bytes < largestBytes else { return false }
    }
    return work.macs < largestWork && work.elementOperations < largestWork
  }

  /// What can be written must be read again.
  private static func write(_ graph: Graph) {
    let bundle = "\(ScratchFolder.path)/written.derm"
    do throws(Refusal) {
      try BundleWriter.write(Bundle(kind: .checkpoint, graph: graph), to: bundle, compression: .none)
    } catch {
      return requireLine("\(error)")
    }
    do throws(Refusal) {
      _ = try BundleReader.open(bundle).read()
    } catch {
      fatalError("a bundle that was written cannot be read: \(error)")
    }
    do throws(Refusal) {
      try ONNXWriter.write(graph, to: "\(ScratchFolder.path)/written.onnx")
    } catch {
      requireLine("\(error)")
    }
  }
}
