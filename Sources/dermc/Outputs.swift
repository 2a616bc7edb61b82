import Compiler
import Tensors

/// The files a command writes.
enum Outputs {
  /// Refuses, before any work is done, outputs that cannot be written, are one file, or would replace an input.
  static func check(_ paths: [String], inputs: [String]) throws(Refusal) {
    var seen: Set<[UInt8]> = []
    for path in paths {
      // By bytes: Swift takes different spellings of an accented letter for one, the system does not.
      guard seen.insert(FileName.bytes(path)).inserted else {
        throw .usage("\(path): would be written twice; give different names")
      }
      if let input = inputs.first(where: { isSame(path, $0) }) {
        throw .usage("\(path): would replace the input \(input); give another name with -o")
      }
      try OutputFile.check(path)
    }
  }

  /// Puts a bundle and its reports, written aside, in their places, all or none. The bundle comes last: where it is,
  /// its reports are, even if the process is killed on the way.
  static func commit(_ bundle: StagedFile, with reports: [StagedFile]) throws(Refusal) {
    try StagedFile.commit(reports + [bundle])
  }

  /// Whether two paths lead to one file.
  private static func isSame(_ first: String, _ second: String) -> Bool {
    guard let one = try? FileStatus.of(first), let other = try? FileStatus.of(second) else {
      return FileName.bytes(first) == FileName.bytes(second)
    }
    return one.isSame(as: other)
  }
}
