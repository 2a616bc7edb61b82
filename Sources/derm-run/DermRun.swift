import DermRuntime
import Math
import Platform
import Tensors
import Texts

/// derm-run BUNDLE IMAGE ...: what the model decides for each image, with the runtime half alone.
///
/// A line for each image: its name, the class decided for, the probability of that class. Of a multi-label model a line
/// for each label that counts as there, or one with "none" and the highest probability. Of a model that decides nothing
/// "-" and its numbers. With --outputs instead a line for each output: its name and its numbers, none of them rounded.
///
/// Exit codes are dermc's: 0 done, 2 wrong usage, 3 an input was refused or the output could not be written.
enum DermRun {
  private static let usage =
    "usage: derm-run [--public-key KEY.pem ...] [--input NAME=NUMBER,... ...] [--outputs] BUNDLE.derm IMAGE ..."

  static func run() { ToolProcess.run("derm-run") { DermRun.work() } }

  private static func work() {
    if let problem = InstructionSet.problem { stop(problem, code: 2) }
    var arguments = ToolProcess.arguments[...]
    var keyPaths: [String] = []
    var inputs: [String: [Float]] = [:]
    var showsOutputs = false
    while let option = arguments.first, ["--public-key", "--input", "--outputs"].contains(option) {
      guard option != "--outputs" else {
        showsOutputs = true
        arguments = arguments.dropFirst()
        continue
      }
      guard let value = arguments.dropFirst().first else { stop(usage, code: 2) }
      if option == "--public-key" { keyPaths.append(value) } else { read(value, into: &inputs) }
      arguments = arguments.dropFirst(2)
    }
    guard let bundle = arguments.first, arguments.count >= 2, !bundle.hasPrefix("-") else { stop(usage, code: 2) }
    do throws(DermError) {
      let model = try load(bundle, keyPaths)
      let session = try DermSession(model)
      for image in arguments.dropFirst() {
        if showsOutputs {
          let outputs = try session.outputs(imageAt: image, others: inputs)
          for name in model.outputNames {
            if let found = outputs[name] { line(image, name, numbers(found)) }
          }
        } else {
          show(try session.classify(imageAt: image, others: inputs), of: image)
        }
      }
    } catch {
      stop("\(error)", code: 3)
    }
    check(ToolProcess.closeOutput())
  }

  /// NAME=NUMBER,...: the numbers of an input beside the image.
  private static func read(_ text: String, into inputs: inout [String: [Float]]) {
    guard let equals = text.firstIndex(of: "=") else { stop(usage, code: 2) }
    let numbers = text[text.index(after: equals)...].split(separator: ",", omittingEmptySubsequences: false)
    let values = numbers.compactMap { Float($0) }
    guard values.count == numbers.count else { stop("--input \(text): expected NAME=NUMBER,NUMBER,...", code: 2) }
    inputs[String(text[..<equals])] = values
  }

  private static func show(_ answer: DermAnswer, of image: String) {
    guard answer.task != .none else { return line(image, "-", numbers(answer.output)) }
    for decided in answer.decisions { line(image, decided.label, "\(Float(decided.probability))") }
    if answer.decisions.isEmpty, let highest = answer.mostProbable {
      line(image, "none", "\(Float(highest.probability))")
    }
  }

  private static func line(_ image: String, _ word: String, _ figures: String) {
    output("\(oneLine(image))\t\(oneLine(word))\t\(figures)\n")
  }

  /// As many digits as tell a number from all others.
  private static func numbers(_ numbers: [Float]) -> String { numbers.map { "\($0)" }.joined(separator: " ") }

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
