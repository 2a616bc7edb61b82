import Platform

extension Machine {
  /// The most memory this process has had at once; nil where the system does not tell.
  ///
  /// `getrusage` would also count what the process was before it became this program.
  package static var peakProcessBytes: Int? {
    let file = open("/proc/self/status", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 13)
    let count = read(file, &bytes, bytes.count)
    guard count > 0 else { return nil }
    let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
    // "VmHWM:     12345 kB"
    let peak = lines.first { $0.hasPrefix("VmHWM:") }?.split { $0 == " " || $0 == "\t" }.dropFirst().first
    return peak.flatMap { Int($0) }.map { $0 * 1024 }
  }
}
