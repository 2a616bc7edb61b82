import CProcess
import Platform

/// What a command line tool does with its process. A library in an app leaves all of it alone.
package enum ToolProcess {
  /// Runs a command line tool: makes sure that the process ends in one of its exit codes and a line (see `cp_run`),
  /// then calls `work`. Not to be called twice.
  package static func run(_ name: StaticString, _ work: @convention(c) () -> Void) {
    name.withUTF8Buffer { buffer in
      // A literal lives as long as the program and ends in a zero.
      guard let base = buffer.baseAddress else { preconditionFailure("the tool has no name") }
      cp_run(UnsafeRawPointer(base).assumingMemoryBound(to: CChar.self), work)
    }
  }

  /// The command line without the program's name; names of files in it may be any bytes (`FileName`).
  package static var arguments: [String] {
    (0..<cp_argument_count()).dropFirst().compactMap { index in cp_argument(index).map { FileName.string($0) } }
  }

  /// Refuses where a file that was mapped since the beginning has other contents by now: whatever was made of it is of
  /// neither the old nor the new.
  package static func checkInputs() throws(Refusal) {
    guard let changed = cp_changed_file() else { return }
    defer { free(changed) }
    throw Refusal(changed: FileName.string(changed))
  }

  /// Writes text whole; zero, or the number of the error that stopped the writing.
  package static func write(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      var offset = 0
      while offset < bytes.count {
        let written = Platform.write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
        if written < 0 {
          let failure = errno
          if failure == EINTR { continue }
          if failure == EAGAIN {
            // A pipe that somebody else made not to wait.
            var pipe = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&pipe, 1, -1)
            continue
          }
          return failure
        }
        offset += written
      }
      return 0
    }
  }

  /// Closes standard output; the number of the error with which the last of it was lost, or zero. Some file systems
  /// only then tell.
  package static func closeOutput() -> Int32 { close(1) == 0 || errno == EINTR ? 0 : errno }
}
