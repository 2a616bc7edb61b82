import Bundles
import IR
import Runtime
package import Signing
package import Tensors
import Threads

/// What `dermc verify` does: signature, hashes, structure, self-test.
package struct Verification {
  private let path: String
  private let threads: Int
  private let keys: [PublicKey]?

  /// - Parameter keys: any of them must have signed the bundle; nil where that does not matter
  package init(_ path: String, threads: Int, trusting keys: [PublicKey]? = nil) {
    self.path = path
    self.threads = threads
    self.keys = keys
  }

  /// Lines that say what held. Throws what did not.
  package func run() throws(Refusal) -> [String] {
    let bundle: Bundle
    let file: BundleFile
    do throws(Refusal) {
      file = try BundleReader.open(path)
    } catch {
      // What cannot be opened was not checked; whatever is in a file that can be is its fault.
      throw error.kind == .unreadable ? error : error.as(.failed)
    }
    var lines: [String] = []
    do throws(Refusal) {
      lines += try signatures(of: file)
    } catch {
      throw error.as(.failed)
    }
    let problems = file.verify()
    guard problems.isEmpty else { throw Refusal(.failed, reason: problems.map { "\($0)" }.joined(separator: "; ")) }
    do throws(Refusal) {
      if file.isPart {
        return lines + ["\(file.sections.count) sections: SHA-256 holds", try PartMerge.text(of: path)]
      }
      bundle = try file.read()
    } catch {
      throw error.as(.failed)
    }
    lines += ["\(file.sections.count) sections: SHA-256 holds", "\(bundle.graph.nodeCount) nodes: structure holds"]
    guard let test = bundle.selfTest else { return lines + ["no self-test"] }
    let graph = try bundle.kind == .compiled ? bundle.graph : Preparation.executable(of: bundle.graph)
    let outputs = Preparation.outputs(
      try Preparation.plan(graph), inputs: test.inputs, workers: Workers(threads: threads))
    for (index, (expected, output)) in zip(test.outputs, outputs).enumerated() {
      guard expected.hasSameBytes(as: output) else {
        throw Refusal(
          .failed, file: path, reason: "self-test failed: output \(index) differs from the stored bits on this machine")
      }
    }
    lines.append("self-test: outputs equal the stored bits (\(Machine.instructionSet))")
    return lines
  }

  private func signatures(of file: BundleFile) throws(Refusal) -> [String] {
    if let keys { return ["signature: holds, by key \(try file.requireSignature(by: keys).id)"] }
    let unchecked = "not checked: --public-key does"
    var lines: [String] = []
    if let signature = file.signature { lines.append("signature: says to be by key \(signature.key), \(unchecked)") }
    if let signature = try file.detachedSignature() {
      lines.append("signature beside it: says to be by key \(signature.key), \(unchecked)")
    }
    return lines
  }
}
