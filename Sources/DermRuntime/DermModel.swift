import Signing
import Synchronization

/// A compiled model in an app: reads a bundle and prepares it for this machine.
///
/// Everything needed travels in the bundle: graph, weights, preprocessing of images, class names. Neither ONNX nor a
/// BLAS is linked. A model is loaded once and shared by all threads; what runs it is a `DermSession`, one for each
/// thread. `classify`, `run` and `outputs` of the model itself use a session of its own, one call at a time.
public final class DermModel: Sendable {
  let loaded: LoadedModel
  private let threads: Int
  private let own = Mutex<DermSession?>(nil)
  /// The same with what maps are made of, and a session of it, once one was asked for.
  private let explained = Mutex<LoadedModel?>(nil)
  private let explainer = Mutex<DermSession?>(nil)

  /// Reads a bundle, checking every byte of it. That finds accidents; what someone has changed on purpose only
  /// `init(path:trusting:)` finds.
  ///
  /// - Parameters:
  ///   - path: a `.derm` file
  ///   - threads: how many threads one call of the model's own `classify`, `run` or `outputs` uses, 1 to 256
  ///   - maximumBytes: the memory that reading the file and running the model in one session may need; a file that
  ///     asks for more is refused before it is given
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
  ///   - threads: as for `init(path:)`
  ///   - maximumBytes: as for `init(path:)`
  /// - Throws: `DermError` where none of the keys has signed the bundle, or as `init(path:)`
  public convenience init(
    path: String, trusting keys: [DermPublicKey], threads: Int = 1, maximumBytes: Int = 1 << 30
  ) throws(DermError) {
    try self.init(path, keys: keys.map(\.key), threads, maximumBytes)
  }

  private init(_ path: String, keys: [PublicKey]?, _ threads: Int, _ maximumBytes: Int) throws(DermError) {
    loaded = try LoadedModel(path, keys: keys, threads: threads, maximumBytes: maximumBytes)
    self.threads = threads
  }

  // MARK: What it is

  /// Class names in the model's order; empty where the bundle names none.
  public var labels: [String] { loaded.labels }

  /// The names of the classes, or labels, of answers: places in the model's order where the bundle has no names.
  public var classNames: [String] { loaded.classNames }

  /// What is decided.
  public var task: DermAnswer.Task { loaded.task }

  /// Whether the bundle tells how sure answers are (`DermAnswer.certainty`): it does where it was compiled with
  /// `--calibrate-probabilities`.
  public var tellsCertainty: Bool { loaded.interface.uncertainty != nil }

  /// How many images one run takes.
  public var batch: Int { loaded.batch }

  /// The image input's dimensions for one run, as the model was exported: [1, C, H, W] or [1, H, W, C].
  public var inputShape: [Int] { loaded.inputShape }

  /// Names of the inputs beside the image, which `run` and `classify` then need values for, with how many numbers each.
  public var otherInputs: [String: Int] { loaded.otherInputs }

  /// Names of all outputs, in the model's order.
  public var outputNames: [String] { loaded.outputNames }

  /// The dimensions of the output that decides.
  public var outputShape: [Int] { outputShape(loaded.interface.decision) }

  /// The dimensions of one of `outputNames`.
  public func outputShape(_ index: Int) -> [Int] { loaded.outputShape(index) }

  // MARK: One call at a time

  /// Runs the model on an input laid out as `inputShape`; returns the raw numbers of the output that decides.
  ///
  /// - Parameters:
  ///   - input: its numbers, all of a batch
  ///   - others: the numbers of each input in `otherInputs`
  /// - Throws: `DermError` where an input has another size or is missing, or a number in it or in the output is not
  ///   finite
  public func run(_ input: [Float], others: [String: [Float]] = [:]) throws(DermError) -> [Float] {
    try withOwnSession { (session) throws(DermError) in try session.run(input, others: others) }
  }

  /// Runs the model as `run(_:others:)` does and returns the raw numbers of every output by its name: an embedding
  /// beside the decision, say.
  public func outputs(_ input: [Float], others: [String: [Float]] = [:]) throws(DermError) -> [String: [Float]] {
    try withOwnSession { (session) throws(DermError) in try session.outputs(input, others: others) }
  }

  /// The same for an image file, prepared as the bundle says.
  public func outputs(imageAt path: String, others: [String: [Float]] = [:]) throws(DermError) -> [String: [Float]] {
    try withOwnSession { (session) throws(DermError) in try session.outputs(imageAt: path, others: others) }
  }

  /// Runs the model on an image file, prepared as the bundle says. JPEG, PNG, WebP, TIFF and BMP are read; libwebp and
  /// libtiff are loaded when such a file is met.
  ///
  /// - Parameters:
  ///   - path: of the image
  ///   - others: the numbers of each input in `otherInputs`
  /// - Throws: `DermError` where the image cannot be read, or as `run(_:others:)`
  public func classify(imageAt path: String, others: [String: [Float]] = [:]) throws(DermError) -> DermAnswer {
    try withOwnSession { (session) throws(DermError) in try session.classify(imageAt: path, others: others) }
  }

  /// The same for the bytes of such a file.
  public func classify(imageBytes bytes: [UInt8], others: [String: [Float]] = [:]) throws(DermError) -> DermAnswer {
    try withOwnSession { (session) throws(DermError) in try session.classify(imageBytes: bytes, others: others) }
  }

  /// Where the model looks for a class in an image file: a map of its places (Grad-CAM, Selvaraju et al. 2017).
  ///
  /// The first call reads the bundle again and takes memory for a second plan of it, which is kept.
  ///
  /// - Parameters:
  ///   - path: of the image
  ///   - index: of the class, in the model's order; nil for the one decided for, of several labels the most probable
  ///   - others: the numbers of each input in `otherInputs`
  /// - Throws: `DermError` where no map can be made of the model, the file is another bundle by now, or as `classify`
  public func explain(
    imageAt path: String, ofClass index: Int? = nil, others: [String: [Float]] = [:]
  ) throws(DermError) -> DermExplanation {
    try withExplainer { (session) throws(DermError) in
      _ = try session.classify(imageAt: path, others: others)
      return try session.explanation(ofClass: index)
    }
  }

  /// The same for the bytes of such a file.
  public func explain(
    imageBytes bytes: [UInt8], ofClass index: Int? = nil, others: [String: [Float]] = [:]
  ) throws(DermError) -> DermExplanation {
    try withExplainer { (session) throws(DermError) in
      _ = try session.classify(imageBytes: bytes, others: others)
      return try session.explanation(ofClass: index)
    }
  }

  /// The same model with what maps are made of, loaded when it is first asked for.
  func explaining() throws(DermError) -> LoadedModel {
    try explained.withLock { (kept) throws(DermError) -> LoadedModel in
      if let kept { return kept }
      let model = try LoadedModel(explaining: loaded)
      kept = model
      return model
    }
  }

  private func withExplainer<Result: Sendable>(
    _ work: @Sendable (DermSession) throws(DermError) -> Result
  ) throws(DermError) -> Result {
    try explainer.withLock { (kept) throws(DermError) -> Result in
      if let session = kept { return try work(session) }
      let session = try DermSession(explaining: self, threads: threads)
      let result = Swift.Result { () throws(DermError) in try work(session) }
      kept = session
      return try result.get()
    }
  }

  /// Lends the session that the model keeps, made when it is first asked for; others wait meanwhile.
  private func withOwnSession<Result: Sendable>(
    _ work: @Sendable (DermSession) throws(DermError) -> Result
  ) throws(DermError) -> Result {
    try own.withLock { (kept) throws(DermError) -> Result in
      if let session = kept { return try work(session) }
      let session = try DermSession(self, threads: threads)
      let result = Swift.Result { () throws(DermError) in try work(session) }
      kept = session
      return try result.get()
    }
  }
}
