import Bundles
import IR
import Math
import Runtime
import Tensors

/// What `dermc verify` does: hashes, structure, self-test.
package enum BundleCheck {
  /// Checks a bundle; returns lines that say what held. Throws what did not.
  package static func run(_ path: String, threads: Int) throws(Diagnostic) -> [String] {
    let bundle: Bundle
    let file: BundleFile
    do throws(BundleError) {
      file = try BundleReader.open(path)
    } catch {
      // What cannot be opened was not checked; whatever is in a file that can be is its fault.
      if case .file = error { throw .refused("\(error)") }
      throw Diagnostic(.failed, "\(error)")
    }
    let problems = file.verify()
    guard problems.isEmpty else { throw Diagnostic(.failed, problems.map { "\($0)" }.joined(separator: "; ")) }
    do throws(BundleError) {
      bundle = try file.read()
    } catch {
      throw Diagnostic(.failed, "\(error)")
    }
    var lines = ["\(file.sections.count) sections: SHA-256 holds", "\(bundle.graph.nodeCount) nodes: structure holds"]
    guard let test = bundle.selfTest else { return lines + ["no self-test"] }
    let graph = try bundle.kind == .compiled ? bundle.graph : Preparation.executable(of: bundle.graph)
    let outputs = Preparation.outputs(
      try Preparation.plan(graph), inputs: test.inputs, workers: Workers(threads: threads))
    for (index, (expected, output)) in zip(test.outputs, outputs).enumerated() {
      guard withExtendedLifetime((expected, output), { expected.bytes.elementsEqual(output.bytes) }) else {
        throw Diagnostic(
          .failed, "\(path): self-test failed: output \(index) differs from the stored bits on this machine")
      }
    }
    lines.append("self-test: outputs equal the stored bits (\(Machine.instructionSet))")
    return lines
  }
}
