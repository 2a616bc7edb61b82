public import CDerm
import DermRuntime

// The functions of derm.h about how sure answers are, in its order; what they do is said there.

@_cdecl("derm_model_tells_certainty")
public func modelTellsCertainty(_ model: OpaquePointer?) -> Int32 {
  model?.handle(ModelHandle.self).model.tellsCertainty == true ? 1 : 0
}

@_cdecl("derm_session_certainty")
public func certainty(
  _ session: OpaquePointer?, _ position: Int, _ certainty: UnsafeMutablePointer<derm_certainty>?,
  _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  with(session, error) { (handle) throws(CallError) in
    let target = try required(certainty, "certainty")
    let found = try runtime { () throws(DermError) in try handle.session.certainty(position: integer(position)) }
    target.pointee.abstains = found.abstains ? 1 : 0
    target.pointee.confidence = found.confidence
    target.pointee.energy = found.energy ?? .nan
    withUnsafeMutableBytes(of: &target.pointee.why) { fill($0, found.why) }
  }
}

@_cdecl("derm_session_distance")
public func distance(
  _ session: OpaquePointer?, _ position: Int, _ distance: UnsafeMutablePointer<Double>?,
  _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  with(session, error) { (handle) throws(CallError) in
    let target = try required(distance, "distance")
    let found = try runtime { () throws(DermError) in try handle.session.certainty(position: integer(position)) }
    target.pointee = found.distance ?? .nan
  }
}

@_cdecl("derm_session_set")
public func predictionSet(
  _ session: OpaquePointer?, _ position: Int, _ indices: UnsafeMutablePointer<Int32>?, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  with(session, error) { (handle) throws(CallError) in
    let (indices, count) = (try required(indices, "indices"), try required(count, "count"))
    let found = try runtime { () throws(DermError) in try handle.session.certainty(position: integer(position)) }
    for (place, member) in found.set.prefix(integer(capacity)).enumerated() { indices[place] = Int32(member.index) }
    count.pointee = found.set.count
  }
}

@_cdecl("derm_session_calibrated_probabilities")
public func calibratedProbabilities(
  _ session: OpaquePointer?, _ position: Int, _ probabilities: UnsafeMutablePointer<Double>?, _ capacity: Int,
  _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  with(session, error) { (handle) throws(CallError) in
    let target = try required(probabilities, "probabilities")
    let found = try runtime { () throws(DermError) in try handle.session.certainty(position: integer(position)) }
    guard integer(capacity) >= found.probabilities.count else {
      throw .invalidArgument("capacity is \(capacity), there are probabilities of \(found.probabilities.count) classes")
    }
    for (index, probability) in found.probabilities.enumerated() { target[index] = probability }
  }
}
