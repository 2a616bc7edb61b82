import Platform
import Tensors

/// The page of a job of GitHub Actions, to which its steps add.
enum StepSummary {
  /// Adds Markdown where there is such a page: in a file that `GITHUB_STEP_SUMMARY` names.
  static func add(_ markdown: String) throws(Refusal) {
    guard let variable = getenv("GITHUB_STEP_SUMMARY"), variable.pointee != 0 else { return }
    let path = FileName.string(variable)
    let descriptor = FileName.withPath(path) { open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644) }
    let failure = descriptor < 0 ? errno : ToolProcess.write(markdown + "\n", to: descriptor)
    if descriptor >= 0 { close(descriptor) }
    guard failure == 0 else {
      throw Refusal(
        .unreadable, file: path, reason: "cannot be written: \(String(cString: strerror(failure)))",
        remedy: "GITHUB_STEP_SUMMARY names it")
    }
  }
}
