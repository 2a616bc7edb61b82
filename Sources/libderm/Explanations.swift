public import CDerm
import DermRuntime

// The functions of derm.h about where a model looks, in its order; what they do is said there.

@_cdecl("derm_session_open_explaining")
public func openExplainingSession(
  _ model: OpaquePointer?, _ threads: Int32, _ session: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  opening(session, of: model, error) { (model) throws(DermError) in
    try DermSession(explaining: model, threads: Int(threads))
  }
}

@_cdecl("derm_session_explain")
public func explain(
  _ session: OpaquePointer?, _ index: Int32, _ map: UnsafeMutablePointer<Float>?, _ capacity: Int,
  _ explanation: UnsafeMutablePointer<derm_explanation>?, _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  with(session, error) { (handle) throws(CallError) in
    let target = try required(explanation, "explanation")
    let found = try runtime { () throws(DermError) in
      try handle.session.explanation(ofClass: index == -1 ? nil : Int(index))
    }
    if let map {
      guard integer(capacity) >= found.values.count else {
        throw .invalidArgument("capacity is \(capacity), the map has \(found.values.count) numbers")
      }
      for (place, value) in found.values.enumerated() { map[place] = value }
    }
    target.pointee.index = Int32(found.explained.index)
    (target.pointee.height, target.pointee.width) = (Int32(found.height), Int32(found.width))
    (target.pointee.grid_height, target.pointee.grid_width) = (Int32(found.gridHeight), Int32(found.gridWidth))
    target.pointee.peak = found.peak
    withUnsafeMutableBytes(of: &target.pointee.method) { fill($0, found.method) }
  }
}
