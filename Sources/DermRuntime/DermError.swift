import Images
import Tensors

/// Why a model could not be read or run: the kind tells a program what to do, the text tells a person, in one line.
public enum DermError: Error, Equatable, Sendable {
  /// A file cannot be opened or read.
  case unreadableFile(String)
  /// A file is no bundle.
  case notABundle(String)
  /// A bundle of a version, or with parts, that this library does not know.
  case unsupportedVersion(String)
  /// A bundle's bytes are not those that were written, or contradict themselves.
  case damaged(String)
  /// None of the trusted keys has signed the bundle.
  case untrusted(String)
  /// A key that cannot be read.
  case invalidKey(String)
  /// A sound bundle whose model cannot be used here.
  case unsupportedModel(String)
  /// The kernels of this processor, or those that `DERMC_ISA` asks for, are not to be had.
  case unsupportedProcessor(String)
  /// The model needs more memory than it is given.
  case memoryLimit(String)
  /// There is not so much memory.
  case outOfMemory(String)
  /// A count of threads outside of 1 to 256.
  case invalidThreads(String)
  /// What is given is not what the model takes: another size, another name, too few images, nothing at all.
  case inputDoesNotFit(String)
  /// An image that cannot be decoded.
  case unreadableImage(String)
  /// A number of an input or an output is infinite or no number.
  case notFinite(String)
  /// Another thread is using the session.
  case inUse(String)
}

extension DermError: CustomStringConvertible {
  /// What is wrong, in one line.
  public var description: String {
    switch self {
    case .unreadableFile(let text), .notABundle(let text), .unsupportedVersion(let text), .damaged(let text),
      .untrusted(let text), .invalidKey(let text), .unsupportedModel(let text), .unsupportedProcessor(let text),
      .memoryLimit(let text), .outOfMemory(let text), .invalidThreads(let text), .inputDoesNotFit(let text),
      .unreadableImage(let text), .notFinite(let text), .inUse(let text):
      text
    }
  }
}

extension DermError {
  /// A bundle that is refused while it is read.
  init(_ refusal: Refusal) {
    let text = refusal.description
    self =
      switch refusal.kind {
      case .unreadable: .unreadableFile(text)
      case .damaged, .malformed: .damaged(text)
      case .foreign: .notABundle(text)
      case .unsupported: .unsupportedVersion(text)
      case .oversized: .memoryLimit(text)
      case .untrusted: .untrusted(text)
      case .unfit: .inputDoesNotFit(text)
      case .refused, .outOfReach, .usage, .failed, .defect: .unsupportedModel(text)
      }
  }

  /// An image that is refused; `path` names its file.
  init(_ error: ImageError, path: String? = nil) {
    let text = Refusal(file: path, reason: error.description).description
    self =
      switch error {
      case .outOfMemory: .outOfMemory(text)
      case .unknownFormat, .notRead, .corrupt, .unsupported, .noLibrary, .tooLarge: .unreadableImage(text)
      }
  }
}
