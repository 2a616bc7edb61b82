import Answers
import Explanations
package import Images
import Math
import Runtime
import Synchronization
import Tensors
import Threads

/// Runs a model: the memory for it, used by one thread at a time, which is checked.
///
/// Write what the model takes, run, read what it answers:
///
///     let session = try DermSession(model)
///     try session.write(pixels: frame.span.bytes, DermPixels(.rgba, width: 640, height: 480))
///     try session.run()
///     try session.answer().decision?.label
///
/// or do it in one call with `classify`. Every run needs its inputs written anew, since their memory is used again
/// while it goes on; what it answers can be read until the next input is written. Every answer is made of finite
/// numbers: where an input or an output is not, there is an error instead.
///
/// Writing pixels or numbers, running, `withOutput`, `withProbabilities` and `forTop` allocate nothing once a frame of
/// the same size was written, where the session has one thread. Sessions of one model share its weights and may run at
/// the same time.
public final class DermSession {
  /// Not the model, which may have this session as its own.
  let model: LoadedModel
  private let executor: Executor
  /// Of every input of the model.
  private let inputs: [FloatInput]
  /// The inputs, but that for images, that hold what the next run takes.
  private var isWritten: [Bool]
  /// The same for each image of a run.
  private var hasImage: [Bool]
  /// Images on their way to an input that reads them in another order.
  private var staging: [Float] = []
  /// Whether there are such images.
  private var isStaged = false
  private var fitter: FrameFitter?
  /// Computes gradients for maps; made when one is first asked for.
  private var gradient: ActivationGradient?
  /// Whether there are answers to read.
  private var hasAnswers = false
  /// Of each answer, one after the other.
  private var probabilities: [Double]
  private var decisions: [Int?]
  /// How far what was run on is from the images fitted on; computed when it is first asked for.
  private var distance: Float?
  /// Whether a thread is at work.
  private let isInUse = Atomic(false)

  /// - Parameters:
  ///   - model: what to run; the session keeps what it needs of it
  ///   - threads: how many threads one run uses, 1 to 256
  /// - Throws: `DermError` where the memory the session needs is more than the model was given, or than there is
  public convenience init(_ model: DermModel, threads: Int = 1) throws(DermError) {
    try self.init(running: model.loaded, threads: threads)
  }

  /// One that also tells where the model looks (`explanation`), which takes more memory.
  ///
  /// - Throws: also where no map can be made of the model, or the file is another bundle by now
  public convenience init(explaining model: DermModel, threads: Int = 1) throws(DermError) {
    try self.init(running: model.explaining(), threads: threads)
  }

  private init(running model: LoadedModel, threads: Int) throws(DermError) {
    try LoadedModel.check(threads: threads)
    let plan = model.plan
    try MemoryLimit.check(plan, threads: threads, model.maximumBytes, model.path)
    let workers = Workers(threads: threads)
    let staged = model.imageInput?.isStaged == true ? plan.inputs[model.image].type.count : 0
    try MemoryLimit.reserve(
      plan.arenaBytes + plan.scratchBytes * workers.count + staged * MemoryLayout<Float>.size, model.path)
    let executor = Executor(plan, workers: workers)
    inputs = plan.inputs.indices.map { FloatInput(executor, $0) }
    isWritten = Array(repeating: false, count: plan.inputs.count)
    hasImage = Array(repeating: false, count: model.batch)
    staging = Array(repeating: 0, count: staged)
    probabilities = Array(repeating: 0, count: model.interface.answers * model.interface.meaning.classCount)
    decisions = Array(repeating: nil, count: model.interface.answers)
    self.executor = executor
    self.model = model
  }

  // MARK: Inputs

  /// Writes the input for images as numbers laid out as the model's `inputShape`, all of the batch.
  public func write(_ numbers: Span<Float>) throws(DermError) {
    try numbers.withUnsafeBufferPointer { (numbers) throws(DermError) in try write(numbers) }
  }

  /// Writes the numbers of an input beside the image.
  public func write(_ numbers: Span<Float>, toInput name: String) throws(DermError) {
    try numbers.withUnsafeBufferPointer { (numbers) throws(DermError) in try write(numbers, toInput: name) }
  }

  /// Writes an image file, prepared as the bundle says.
  ///
  /// - Parameters:
  ///   - path: of the image
  ///   - position: which image of the batch
  public func write(imageAt path: String, position: Int = 0) throws(DermError) {
    try exclusively { () throws(DermError) in
      let bytes: [UInt8]
      do throws(Refusal) { bytes = try MappedFile.contents(of: path) } catch { throw DermError(error) }
      let image: Image
      do throws(ImageError) { image = try Image(decoding: bytes) } catch { throw DermError(error, path: path) }
      try put(image, position)
    }
  }

  /// Writes an image given as the bytes of a file.
  public func write(imageBytes bytes: RawSpan, position: Int = 0) throws(DermError) {
    try bytes.withUnsafeBytes { (bytes) throws(DermError) in try write(imageBytes: bytes, position: position) }
  }

  /// Writes the pixels of an image; of formats with planes, these follow each other.
  public func write(pixels: RawSpan, _ layout: DermPixels, position: Int = 0) throws(DermError) {
    try pixels.withUnsafeBytes { (bytes) throws(DermError) in
      try write(layout.frame(layout.planes(of: bytes)), position: position)
    }
  }

  /// Writes the pixels of a frame whose luma and chroma (Cb and Cr in turn, or Cr and Cb) lie in planes of their own.
  public func write(luma: RawSpan, chroma: RawSpan, _ layout: DermPixels, position: Int = 0) throws(DermError) {
    try luma.withUnsafeBytes { (luma) throws(DermError) in
      try chroma.withUnsafeBytes { (chroma) throws(DermError) in
        try write(layout.frame((luma, chroma, UnsafeRawBufferPointer(start: nil, count: 0))), position: position)
      }
    }
  }

  /// Writes the pixels of a frame whose luma, Cb and Cr lie in planes of their own.
  public func write(
    luma: RawSpan, cb: RawSpan, cr: RawSpan, _ layout: DermPixels, position: Int = 0
  ) throws(DermError) {
    try luma.withUnsafeBytes { (luma) throws(DermError) in
      try cb.withUnsafeBytes { (cb) throws(DermError) in
        try cr.withUnsafeBytes { (cr) throws(DermError) in
          try write(layout.frame((luma, cb, cr)), position: position)
        }
      }
    }
  }

  /// The same as `write(_:)` of numbers.
  package func write(_ numbers: UnsafeBufferPointer<Float>) throws(DermError) {
    try exclusively { () throws(DermError) in
      try check(numbers, model.plan.inputs[model.image].type.count, "the input")
      begin()
      inputs[model.image].write(numbers)
      isStaged = false
      for position in hasImage.indices { hasImage[position] = true }
      isWritten[model.image] = true
    }
  }

  /// The same as `write(_:toInput:)` of numbers.
  package func write(_ numbers: UnsafeBufferPointer<Float>, toInput name: String) throws(DermError) {
    try exclusively { () throws(DermError) in
      guard let index = model.interface.inputs.firstIndex(of: name), index != model.image else {
        let known =
          model.otherInputs.isEmpty ? "only images" : oneLine(model.otherInputs.keys.sorted().joined(separator: ", "))
        throw .inputDoesNotFit("there is no input \(oneLine(name)) beside the image; the model takes \(known)")
      }
      try check(numbers, model.plan.inputs[index].type.count, "input \(oneLine(name))")
      begin()
      inputs[index].write(numbers)
      isWritten[index] = true
    }
  }

  /// The same as `write(imageBytes:)`.
  package func write(imageBytes bytes: UnsafeRawBufferPointer, position: Int) throws(DermError) {
    try exclusively { () throws(DermError) in
      let image: Image
      do throws(ImageError) { image = try Image(decoding: bytes) } catch { throw DermError(error) }
      try put(image, position)
    }
  }

  /// Writes the pixels of a frame.
  package func write(_ frame: PixelFrame, position: Int) throws(DermError) {
    try exclusively { () throws(DermError) in
      let input = try imageInput(position)
      let fitter = fitter ?? FrameFitter(input.preprocessing)
      self.fitter = fitter
      begin()
      do throws(ImageError) {
        try fitter.fit(frame) { put($0, input, position) }
      } catch {
        throw DermError(error)
      }
    }
  }

  private func imageInput(_ position: Int) throws(DermError) -> ImageInput {
    let input = try model.requiredImageInput()
    guard hasImage.indices.contains(position) else {
      throw .inputDoesNotFit("image \(position) of a batch: the model takes 0 to \(hasImage.count - 1)")
    }
    return input
  }

  private func put(_ image: Image, _ position: Int) throws(DermError) {
    let input = try imageInput(position)
    let fitted: Image
    do throws(ImageError) { fitted = try input.preprocessing.fit(image) } catch { throw DermError(error) }
    begin()
    fitted.pixels.withUnsafeBufferPointer { put($0, input, position) }
  }

  /// Normalises fitted pixels straight to where the model reads them, quantized where it reads int8.
  private func put(_ pixels: UnsafeBufferPointer<UInt8>, _ input: ImageInput, _ position: Int) {
    let count = input.preprocessing.count
    let place = position * count..<(position + 1) * count
    if input.isStaged {
      if !isStaged {
        // Numbers that were written to the input itself are none of these images.
        for position in hasImage.indices { hasImage[position] = false }
        isStaged = true
      }
      staging.withUnsafeMutableBufferPointer {
        input.tables.write(pixels, layout: input.layout, into: UnsafeMutableBufferPointer(rebasing: $0[place]))
      }
    } else {
      executor.withInput(model.image) { target in
        if target.type.element == .int8 {
          let bytes = UnsafeMutableBufferPointer(rebasing: target.elements(Int8.self)[place])
          input.tables.write(pixels, layout: input.layout, into: bytes)
        } else {
          let floats = UnsafeMutableBufferPointer(rebasing: target.elements(Float.self)[place])
          input.tables.write(pixels, layout: input.layout, into: floats)
        }
      }
    }
    hasImage[position] = true
    isWritten[model.image] = hasImage.allSatisfy(\.self)
  }

  /// Inputs may lie where answers do.
  private func begin() { (hasAnswers, distance) = (false, nil) }

  private func check(
    _ numbers: UnsafeBufferPointer<Float>, _ count: Int, _ name: @autoclosure () -> String
  ) throws(DermError) {
    guard numbers.count == count else {
      throw .inputDoesNotFit("\(name()) has \(numbers.count) numbers, the model takes \(count)")
    }
    if let index = numbers.firstNotFinite {
      throw .notFinite("\(name()) holds \(numbers[index]) (number \(index)): only finite numbers have an answer")
    }
  }

  // MARK: Running

  /// Runs the model on what was written.
  ///
  /// - Throws: `DermError` where an input or an image is missing, or the model answers what is no number
  public func run() throws(DermError) {
    try exclusively { () throws(DermError) in
      try checkInputs()
      if isStaged { staging.withUnsafeBufferPointer { inputs[model.image].write($0) } }
      for index in isWritten.indices { isWritten[index] = false }
      for position in hasImage.indices { hasImage[position] = false }
      isStaged = false
      executor.run()
      try checkFinite(model.interface.decision)
      answer()
      hasAnswers = true
    }
  }

  /// Refuses to run on what an earlier run has left.
  private func checkInputs() throws(DermError) {
    for index in isWritten.indices where !isWritten[index] {
      guard index == model.image else { throw missing(input: index) }
      guard let position = hasImage.firstIndex(of: false), hasImage.count > 1 else {
        throw .inputDoesNotFit("the input for images is missing: write it before each run")
      }
      throw .inputDoesNotFit("image \(position) is missing: the model takes batches of \(hasImage.count)")
    }
  }

  func missing(input index: Int) -> DermError {
    let (name, count) = (model.interface.inputs[index], model.plan.inputs[index].type.count)
    return .inputDoesNotFit("input \(oneLine(name)) is missing: the model takes \(count) numbers for it")
  }

  private func checkFinite(_ index: Int) throws(DermError) {
    let found = executor.withOutput(index) { view in
      let numbers: UnsafeBufferPointer<Float> = view.elements()
      return numbers.firstNotFinite.map { (place: $0, value: numbers[$0]) }
    }
    if let (place, value) = found {
      throw .notFinite(
        "the model answers \(value) (output \(oneLine(model.outputNames[index])), number \(place)): its numbers overflow "
          + "with this input")
    }
  }

  /// Makes probabilities and decisions of the output that decides.
  private func answer() {
    let meaning = model.interface.meaning
    executor.withOutput(model.interface.decision) { output in
      let numbers: UnsafeBufferPointer<Float> = output.elements()
      probabilities.withUnsafeMutableBufferPointer { probabilities in
        for position in decisions.indices {
          let row = UnsafeBufferPointer(rebasing: numbers[position * meaning.count..<(position + 1) * meaning.count])
          let target = UnsafeMutableBufferPointer(
            rebasing: probabilities[position * meaning.classCount..<(position + 1) * meaning.classCount])
          meaning.write(probabilitiesOf: row, into: target)
          decisions[position] = meaning.decision(row, UnsafeBufferPointer(target))
        }
      }
    }
  }

  /// Does some work with the session's memory, unless another thread is at it.
  private func exclusively<Result>(_ work: () throws(DermError) -> Result) throws(DermError) -> Result {
    guard isInUse.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
      throw .inUse("the session is in use by another thread: give each thread a DermSession of its own")
    }
    defer { isInUse.store(false, ordering: .releasing) }
    return try work()
  }

  // MARK: Answers

  /// Lends the probability of each class, or label, in the model's order.
  ///
  /// - Parameters:
  ///   - position: which image of the batch
  ///   - body: what is done with them
  public func withProbabilities<Result>(
    position: Int = 0, _ body: (Span<Double>) -> Result
  ) throws(DermError) -> Result {
    let count = model.interface.meaning.classCount
    try checkAnswer(position)
    return probabilities.withUnsafeBufferPointer {
      body(UnsafeBufferPointer(rebasing: $0[position * count..<(position + 1) * count]).span)
    }
  }

  /// The class decided for; nil where a model decides on several labels, each on its own, or on nothing.
  public func decision(position: Int = 0) throws(DermError) -> Int? {
    try checkAnswer(position)
    return decisions[position]
  }

  /// One class, or label, in the model's order.
  public func answer(_ index: Int, position: Int = 0) throws(DermError) -> DermClass {
    try checkAnswer(position)
    guard model.classNames.indices.contains(index) else {
      throw .inputDoesNotFit("class \(index): the model has \(model.classNames.count)")
    }
    return describe(index, position)
  }

  /// Calls `body` with the most probable classes, the highest probability first, of equal ones the first.
  public func forTop(_ count: Int, position: Int = 0, _ body: (DermClass) -> Void) throws(DermError) {
    try checkAnswer(position)
    var last: Int?
    for _ in 0..<min(max(0, count), model.classNames.count) {
      last = next(after: last, position)
      if let last { body(describe(last, position)) }
    }
  }

  /// What the model says of an image.
  public func answer(position: Int = 0) throws(DermError) -> DermAnswer {
    try checkAnswer(position)
    let count = model.interface.meaning.count
    let output = executor.withOutput(model.interface.decision) {
      Array($0.elements(Float.self)[position * count..<(position + 1) * count])
    }
    let classes = model.classNames.indices.map { describe($0, position) }
    return DermAnswer(
      task: model.task, classes: classes, output: output, certainty: certainty(of: output, classes, position))
  }

  /// How sure the answer to an image is.
  ///
  /// - Throws: `DermError` where the bundle does not tell (`DermModel.tellsCertainty`), or there is no answer
  public func certainty(position: Int = 0) throws(DermError) -> DermCertainty {
    guard let certainty = try answer(position: position).certainty else {
      throw .unsupportedModel(
        "the bundle does not tell how sure its answers are; dermc compile --calibrate-probabilities makes one that does"
      )
    }
    return certainty
  }

  private func certainty(of output: [Float], _ classes: [DermClass], _ position: Int) -> DermCertainty? {
    guard let uncertainty = model.interface.uncertainty else { return nil }
    let answer = Answer(
      probabilities: classes.map(\.probability), decided: decisions[position].map { [$0] } ?? [])
    if distance == nil { distance = model.probe?.distance(executor) }
    return DermCertainty(
      uncertainty.certainty(output, answer, model.interface.meaning, distance: distance), classes: classes)
  }

  /// Where the model looked for a class in the image it was run on.
  ///
  /// - Parameter index: of the class, in the model's order; nil for the one decided for, of several labels the most
  ///   probable
  /// - Throws: `DermError` where the session was not made by `init(explaining:threads:)`, or there is no answer
  public func explanation(ofClass index: Int? = nil) throws(DermError) -> DermExplanation {
    try exclusively { () throws(DermError) in
      try checkAnswer(0)
      guard let activation = model.activation else {
        throw .inputDoesNotFit("the session was made to answer, not to explain: open one that explains")
      }
      let classes = model.classNames.indices.map { describe($0, 0) }
      let decided = classes.contains { $0.isDecided } ? classes.filter(\.isDecided) : classes
      guard let chosen = index ?? decided.max(by: { $0.probability < $1.probability })?.index else {
        throw .unsupportedModel("the model has no classes to explain")
      }
      guard classes.indices.contains(chosen) else {
        throw .inputDoesNotFit("class \(chosen): the model has \(classes.count)")
      }
      let size = try model.requiredImageInput().preprocessing
      let gradient = gradient ?? activation.makeGradient()
      self.gradient = gradient
      do throws(Refusal) {
        let map = try gradient.map(activation.outputs.map(executor.outputTensor), ofClass: chosen)
        return DermExplanation(classes[chosen], map, height: size.height, width: size.width)
      } catch {
        throw .notFinite("\(error)")
      }
    }
  }

  /// Lends the raw numbers of an output, of all the batch.
  ///
  /// - Parameters:
  ///   - index: of the model's `outputNames`
  ///   - body: what is done with them
  public func withOutput<Result>(_ index: Int, _ body: (Span<Float>) -> Result) throws(DermError) -> Result {
    let numbers = try output(index)
    return body(numbers.span)
  }

  /// The raw numbers of an output, good until an input is written or the session ends.
  package func output(_ index: Int) throws(DermError) -> UnsafeBufferPointer<Float> {
    guard hasAnswers else { throw DermSession.noAnswers }
    guard model.outputNames.indices.contains(index) else {
      throw .inputDoesNotFit("output \(index): the model has \(model.outputNames.count)")
    }
    let type = model.plan.outputs[index].type
    guard type.element == .float32 else {
      throw .inputDoesNotFit("output \(oneLine(model.outputNames[index])) is \(type), only float32 can be read")
    }
    if index != model.interface.decision { try checkFinite(index) }
    return executor.withOutput(index) { $0.elements(Float.self) }
  }

  private static var noAnswers: DermError {
    .inputDoesNotFit("there is no answer: run the session after its inputs were written, then read what it answers")
  }

  private func checkAnswer(_ position: Int) throws(DermError) {
    guard hasAnswers else { throw DermSession.noAnswers }
    guard decisions.indices.contains(position) else {
      throw .inputDoesNotFit("answer \(position) of a batch: the model gives 0 to \(decisions.count - 1)")
    }
  }

  private func describe(_ index: Int, _ position: Int) -> DermClass {
    let meaning = model.interface.meaning
    let probability = probabilities[position * meaning.classCount + index]
    let isDecided =
      meaning.task == .multilabel
      ? probability >= meaning.threshold(ofLabel: index) : decisions[position] == index
    return DermClass(
      index: index, label: model.classNames[index], probability: probability, isDecided: isDecided)
  }

  /// The next class by falling probability.
  private func next(after last: Int?, _ position: Int) -> Int? {
    let start = position * model.classNames.count
    var best: Int?
    for index in model.classNames.indices {
      let probability = probabilities[start + index]
      if let last {
        let previous = probabilities[start + last]
        guard probability < previous || probability == previous && index > last else { continue }
      }
      if let found = best, probabilities[start + found] >= probability { continue }
      best = index
    }
    return best
  }
}
