import CDerm
import DermRuntime

/// Why a call fails that never reached the runtime, or what that says.
enum CallError: Error {
  case invalidArgument(String)
  case derm(DermError)

  var status: derm_status {
    switch self {
    case .invalidArgument: DERM_INVALID_ARGUMENT
    case .derm(let error): error.status
    }
  }

  var text: String {
    switch self {
    case .invalidArgument(let text): text
    case .derm(let error): error.description
    }
  }
}

extension DermError {
  var status: derm_status {
    switch self {
    case .unreadableFile: DERM_UNREADABLE_FILE
    case .notABundle: DERM_NOT_A_BUNDLE
    case .unsupportedVersion: DERM_UNSUPPORTED_VERSION
    case .damaged: DERM_DAMAGED
    case .untrusted: DERM_UNTRUSTED
    case .invalidKey: DERM_INVALID_KEY
    case .unsupportedModel: DERM_UNSUPPORTED_MODEL
    case .unsupportedProcessor: DERM_UNSUPPORTED_PROCESSOR
    case .memoryLimit: DERM_MEMORY_LIMIT
    case .outOfMemory: DERM_OUT_OF_MEMORY
    case .invalidThreads: DERM_INVALID_THREADS
    case .inputDoesNotFit: DERM_INPUT_DOES_NOT_FIT
    case .unreadableImage: DERM_UNREADABLE_IMAGE
    case .notFinite: DERM_NOT_FINITE
    case .inUse: DERM_IN_USE
    }
  }
}

/// Does the work of a call; its status is the result, and where that is an error it is written down.
func answering(
  _ error: UnsafeMutablePointer<derm_error>?, _ work: () throws(CallError) -> Void
) -> derm_status {
  do throws(CallError) {
    try work()
    error?.pointee.status = DERM_OK
    if let error { write("", to: error) }
    return DERM_OK
  } catch let failure {
    error?.pointee.status = failure.status
    if let error { write(failure.text, to: error) }
    return failure.status
  }
}

private func write(_ text: String, to error: UnsafeMutablePointer<derm_error>) {
  withUnsafeMutableBytes(of: &error.pointee.message) { fill($0, text) }
}

/// Writes what fits of a text, ended by a zero; no character is cut in two.
func fill(_ memory: UnsafeMutableRawBufferPointer, _ text: String) {
  var used = 0
  for character in text.unicodeScalars {
    let bytes = UTF8.encode(character) ?? UTF8.encodedReplacementCharacter
    guard used + bytes.count < memory.count else { break }
    for byte in bytes {
      memory[used] = byte
      used += 1
    }
  }
  memory[used] = 0
}

/// Does what the runtime does, with its errors as those of calls.
func runtime<Result>(_ work: () throws(DermError) -> Result) throws(CallError) -> Result {
  do throws(DermError) { return try work() } catch { throw .derm(error) }
}

/// What a pointer points to, where it may not be NULL.
func required<Pointer>(_ pointer: Pointer?, _ name: StaticString) throws(CallError) -> Pointer {
  guard let pointer else { throw .invalidArgument("\(name) is NULL") }
  return pointer
}

/// A count or index as Swift has it; what is larger fits nothing.
func integer(_ count: Int) -> Int { count < 0 ? .max : count }
