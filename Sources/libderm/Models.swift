public import CDerm
import DermRuntime

// The functions of derm.h about models, in its order; what they do is said there.

@_cdecl("derm_model_open")
public func openModel(
  _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<derm_open_options>?,
  _ model: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<derm_error>?
) -> derm_status {
  answering(error) { () throws(CallError) in
    let path = String(cString: try required(path, "path"))
    let target = try required(model, "model")
    let request = try OpenRequest(options)
    let model = try runtime { () throws(DermError) in
      if let keys = request.keys {
        return try DermModel(path: path, trusting: keys, maximumBytes: request.maximumBytes)
      }
      return try DermModel(path: path, maximumBytes: request.maximumBytes)
    }
    target.pointee = OpaquePointer(handing: ModelHandle(model))
  }
}

/// The options of opening a model.
private struct OpenRequest {
  private(set) var maximumBytes = 1 << 30
  private(set) var keys: [DermPublicKey]?

  init(_ options: UnsafePointer<derm_open_options>?) throws(CallError) {
    guard let options else { return }
    guard options.pointee.size >= MemoryLayout<derm_open_options>.size else {
      throw .invalidArgument("options.size is \(options.pointee.size), expected sizeof(derm_open_options)")
    }
    if options.pointee.maximum_bytes > 0 { maximumBytes = Int(clamping: options.pointee.maximum_bytes) }
    guard let texts = options.pointee.public_keys else {
      guard options.pointee.public_key_count == 0 else { throw .invalidArgument("options.public_keys is NULL") }
      return
    }
    var keys: [DermPublicKey] = []
    for index in 0..<integer(options.pointee.public_key_count) {
      let text = String(cString: try required(texts[index], "a public key"))
      keys.append(try runtime { () throws(DermError) in try DermPublicKey(pem: text) })
    }
    self.keys = keys
  }
}

@_cdecl("derm_model_close")
public func closeModel(_ model: OpaquePointer?) { model?.close(ModelHandle.self) }

@_cdecl("derm_model_task")
public func modelTask(_ model: OpaquePointer?) -> derm_task {
  switch model?.handle(ModelHandle.self).model.task {
  case .multiclass?: DERM_TASK_MULTICLASS
  case .binary?: DERM_TASK_BINARY
  case .multilabel?: DERM_TASK_MULTILABEL
  case DermAnswer.Task.none?, nil: DERM_TASK_NONE
  }
}

@_cdecl("derm_model_class_count")
public func modelClassCount(_ model: OpaquePointer?) -> Int { model?.handle(ModelHandle.self).classNames.count ?? 0 }

@_cdecl("derm_model_class_name")
public func modelClassName(_ model: OpaquePointer?, _ index: Int) -> UnsafePointer<CChar>? {
  model?.handle(ModelHandle.self).classNames[index]
}

@_cdecl("derm_model_batch")
public func modelBatch(_ model: OpaquePointer?) -> Int { model?.handle(ModelHandle.self).model.batch ?? 0 }

@_cdecl("derm_model_input_shape")
public func modelInputShape(_ model: OpaquePointer?, _ dimensions: UnsafeMutablePointer<Int>?, _ capacity: Int) -> Int {
  write(model?.handle(ModelHandle.self).model.inputShape ?? [], dimensions, capacity)
}

@_cdecl("derm_model_other_input_count")
public func modelOtherInputCount(_ model: OpaquePointer?) -> Int {
  model?.handle(ModelHandle.self).otherInputs.count ?? 0
}

@_cdecl("derm_model_other_input_name")
public func modelOtherInputName(_ model: OpaquePointer?, _ index: Int) -> UnsafePointer<CChar>? {
  model?.handle(ModelHandle.self).otherInputs[index]
}

@_cdecl("derm_model_other_input_size")
public func modelOtherInputSize(_ model: OpaquePointer?, _ index: Int) -> Int {
  guard let sizes = model?.handle(ModelHandle.self).otherInputSizes, sizes.indices.contains(index) else { return 0 }
  return sizes[index]
}

@_cdecl("derm_model_output_count")
public func modelOutputCount(_ model: OpaquePointer?) -> Int { model?.handle(ModelHandle.self).outputNames.count ?? 0 }

@_cdecl("derm_model_output_name")
public func modelOutputName(_ model: OpaquePointer?, _ index: Int) -> UnsafePointer<CChar>? {
  model?.handle(ModelHandle.self).outputNames[index]
}

@_cdecl("derm_model_output_shape")
public func modelOutputShape(
  _ model: OpaquePointer?, _ index: Int, _ dimensions: UnsafeMutablePointer<Int>?, _ capacity: Int
) -> Int {
  guard let model = model?.handle(ModelHandle.self).model, model.outputNames.indices.contains(index) else { return 0 }
  return write(model.outputShape(index), dimensions, capacity)
}

/// Writes as many dimensions as fit; returns how many there are.
private func write(_ shape: [Int], _ dimensions: UnsafeMutablePointer<Int>?, _ capacity: Int) -> Int {
  guard let dimensions else { return shape.count }
  for (index, dimension) in shape.prefix(integer(capacity)).enumerated() { dimensions[index] = dimension }
  return shape.count
}
