import DermRuntime
import Glibc
import Math
import Tensors
import Texts

/// derm-run BUNDLE IMAGE ...: the class of each image, with the runtime half alone.
///
/// Exit codes are dermc's: 0 done, 2 wrong usage, 3 an input was refused or the output could not be written.
enum DermRun {
  private static let usage = "usage: derm-run [--public-key KEY.pem ...] BUNDLE.derm IMAGE ..."

  static func run() { ToolProcess.run("derm-run") { DermRun.work() } }

  private static func work() {
    if let problem = InstructionSet.problem { stop(problem, code: 2) }
    var arguments = ToolProcess.arguments[...]
    var keyPaths: [String] = []
    while arguments.first == "--public-key" {
      guard let path = arguments.dropFirst().first else { stop(usage, code: 2) }
      keyPaths.append(path)
      arguments = arguments.dropFirst(2)
    }
    guard let bundle = arguments.first, arguments.count >= 2, !bundle.hasPrefix("-") else { stop(usage, code: 2) }
    do throws(DermError) {
      let model = try load(bundle, keyPaths)
      for image in arguments.dropFirst() {
        let probabilities = try model.classify(imageAt: image)
        guard let best = probabilities.indices.max(by: { probabilities[$0] < probabilities[$1] }) else { continue }
        let name = model.labels.indices.contains(best) ? model.labels[best] : "\(best)"
        output("\(oneLine(image))\t\(oneLine(name))\t\(probabilities[best])\n")
      }
    } catch {
      stop("\(error)", code: 3)
    }
    check(ToolProcess.closeOutput())
  }

  private static func load(_ bundle: String, _ keyPaths: [String]) throws(DermError) -> DermModel {
    guard !keyPaths.isEmpty else { return try DermModel(path: bundle) }
    var keys: [DermPublicKey] = []
    for path in keyPaths { keys.append(try DermPublicKey(path: path)) }
    return try DermModel(path: bundle, trusting: keys)
  }

  /// Names from files and folders cannot forge lines or columns, or speak to the terminal.
  private static func oneLine(_ name: String) -> String { Printable.name(name, limit: .max) }

  /// Writes to standard output at once, to a pipe too; ends the program where that fails.
  private static func output(_ text: String) {
    check(ToolProcess.write(text, to: 1))
  }

  private static func check(_ failure: Int32) {
    if failure != 0 { stop("standard output cannot be written: \(String(cString: strerror(failure)))", code: 3) }
  }

  private static func stop(_ message: String, code: Int32) -> Never {
    _ = ToolProcess.write("derm-run: \(oneLine(message))\n", to: 2)
    exit(code)
  }
}
