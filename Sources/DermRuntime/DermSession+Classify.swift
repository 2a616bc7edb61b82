import Runtime
import Tensors

/// Writing, running and reading in one call.
extension DermSession {
  /// Runs the model on an image file, prepared as the bundle says. JPEG, PNG, WebP, TIFF and BMP are read; libwebp and
  /// libtiff are loaded when such a file is met.
  ///
  /// - Parameters:
  ///   - path: of the image
  ///   - others: the numbers of each input in the model's `otherInputs`
  /// - Throws: `DermError` where the image cannot be read, an input has another size or is missing, or a number in an
  ///   input or an output is not finite
  public func classify(imageAt path: String, others: [String: [Float]] = [:]) throws(DermError) -> DermAnswer {
    try checkIsSingle()
    try write(others: others)
    try write(imageAt: path)
    try run()
    return try answer()
  }

  /// The same for the bytes of such a file.
  public func classify(imageBytes bytes: [UInt8], others: [String: [Float]] = [:]) throws(DermError) -> DermAnswer {
    try checkIsSingle()
    try write(others: others)
    try write(imageBytes: bytes.span.bytes)
    try run()
    return try answer()
  }

  /// The same for pixels; of formats with planes, these follow each other.
  public func classify(
    pixels: RawSpan, _ layout: DermPixels, others: [String: [Float]] = [:]
  ) throws(DermError) -> DermAnswer {
    try checkIsSingle()
    try write(others: others)
    try write(pixels: pixels, layout)
    try run()
    return try answer()
  }

  /// The same for several image files, in as many runs as there are batches of them.
  ///
  /// - Parameters:
  ///   - paths: as many as fill whole batches of the model's
  ///   - others: the numbers of each input in the model's `otherInputs`, the same for all batches
  public func classify(
    imagesAt paths: [String], others: [String: [Float]] = [:]
  ) throws(DermError) -> [DermAnswer] {
    let batch = model.batch
    guard model.interface.answers == batch else {
      throw .inputDoesNotFit("the model gives \(model.interface.answers) answers for \(batch) images")
    }
    guard paths.count % batch == 0 else {
      throw .inputDoesNotFit("\(paths.count) images do not fill batches of \(batch), which the model takes")
    }
    var answers: [DermAnswer] = []
    for first in stride(from: 0, to: paths.count, by: batch) {
      try write(others: others)
      for position in 0..<batch { try write(imageAt: paths[first + position], position: position) }
      try run()
      for position in 0..<batch { answers.append(try answer(position: position)) }
    }
    return answers
  }

  /// Runs the model on an input laid out as its `inputShape`; returns the raw numbers of the output that decides.
  public func run(_ input: [Float], others: [String: [Float]] = [:]) throws(DermError) -> [Float] {
    try runAll(input, others)
    return Array(try output(model.interface.decision))
  }

  /// Runs the model as `run(_:others:)` does and returns the raw numbers of every output of floats by its name: an
  /// embedding beside the decision, say.
  public func outputs(_ input: [Float], others: [String: [Float]] = [:]) throws(DermError) -> [String: [Float]] {
    try runAll(input, others)
    return try namedOutputs()
  }

  /// The same for an image file, prepared as the bundle says.
  public func outputs(imageAt path: String, others: [String: [Float]] = [:]) throws(DermError) -> [String: [Float]] {
    try checkIsSingle()
    try write(others: others)
    try write(imageAt: path)
    try run()
    return try namedOutputs()
  }

  private func runAll(_ input: [Float], _ others: [String: [Float]]) throws(DermError) {
    try write(input.span)
    try write(others: others)
    try run()
  }

  private func namedOutputs() throws(DermError) -> [String: [Float]] {
    var outputs: [String: [Float]] = [:]
    for (index, name) in model.outputNames.enumerated() where model.plan.outputs[index].type.element == .float32 {
      outputs[name] = Array(try output(index))
    }
    return outputs
  }

  /// One image cannot fill a batch: what the others would be is anybody's guess.
  private func checkIsSingle() throws(DermError) {
    guard model.batch == 1 else {
      throw .inputDoesNotFit("the model takes batches of \(model.batch): use classify(imagesAt:), or write and run")
    }
  }

  /// Writes the inputs beside the image, of which none may be missing.
  private func write(others: [String: [Float]]) throws(DermError) {
    // A name the model does not have is refused by this.
    for (name, values) in others.sorted(by: { $0.key < $1.key }) where model.otherInputs[name] == nil {
      try write(values.span, toInput: name)
    }
    for (index, name) in model.interface.inputs.enumerated() where index != model.image {
      guard let values = others[name] else { throw missing(input: index) }
      try write(values.span, toInput: name)
    }
  }
}
