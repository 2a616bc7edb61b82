// libFuzzer around one target: fuzz TARGET [libFuzzer's options and folders], or fuzz TARGET --seeds FOLDER.

import FuzzTargets
import Platform

/// libFuzzer's entry: it calls the function with one input after the other and ends the process.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// libFuzzer's own mutation of bytes in place; returns the new size.
@_silgen_name("LLVMFuzzerMutate")
private func mutateBytes(_ bytes: UnsafeMutablePointer<UInt8>?, _ size: Int, _ limit: Int) -> Int

nonisolated(unsafe) private var chosen: (any FuzzTarget.Type)?

@_cdecl("LLVMFuzzerCustomMutator")
func mutate(_ bytes: UnsafeMutablePointer<UInt8>?, _ size: Int, _ limit: Int, _ seed: UInt32) -> Int {
  var dice = Dice(seed: UInt64(seed))
  // One in four by libFuzzer: it knows what comparisons wanted, and crosses inputs.
  guard let bytes, let chosen, dice.roll(4) > 0,
    let changed = chosen.mutated(Array(UnsafeBufferPointer(start: bytes, count: size)), &dice), changed.count <= limit
  else { return mutateBytes(bytes, size, limit) }
  for index in changed.indices { bytes[index] = changed[index] }
  return changed.count
}

private func stop(_ message: String) -> Never {
  let line = Array("fuzz: \(message)\n".utf8)
  _ = write(2, line, line.count)
  exit(2)
}

let names = FuzzTargets.all.map { $0.name }
guard CommandLine.arguments.count > 1,
  let target = FuzzTargets.all.first(where: { $0.name == CommandLine.arguments[1] })
else { stop("expected one of \(names.joined(separator: ", "))") }
chosen = target

if CommandLine.arguments.count == 5, CommandLine.arguments[2] == "--seeds" {
  let folder = CommandLine.arguments[3]
  for (index, seed) in try target.seeds(root: CommandLine.arguments[4]).enumerated() {
    guard let file = fopen("\(folder)/seed-\(index)", "w"), fwrite(seed, 1, seed.count, file) == seed.count,
      fclose(file) == 0
    else { stop("\(folder): cannot be written") }
  }
  exit(0)
}

var count = CommandLine.argc - 1
var arguments = CommandLine.unsafeArgv + 1
arguments[0] = CommandLine.unsafeArgv[0]
var vector: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = arguments
exit(
  runDriver(&count, &vector) { bytes, size in
    chosen?.run(Array(UnsafeBufferPointer(start: bytes, count: size)))
    return 0
  })
