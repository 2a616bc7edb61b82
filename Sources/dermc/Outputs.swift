import Compiler
import Glibc
import Tensors

/// The files a command writes.
enum Outputs {
  /// Refuses, before any work is done, outputs that cannot be written, are one file, or would replace an input.
  static func check(_ paths: [String], inputs: [String]) throws(Diagnostic) {
    var seen: Set<String> = []
    for path in paths {
      guard seen.insert(path).inserted else { throw .usage("\(path): would be written twice; give different names") }
      if let input = inputs.first(where: { isSame(path, $0) }) {
        throw .usage("\(path): would replace the input \(input); give another name with -o")
      }
      do throws(FileError) { try OutputFile.check(path) } catch { throw .refused("\(error)") }
    }
  }

  /// Puts files that were written aside in their places.
  static func commit(_ files: [StagedFile]) throws(Diagnostic) {
    for file in files {
      do throws(FileError) { try file.commit() } catch { throw .refused("\(error)") }
    }
  }

  /// Whether two paths lead to one file.
  private static func isSame(_ first: String, _ second: String) -> Bool {
    var (one, other) = (stat(), stat())
    guard stat(first, &one) == 0, stat(second, &other) == 0 else { return first == second }
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino
  }
}
