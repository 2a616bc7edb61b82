public import CDerm
import DermRuntime

// The functions of derm.h about sessions, in its order; what they do is said there.

@_cdecl("derm_session_open")
public func openSession(
  _ model: OpaquePointer?, _ threads: Int32, _ session: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  opening(session, of: model, error) { (model) throws(DermError) in
    try DermSession(model, threads: Int(threads))
  }
}

/// Hands out a session that `make` makes of a model.
func opening(
  _ session: UnsafeMutablePointer<OpaquePointer?>?, of model: OpaquePointer?,
  _ error: UnsafeMutablePointer<derm_error>?,
  _ make: (DermModel) throws(DermError) -> DermSession
) -> derm_status {
  answering(error) { () throws(CallError) in
    let handle = try required(model, "model").handle(ModelHandle.self)
    let target = try required(session, "session")
    let session = try runtime { () throws(DermError) in try make(handle.model) }
    target.pointee = OpaquePointer(handing: SessionHandle(session, handle))
  }
}

@_cdecl("derm_session_close")
public func closeSession(_ session: OpaquePointer?) { session?.close(SessionHandle.self) }

/// Lends the session of a call to its work.
func with(
  _ session: OpaquePointer?, _ error: UnsafeMutablePointer<derm_error>?,
  _ work: (SessionHandle) throws(CallError) -> Void
) -> derm_status {
  answering(error) { () throws(CallError) in try work(try required(session, "session").handle(SessionHandle.self)) }
}

// MARK: Inputs

@_cdecl("derm_session_write_image_file")
public func writeImageFile(
  _ session: OpaquePointer?, _ position: Int, _ path: UnsafePointer<CChar>?, _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  with(session, error) { (handle) throws(CallError) in
    let path = String(cString: try required(path, "path"))
    try runtime { () throws(DermError) in try handle.session.write(imageAt: path, position: integer(position)) }
  }
}

@_cdecl("derm_session_write_image_bytes")
public func writeImageBytes(
  _ session: OpaquePointer?, _ position: Int, _ bytes: UnsafeRawPointer?, _ count: Int,
  _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  with(session, error) { (handle) throws(CallError) in
    let bytes = UnsafeRawBufferPointer(start: try required(bytes, "bytes"), count: integer(count))
    try runtime { () throws(DermError) in try handle.session.write(imageBytes: bytes, position: integer(position)) }
  }
}

@_cdecl("derm_session_write_pixels")
public func writePixels(
  _ session: OpaquePointer?, _ position: Int, _ pixels: UnsafePointer<derm_pixels>?,
  _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  with(session, error) { (handle) throws(CallError) in
    let frame = try frame(try required(pixels, "pixels").pointee)
    try runtime { () throws(DermError) in try handle.session.write(frame, position: integer(position)) }
  }
}

@_cdecl("derm_session_write_numbers")
public func writeNumbers(
  _ session: OpaquePointer?, _ numbers: UnsafePointer<Float>?, _ count: Int, _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  with(session, error) { (handle) throws(CallError) in
    let numbers = UnsafeBufferPointer(start: try required(numbers, "numbers"), count: integer(count))
    try runtime { () throws(DermError) in try handle.session.write(numbers) }
  }
}

@_cdecl("derm_session_write_input")
public func writeInput(
  _ session: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ numbers: UnsafePointer<Float>?, _ count: Int,
  _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  with(session, error) { (handle) throws(CallError) in
    let name = String(cString: try required(name, "name"))
    let numbers = UnsafeBufferPointer(start: try required(numbers, "numbers"), count: integer(count))
    try runtime { () throws(DermError) in try handle.session.write(numbers, toInput: name) }
  }
}

@_cdecl("derm_session_run")
public func runSession(_ session: OpaquePointer?, _ error: UnsafeMutablePointer<derm_error>?) -> derm_status {
  with(session, error) { (handle) throws(CallError) in
    try runtime { () throws(DermError) in try handle.session.run() }
  }
}

// MARK: Answers

@_cdecl("derm_session_top")
public func topClasses(
  _ session: OpaquePointer?, _ position: Int, _ classes: UnsafeMutablePointer<derm_class>?, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  with(session, error) { (handle) throws(CallError) in
    let (classes, count) = (try required(classes, "classes"), try required(count, "count"))
    var filled = 0
    try runtime { () throws(DermError) in
      try handle.session.forTop(integer(capacity), position: integer(position)) { found in
        classes[filled] = derm_class(
          index: Int32(found.index), is_decided: found.isDecided ? 1 : 0, probability: found.probability,
          name: handle.model.classNames[found.index])
        filled += 1
      }
    }
    count.pointee = filled
  }
}

@_cdecl("derm_session_decision")
public func decision(
  _ session: OpaquePointer?, _ position: Int, _ index: UnsafeMutablePointer<Int32>?,
  _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  with(session, error) { (handle) throws(CallError) in
    let index = try required(index, "index")
    let found = try runtime { () throws(DermError) in try handle.session.decision(position: integer(position)) }
    index.pointee = Int32(found ?? -1)
  }
}

@_cdecl("derm_session_probabilities")
public func probabilities(
  _ session: OpaquePointer?, _ position: Int, _ probabilities: UnsafeMutablePointer<Double>?, _ capacity: Int,
  _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  with(session, error) { (handle) throws(CallError) in
    let target = try required(probabilities, "probabilities")
    guard integer(capacity) >= handle.model.classNames.count else {
      throw .invalidArgument(
        "capacity is \(capacity), there are probabilities of \(handle.model.classNames.count) classes")
    }
    try runtime { () throws(DermError) in
      try handle.session.withProbabilities(position: integer(position)) { found in
        for index in found.indices { target[index] = found[index] }
      }
    }
  }
}

@_cdecl("derm_session_output")
public func output(
  _ session: OpaquePointer?, _ index: Int, _ numbers: UnsafeMutablePointer<UnsafePointer<Float>?>?,
  _ count: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  with(session, error) { (handle) throws(CallError) in
    let (numbers, count) = (try required(numbers, "numbers"), try required(count, "count"))
    let found = try runtime { () throws(DermError) in try handle.session.output(integer(index)) }
    numbers.pointee = found.baseAddress
    count.pointee = found.count
  }
}
