import ArgumentParser
import Compiler
import Tensors

/// How much to say and with how many threads: every command takes these.
struct CommonOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "Threads to use; all processors unless given.")
  var threads: Int?

  @Flag(name: [.short, .long], help: "Say nothing but errors, and what was asked for.")
  var quiet = false

  @Flag(name: [.short, .long], help: "Say more: what passes did, layers that stay float, all that is wrong.")
  var verbose = false

  func threadCount() throws(Refusal) -> Int {
    guard let threads else { return Machine.processors }
    guard (1...256).contains(threads) else { throw .usage("--threads \(threads): expected 1 to 256") }
    return threads
  }
}
