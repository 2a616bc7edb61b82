import ArgumentParser

/// What parts tell of where they were made, for those that leave a house.
struct PartOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Whose samples these are, where each of several sites has its own.", valueName: "name"))
  var site: String?

  @Flag(help: "Leave out what tells of files and patients: names, and hashes of contents.")
  var anonymous = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Write nothing where fewer samples than this could be used.", valueName: "count"))
  var minSamples = 0

  /// The first that was given; nil where none was.
  var given: String? {
    if let site { return "--site \(site)" }
    if anonymous { return "--anonymous" }
    return minSamples > 0 ? "--min-samples \(minSamples)" : nil
  }
}
