public import CDerm
import DermRuntime

// The functions of derm.h about what images become, in its order; what they do is said there.

@_cdecl("derm_model_preprocess_image_file")
public func preprocessImageFile(
  _ model: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ numbers: UnsafeMutablePointer<Float>?, _ capacity: Int,
  _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  preprocess(model, numbers, capacity, error) { (model) throws(CallError) in
    let path = String(cString: try required(path, "path"))
    return try runtime { () throws(DermError) in try model.preprocess(imageAt: path) }
  }
}

@_cdecl("derm_model_preprocess_image_bytes")
public func preprocessImageBytes(
  _ model: OpaquePointer?, _ bytes: UnsafeRawPointer?, _ count: Int, _ numbers: UnsafeMutablePointer<Float>?,
  _ capacity: Int, _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  preprocess(model, numbers, capacity, error) { (model) throws(CallError) in
    let bytes = UnsafeRawBufferPointer(start: try required(bytes, "bytes"), count: integer(count))
    return try runtime { () throws(DermError) in try model.preprocess(imageBytes: bytes) }
  }
}

@_cdecl("derm_model_preprocess_pixels")
public func preprocessPixels(
  _ model: OpaquePointer?, _ pixels: UnsafePointer<derm_pixels>?, _ numbers: UnsafeMutablePointer<Float>?,
  _ capacity: Int, _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  preprocess(model, numbers, capacity, error) { (model) throws(CallError) in
    let frame = try frame(try required(pixels, "pixels").pointee)
    return try runtime { () throws(DermError) in try model.preprocess(frame) }
  }
}

/// Writes what an image becomes to memory of the caller's.
private func preprocess(
  _ model: OpaquePointer?, _ numbers: UnsafeMutablePointer<Float>?, _ capacity: Int,
  _ error: UnsafeMutablePointer<derm_error>?, _ work: (DermModel) throws(CallError) -> [Float]
) -> derm_status {
  answering(error) { () throws(CallError) in
    let model = try required(model, "model").handle(ModelHandle.self).model
    let target = try required(numbers, "numbers")
    let found = try work(model)
    guard integer(capacity) >= found.count else {
      throw .invalidArgument("capacity is \(capacity), an image becomes \(found.count) numbers")
    }
    target.update(from: found, count: found.count)
  }
}
