import DermRuntime

/// A model with the names that C reads, which are as long as it is there.
final class ModelHandle: Sendable {
  let model: DermModel
  let classNames: CNames
  let otherInputs: CNames
  let otherInputSizes: [Int]
  let outputNames: CNames

  init(_ model: DermModel) {
    self.model = model
    classNames = CNames(model.classNames)
    let others = model.otherInputs.sorted { $0.key < $1.key }
    otherInputs = CNames(others.map(\.key))
    otherInputSizes = others.map(\.value)
    outputNames = CNames(model.outputNames)
  }
}

/// Strings ended by a zero.
final class CNames: Sendable {
  nonisolated(unsafe) private let names: UnsafeMutableBufferPointer<UnsafePointer<CChar>>

  init(_ strings: [String]) {
    names = .allocate(capacity: strings.count)
    for (index, string) in strings.enumerated() {
      let bytes = Array(string.utf8CString)
      let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count)
      _ = copy.initialize(fromContentsOf: bytes)
      names.initializeElement(at: index, to: UnsafePointer(copy.baseAddress ?? .allocate(capacity: 1)))
    }
  }

  deinit {
    for name in names { name.deallocate() }
    names.deallocate()
  }

  var count: Int { names.count }

  subscript(index: Int) -> UnsafePointer<CChar>? { names.indices.contains(index) ? names[index] : nil }
}

/// A session, and the handle of the model whose names its answers point to.
final class SessionHandle {
  let session: DermSession
  let model: ModelHandle

  init(_ session: DermSession, _ model: ModelHandle) {
    self.session = session
    self.model = model
  }
}

/// What a handle stands for: C has it until it is closed.
extension OpaquePointer {
  init(handing object: some AnyObject) { self.init(Unmanaged.passRetained(object).toOpaque()) }

  func handle<Handle: AnyObject>(_: Handle.Type) -> Handle {
    Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(self)).takeUnretainedValue()
  }

  func close<Handle: AnyObject>(_: Handle.Type) {
    Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(self)).release()
  }
}
