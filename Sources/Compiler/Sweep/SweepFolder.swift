import CanonicalJSON
import DataSets
import Hashing
import Platform
import Reports
import Tensors

/// The folder of a sweep: for each point NAME.derm, NAME.report.json and NAME.point.json, which appear together, and
/// what is said of all. One process at a time works in it.
final class SweepFolder {
  let path: String
  private let descriptor: Int32

  private static let recordEnding = ".point.json"

  /// Makes the folder, where there is none yet, and takes hold of it until it is let go.
  init(_ path: String) throws(Refusal) {
    self.path = path
    if FileName.withPath(path, { mkdir($0, 0o777) }) != 0, errno != EEXIST {
      throw Refusal(.unreadable, file: path, reason: "cannot be made: \(String(cString: strerror(errno)))")
    }
    descriptor = FileName.withPath(path) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw Refusal(file: path, errno: errno) }
    // File systems without locks have none to refuse.
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      close(descriptor)
      throw Refusal(file: path, reason: "another process sweeps into this folder; wait for it, or give another with -o")
    }
    removeLeftovers()
  }

  deinit { close(descriptor) }

  /// Where a file of a point is.
  func bundle(_ name: String) -> String { "\(path)/\(name).derm" }
  func report(_ name: String) -> String { "\(path)/\(name).report.json" }
  func record(_ name: String) -> String { "\(path)/\(name)\(SweepFolder.recordEnding)" }

  /// Removes what a sweep that was killed outright left half written.
  private func removeLeftovers() {
    guard let stream = FileName.withPath(path, { opendir($0) }) else { return }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { continue }
      let name = FileName.string((UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self))
      let parts = name.split(separator: "-")
      guard parts.count == 3, parts[0] == ".dermc", let process = pid_t(parts[1]), process > 0,
        name.hasSuffix(".partial") || name.hasSuffix(".previous")
      else { continue }
      // Another command may be writing here, too.
      if kill(process, 0) != 0, errno == ESRCH { FileName.withPath("\(path)/\(name)") { _ = unlink($0) } }
    }
  }

  // MARK: Records

  /// The records of finished points, in the order of their names.
  func records() throws(Refusal) -> [SweepRecord] {
    var records: [SweepRecord] = []
    for name in try names() {
      let file = record(name)
      let text = try MappedFile.contents(of: file)
      do throws(JSONError) {
        let json = try JSON(parsing: text)
        let record = try SweepRecord(JSONNode(json, name: "record"))
        guard record.name == name else { throw try JSONNode(json, name: "record")["name"].error("is not the file's") }
        records.append(record)
      } catch {
        throw Refusal(
          .malformed, file: file, reason: "is no record of a sweep: \(error)",
          remedy: "remove it, or start anew with --force")
      }
    }
    return records
  }

  /// Names of points that have a record.
  private func names() throws(Refusal) -> [String] {
    try FileTree.names(in: path).filter { $0.hasSuffix(SweepFolder.recordEnding) }
      .map { String($0.dropLast(SweepFolder.recordEnding.count)) }
  }

  /// Removes all points there are a record of.
  func removePoints() throws(Refusal) {
    for name in try names() {
      // The record goes first: what has none is of no sweep.
      for file in [record(name), bundle(name), report(name)] {
        if FileName.withPath(file, { unlink($0) }) != 0, errno != ENOENT { throw Refusal(file: file, errno: errno) }
      }
    }
  }

  // MARK: Points

  /// The point of a record; nil where its files are not what was recorded, so that it has to be made again.
  func point(_ record: SweepRecord) -> SweepReport.Point? {
    switch record.outcome {
    case .outOfReach(let reason):
      return SweepReport.Point(name: record.name, options: record.options, result: .outOfReach(reason))
    case .bundle(let sha256, let reportHash, let cost, let latency):
      let (bundle, file) = (bundle(record.name), report(record.name))
      guard let content = try? MappedFile(path: bundle), content.withBytes({ SHA256(of: $0) }).hex == sha256,
        let text = try? MappedFile.contents(of: file), SHA256(of: text).hex == reportHash,
        let json = try? JSON(parsing: text), let report = try? Report(json: json)
      else { return nil }
      return SweepReport.Point(
        name: record.name, options: record.options,
        result: .bundle(SweepReport.Bundle(report: report, cost: cost, latency: latency)))
    }
  }
}
