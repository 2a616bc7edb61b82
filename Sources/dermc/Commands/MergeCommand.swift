import ArgumentParser
import Compiler
import Tensors
import Texts

struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Put parts of dermc calibrate or dermc eval together.",
    discussion: """
      Parts may come in any order, and some at a time: what is merged can be merged again. The result has the same bytes
      whichever way it came about.

      EXAMPLES
        dermc merge part*.calib -o all.calib
        dermc merge part1.calib part2.calib -o first.calib
        dermc merge first.calib part3.calib -o all.calib
        dermc merge part*.moments -o all.moments
        dermc merge part*.eval -o all.eval
      """)

  @Argument(help: ArgumentHelp("Files of dermc calibrate, dermc eval or dermc merge.", valueName: "part"))
  var parts: [String]

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write what they are together.", valueName: "file"))
  var output: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    try Outputs.check([output], inputs: parts)
    let result = try PartMerge(parts, to: output).run(observer: Watcher(common))
    try result.file.commit()
    if !common.quiet { Console.output("\(Printable.name(output, limit: 400)): \(result.text)") }
  }
}
