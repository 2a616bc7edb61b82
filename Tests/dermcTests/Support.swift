import CanonicalJSON
import Platform
import Tensors
import Testing

/// What a run of the program gave.
struct Outcome {
  let status: Int32
  let output: String
  let error: String
  /// Bytes of memory the program had at most; 0 where the system does not tell.
  let peak: Int

  /// Standard output as JSON.
  func json() throws -> JSONNode { JSONNode(try JSON(parsing: Array(output.utf8)), name: "output") }

  /// Standard error has one line that begins with the program's name and holds all of `parts`.
  func isOneLine(with parts: [String]) -> Bool {
    error.hasPrefix("dermc: ") && error.hasSuffix("\n") && error.filter(\.isNewline).count == 1
      && parts.allSatisfy(error.contains)
  }
}

/// The program as a user runs it.
enum Program {
  /// The executable that was built beside the tests.
  static let path: String = {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let image = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    for place in [image] + CommandLine.arguments {
      let path =
        "\(place.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/"))/dermc"
      if access(path, X_OK) == 0 { return path }
    }
    return "dermc"
  }()

  /// Runs the program and waits for it.
  ///
  /// - Parameters:
  ///   - environment: variables on top of those of the tests
  ///   - blocks: the largest file it may write, in blocks of 512 bytes
  ///   - script: what a shell is to do, in place of running the command: that is its `"$@"`
  static func run(
    _ arguments: [String], environment: [String: String] = [:], blocks: Int? = nil, script: String? = nil
  ) throws -> Outcome {
    let folder = try Folder()
    let (output, error) = (folder.path + "/output", folder.path + "/error")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, error, O_WRONLY | O_CREAT, 0o600)

    // The threads of the tests hold signals back; the program takes them as it would from a shell.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    var command = [path] + arguments
    // Counts of coverage would be a larger file than any that is allowed here.
    if let script = script ?? blocks.map({ "export LLVM_PROFILE_FILE=/dev/null; ulimit -f \($0); exec \"$@\"" }) {
      command = ["/bin/sh", "-c", script, "sh"] + command
    }
    var variables: [UnsafeMutablePointer<CChar>?] = []
    var place = environ
    while let variable = place.pointee {
      variables.append(strdup(variable))
      place += 1
    }
    for (name, value) in environment { variables.append(strdup("\(name)=\(value)")) }
    var words = command.map { FileName.withPath($0) { strdup($0) } }
    defer { for pointer in variables + words { free(pointer) } }

    var process = pid_t()
    let failure = posix_spawn(&process, command[0], &actions, &attributes, &words.terminated, &variables.terminated)
    try #require(failure == 0, "\(command[0]) cannot be run")
    var status: Int32 = 0
    // What wait4 tells of a process that was spawned begins with the memory of the one that spawned it. The kernel's
    // own mark of the highest level is gone with the process, so it is looked at until then.
    var peak = 0
    while true {
      let ended = waitpid(process, &status, WNOHANG)
      if ended == process || ended < 0 && errno != EINTR { break }
      peak = max(peak, highestMemory(of: process))
      usleep(1000)
    }
    // The exit code, or the signal it was killed by as shells show it.
    let code = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    return Outcome(
      status: code, output: try text(of: output), error: try text(of: error), peak: peak)
  }

  static func run(_ arguments: String...) throws -> Outcome { try run(arguments) }

  private static func highestMemory(of process: pid_t) -> Int {
    guard let file = fopen("/proc/\(process)/status", "r") else { return 0 }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = fread(&bytes, 1, bytes.count, file)
    for line in String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n") where line.hasPrefix("VmHWM:") {
      return (line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }
    return 0
  }

  private static func text(of path: String) throws -> String {
    String(decoding: try MappedFile.contents(of: path), as: UTF8.self)
  }
}

extension [UnsafeMutablePointer<CChar>?] {
  /// The pointers with the null after them that C expects.
  fileprivate var terminated: Self {
    get { self + [nil] }
    set { self = newValue.dropLast() }
  }
}

/// A new folder that is removed when nothing holds it any more.
final class Folder: Sendable {
  let path: String

  init() throws {
    var template = Array("\(getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir)/dermc-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap(mkdtemp).map { String(cString: $0) } }
    path = try #require(made)
  }

  deinit { Folder.remove(path) }

  static func / (folder: Folder, name: String) -> String { "\(folder.path)/\(name)" }

  func makeFolder(_ name: String) -> String {
    mkdir(self / name, 0o755)
    return self / name
  }

  /// A copy of a file under a name of its own, or the same.
  @discardableResult
  func copy(_ source: String, as name: String? = nil) throws -> String {
    let target = self / (name ?? source.split(separator: "/").last.map(String.init) ?? "copy")
    try OutputFile.write(try MappedFile.contents(of: source), to: target)
    return target
  }

  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try OutputFile.write(text, to: self / name)
    return self / name
  }

  /// The names in the folder.
  var names: [String] { Folder.names(path) }

  static func names(_ path: String) -> [String] {
    guard let stream = FileName.withPath(path, { opendir($0) }) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { FileName.string($0.prefix { $0 != 0 }) }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private static func remove(_ path: String) {
    for name in names(path) {
      let child = "\(path)/\(name)"
      if FileName.withPath(child, { unlink($0) }) != 0 { remove(child) }
    }
    _ = FileName.withPath(path) { rmdir($0) }
  }
}

/// Files of this project.
enum Fixture {
  static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/fixtures/"
  static let mobilenet = root + "lesion_mobilenet.onnx"
  static let cnn = root + "lesion_cnn.onnx"
  static let calibration = root + "images/calib"
  static let evaluation = root + "images/eval"
  static let preprocessing = root + "preprocess.json"
  static let image = root + "images/eval/nv/001.jpg"
  static let classes = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]

  /// A small model; `bad/README.md` lists them.
  static func bad(_ name: String) -> String { root + "bad/\(name).onnx" }
}

/// lesion_mobilenet compiled once for all tests that only read the bundle.
enum Compiled {
  static let result = Result { try make() }

  private static func make() throws -> (folder: Folder, outcome: Outcome) {
    let folder = try Folder()
    let model = try folder.copy(Fixture.mobilenet, as: "model.onnx")
    let outcome = try Program.run(
      "compile", model, "--int8", "--calib", Fixture.calibration, "--eval", Fixture.evaluation, "--preprocess",
      Fixture.preprocessing, "--report", folder / "page.html", folder / "page.md")
    return (folder, outcome)
  }

  static func folder() throws -> Folder { try result.get().folder }
  static func bundle() throws -> String { try result.get().folder / "model.derm" }
}
