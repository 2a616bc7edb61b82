import Answers
import Bundles
import CanonicalJSON
import HeapMemory
import IR
import Images
import Math
import Platform
import Runtime
import Signing
import Synchronization
import Tensors
import Threads

/// A compiled model in an app: reads a bundle, prepares it for this machine and runs it.
///
/// Everything needed travels in the bundle: graph, weights, preprocessing of images, class names. Neither ONNX nor a
/// BLAS is linked. A model is used by one thread at a time, which is checked; it may itself use several. Every answer
/// is made of finite numbers: where an input or an output is not, there is an error instead.
public final class DermModel {
  /// Class names in the model's order; empty where the bundle names none.
  public let labels: [String]
  /// The image input's dimensions for one image, as the model was exported: [1, C, H, W] or [1, H, W, C].
  public let inputShape: [Int]
  /// The dimensions of the output that decides.
  public let outputShape: [Int]
  /// Names of the inputs beside the image, which `run` and `classify` then need values for, with how many numbers each.
  public let otherInputs: [String: Int]
  /// Names of all outputs, in the model's order.
  public let outputNames: [String]

  private let meaning: OutputMeaning
  /// The positions of the image among the inputs, and of the decision among the outputs.
  private let image: Int
  private let decision: Int
  private let inputNames: [String]
  private let executor: Executor
  private let preprocessing: Preprocessing?
  private let isChannelsFirst: Bool
  /// Whether a thread is writing inputs or running.
  private let isInUse = Atomic(false)

  /// Reads a bundle, checking every byte of it. That finds accidents; what someone has changed on purpose only
  /// `init(path:trusting:)` finds.
  ///
  /// - Parameters:
  ///   - path: a `.derm` file
  ///   - threads: how many threads one inference uses, 1 to 256
  ///   - maximumBytes: the memory that reading the file and running the model may need; a file that asks for more is
  ///     refused before it is given
  /// - Throws: `DermError` where the file is damaged, not a bundle, or does not hold one image input
  public convenience init(path: String, threads: Int = 1, maximumBytes: Int = 1 << 30) throws(DermError) {
    try self.init(path, keys: nil, threads, maximumBytes)
  }

  /// Reads a bundle that must be signed by one of some keys, in the file or in `path.sig`. The signature is checked
  /// before anything of the contents is looked at, every byte of them afterwards.
  ///
  /// This needs libsodium, which is loaded when it is called; where there is none, no bundle is accepted.
  ///
  /// - Parameters:
  ///   - path: a `.derm` file, which nobody may write to who is not trusted
  ///   - keys: any of them may have signed; with none of them, nothing is accepted
  ///   - threads: how many threads one inference uses, 1 to 256
  ///   - maximumBytes: as for `init(path:)`
  /// - Throws: `DermError` where none of the keys has signed the bundle, or as `init(path:)`
  public convenience init(
    path: String, trusting keys: [DermPublicKey], threads: Int = 1, maximumBytes: Int = 1 << 30
  ) throws(DermError) {
    try self.init(path, keys: keys.map(\.key), threads, maximumBytes)
  }

  private init(_ path: String, keys: [PublicKey]?, _ threads: Int, _ maximumBytes: Int) throws(DermError) {
    guard (1...256).contains(threads) else { throw DermError("\(threads) threads: expected 1 to 256") }
    let (plan, bundle, interface) = try DermModel.load(path, keys, threads, maximumBytes)
    image = try DermModel.imageInput(plan, interface.inputs, path)
    decision = interface.decision
    meaning = interface.meaning
    inputNames = interface.inputs
    outputNames = interface.outputs
    guard plan.outputs[decision].type.element == .float32 else {
      throw DermError("\(path): output \(oneLine(meaning.output)) is \(plan.outputs[decision].type), expected float32")
    }
    inputShape = plan.inputs[image].type.shape
    outputShape = plan.outputs[decision].type.shape
    var others: [String: Int] = [:]
    for (index, input) in plan.inputs.enumerated() where index != image {
      others[interface.inputs[index]] = input.type.count
    }
    otherInputs = others
    labels = bundle.labels ?? []
    isChannelsFirst = inputShape.count == 4 && [1, 3].contains(inputShape[1]) && ![1, 3].contains(inputShape[3])
    preprocessing = try DermModel.preprocessing(bundle, inputShape, isChannelsFirst, path)
    let workers = Workers(threads: threads)
    try DermModel.reserve(plan.arenaBytes + plan.scratchBytes * workers.count, path)
    executor = Executor(plan, workers: workers)
  }

  /// Whether an input is float32, or was before the plan left quantizing it to us.
  private static func takesFloats(_ type: TensorType) -> Bool {
    type.element == .float32 || type.element == .int8 && type.quantization != nil
  }

  /// A bundle's graph made ready to run, and the records beside it. What was needed to get there, the graph with its
  /// constants included, is gone when this returns, and the allocator has given its pages back: they would stay
  /// resident beside the packed weights.
  private static func load(
    _ path: String, _ keys: [PublicKey]?, _ threads: Int, _ maximumBytes: Int
  ) throws(DermError) -> (plan: Plan, records: Bundle, interface: Interface) {
    if let problem = InstructionSet.problem { throw DermError(problem) }
    var bundle: Bundle
    do throws(Refusal) {
      let file = try BundleReader.open(path)
      if let keys { try file.requireSignature(by: keys) }
      bundle = try file.read(selfTest: false, maximumBytes: maximumBytes)
    } catch {
      throw DermError("\(error)")
    }
    Heap.trim()
    defer { Heap.trim() }
    try MemoryLimit.check(bundle.graph, maximumBytes, path)
    // Packed for this machine, weights take about as much again.
    try reserve(bundle.graph.valueIDs.reduce(0) { $0 + (bundle.graph[$1].constant?.buffer.count ?? 0) }, path)
    let plan: Plan
    do throws(Refusal) {
      plan = try Plan(bundle.graph, math: KernelMath(), rowFusion: .device, quantizesInputs: false)
    } catch {
      throw DermError("\(path): \(error)")
    }
    try MemoryLimit.check(plan, threads: threads, maximumBytes, path)
    let interface = try Interface(bundle, path)
    bundle.graph = Graph(name: "")
    return (plan, bundle, interface)
  }

  /// The input that images go to: the only one, or the only one that is like an image.
  private static func imageInput(_ plan: Plan, _ names: [String], _ path: String) throws(DermError) -> Int {
    guard let odd = plan.inputs.indices.first(where: { !takesFloats(plan.inputs[$0].type) }) else {
      let images = plan.inputs.indices.filter { plan.inputs.count == 1 || plan.inputs[$0].type.rank == 4 }
      guard let image = images.first, images.count == 1 else {
        throw DermError(
          "\(path): expected one input for images; its inputs are \(oneLine(names.joined(separator: ", ")))")
      }
      return image
    }
    throw DermError("\(path): input \(oneLine(names[odd])) is \(plan.inputs[odd].type), expected float32")
  }

  /// Refuses where there is no such memory: allocating it would end the app.
  private static func reserve(_ bytes: Int, _ path: String) throws(DermError) {
    guard Memory.has(bytes) else { throw DermError("\(path): out of memory: \(bytes) bytes more are needed") }
  }

  private static func preprocessing(
    _ bundle: Bundle, _ shape: [Int], _ isChannelsFirst: Bool, _ path: String
  ) throws(DermError) -> Preprocessing? {
    guard let stored = bundle.preprocessing, shape.count == 4 else { return nil }
    let size = isChannelsFirst ? (height: shape[2], width: shape[3]) : (height: shape[1], width: shape[2])
    let result: Preprocessing
    do throws(JSONError) {
      result = try Preprocessing(json: JSONNode(stored, name: "preprocessing"), size: size)
    } catch {
      throw DermError("\(path): \(error)")
    }
    guard result.count == shape[1...].reduce(1, *), result.height == size.height, result.width == size.width else {
      throw DermError("\(path): the preprocessing does not fit the input \(shape)")
    }
    return result
  }

  /// Runs the model on an input laid out as `inputShape`; returns the raw numbers of the output that decides.
  ///
  /// - Parameter others: the numbers of each input in `otherInputs`
  /// - Throws: `DermError` where an input has another size or is missing, a number in it or in the output is not
  ///   finite, or another thread is using the model
  public func run(_ input: [Float], others: [String: [Float]] = [:]) throws(DermError) -> [Float] {
    try check(input, inputShape.reduce(1, *), "the input")
    return try exclusively { () throws(DermError) in
      try write(others: others)
      write(input, toInput: image)
      executor.run()
      return try numbers(ofOutput: decision)
    }
  }

  /// Runs the model as `run(_:others:)` does and returns the raw numbers of every output by its name: an embedding
  /// beside the decision, say.
  public func outputs(_ input: [Float], others: [String: [Float]] = [:]) throws(DermError) -> [String: [Float]] {
    try check(input, inputShape.reduce(1, *), "the input")
    return try exclusively { () throws(DermError) in
      try write(others: others)
      write(input, toInput: image)
      executor.run()
      return try namedOutputs()
    }
  }

  /// The same for an image file, prepared as the bundle says.
  public func outputs(imageAt path: String, others: [String: [Float]] = [:]) throws(DermError) -> [String: [Float]] {
    try exclusively { () throws(DermError) in
      try write(others: others)
      try write(imageAt: path)
      executor.run()
      return try namedOutputs()
    }
  }

  /// Runs the model on an image file, prepared as the bundle says. JPEG, PNG, WebP, TIFF and BMP are read; libwebp and
  /// libtiff are loaded when such a file is met.
  ///
  /// - Parameter others: the numbers of each input in `otherInputs`
  /// - Throws: `DermError` where the image cannot be read, or as `run(_:others:)`
  public func classify(imageAt path: String, others: [String: [Float]] = [:]) throws(DermError) -> DermAnswer {
    try exclusively { () throws(DermError) in
      try write(others: others)
      try write(imageAt: path)
      return try answer()
    }
  }

  /// The same for the bytes of such a file.
  public func classify(imageBytes bytes: [UInt8], others: [String: [Float]] = [:]) throws(DermError) -> DermAnswer {
    try exclusively { () throws(DermError) in
      try write(others: others)
      try write(imageBytes: bytes)
      return try answer()
    }
  }

  private func check(_ input: [Float], _ count: Int, _ name: String) throws(DermError) {
    guard input.count == count else {
      throw DermError("\(name) has \(input.count) numbers, the model takes \(count)")
    }
    if let index = input.withUnsafeBufferPointer(\.firstNotFinite) {
      throw DermError("\(name) holds \(input[index]) (number \(index)): only finite numbers have an answer")
    }
  }

  /// Does some work with the model's memory, unless another thread is at it.
  private func exclusively<Result>(_ work: () throws(DermError) -> Result) throws(DermError) -> Result {
    guard isInUse.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
      throw DermError("the model is in use by another thread: give each thread a DermModel of its own")
    }
    defer { isInUse.store(false, ordering: .releasing) }
    return try work()
  }

  // Images are gone when these return: the model then has the memory.

  private func write(imageAt path: String) throws(DermError) {
    let image: Image
    do throws(Refusal) { image = try Image(path: path) } catch { throw DermError("\(error)") }
    try write(image)
  }

  private func write(imageBytes bytes: [UInt8]) throws(DermError) {
    let image: Image
    do throws(ImageError) { image = try Image(decoding: bytes) } catch { throw DermError("\(error)") }
    try write(image)
  }

  private func write(_ image: Image) throws(DermError) {
    guard let preprocessing else { throw DermError("the bundle does not say how images become inputs; use run(_:)") }
    guard inputShape[0] == 1 else {
      throw DermError("the model takes batches of \(inputShape[0]), images are given one by one; use run(_:)")
    }
    let fitted: Image
    do throws(ImageError) { fitted = try preprocessing.fit(image) } catch { throw DermError("\(error)") }
    write(fitted, preprocessing)
  }

  /// Normalises an image straight to where the model reads it, quantized where it reads int8.
  private func write(_ picture: Image, _ preprocessing: Preprocessing) {
    let input = executor.plan.inputs[image]
    guard isChannelsFirst || input.layout == .rowMajor else {
      var pixels = [Float](repeating: 0, count: preprocessing.count)
      pixels.withUnsafeMutableBufferPointer { preprocessing.normalize(picture, layout: .channelsLast, into: $0) }
      write(pixels, toInput: image)
      return
    }
    let layout = isChannelsFirst ? input.layout : .channelsLast
    executor.withInput(image) { target in
      if let quantization = input.type.quantization {
        preprocessing.normalize(picture, layout: layout, into: target.elements(Int8.self)) { quantization.quantize($0) }
      } else {
        preprocessing.normalize(picture, layout: layout, into: target.elements(Float.self))
      }
    }
  }

  private func write(_ values: [Float], toInput index: Int) {
    if executor.plan.inputs[index].type.element == .int8 {
      values.withUnsafeBufferPointer { executor.quantize($0, intoInput: index) }
    } else {
      values.withUnsafeBytes { executor.write($0, toInput: index) }
    }
  }

  /// Writes the inputs beside the image, of which none may be missing.
  private func write(others: [String: [Float]]) throws(DermError) {
    if let unknown = others.keys.sorted().first(where: { otherInputs[$0] == nil }) {
      let known = otherInputs.isEmpty ? "only images" : oneLine(otherInputs.keys.sorted().joined(separator: ", "))
      throw DermError("there is no input \(oneLine(unknown)) beside the image; the model takes \(known)")
    }
    for (index, name) in inputNames.enumerated() where index != image {
      guard let values = others[name] else {
        throw DermError("input \(oneLine(name)) is missing: the model takes \(otherInputs[name] ?? 0) numbers for it")
      }
      try check(values, otherInputs[name] ?? 0, "input \(oneLine(name))")
      write(values, toInput: index)
    }
  }

  private func answer() throws(DermError) -> DermAnswer {
    executor.run()
    return DermAnswer(try numbers(ofOutput: decision), meaning, labels: labels)
  }

  private func namedOutputs() throws(DermError) -> [String: [Float]] {
    var outputs: [String: [Float]] = [:]
    for (index, name) in outputNames.enumerated() where executor.plan.outputs[index].type.element == .float32 {
      outputs[name] = try numbers(ofOutput: index)
    }
    return outputs
  }

  private func numbers(ofOutput index: Int) throws(DermError) -> [Float] {
    let output = executor.floats(ofOutput: index)
    if let place = output.withUnsafeBufferPointer(\.firstNotFinite) {
      throw DermError(
        "the model answers \(output[place]) (output \(oneLine(outputNames[index])), number \(place)): its numbers overflow with "
          + "this input")
    }
    return output
  }
}

/// Why a model could not be read or run: one line.
public struct DermError: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}
