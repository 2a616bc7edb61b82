import Answers
import Bundles
import CanonicalJSON
import Deflate
import Hashing
import Images
import PlainC
import Reports
import Tensors

extension PlainCConversion {
  /// Of constants and activations; addresses in a page have 32 bits, and images need room as well.
  private static let mostBytes = 1 << 30

  /// A page that runs a model's program, as UTF-8.
  ///
  /// - Throws: where the model takes anything but an image
  func page(of model: CModel) throws(Refusal) -> [UInt8] {
    guard model.program.inputs.count == 1 else {
      throw Refusal("takes \(model.program.inputs.count) inputs, and a page has images alone")
    }
    guard let image = model.image else {
      throw settings.describesPreprocessing || self.model.preprocessing != nil
        ? Refusal("takes no single image, and a page has images alone")
        : Refusal(
          "does not say how an image becomes its input", remedy: "give --preprocess FILE, or --mean, --std and --size")
    }
    let bytes = model.program.constantBytes + model.program.arenaBytes
    guard bytes <= PlainCConversion.mostBytes else {
      throw Refusal("needs \(Figures.bytes(bytes)) of memory, more than browsers give a page")
    }
    var meaning = model.meaning
    meaning.thresholds = meaning.allThresholds
    let names = (0..<meaning.classCount).map { model.labels.className($0) }
    let page = ModelPage(
      title: PlainCConversion.title(of: self.model.path), generator: model.author, names: names, answer: meaning.json,
      position: model.decision, turns: image.preprocessing.exifOrientation,
      measured: try measured(names, meaning), facts: try facts(model, image),
      interpreter: try PlainCConversion.compressed(PageParts.interpreter),
      program: try PlainCConversion.compressed(model.binary()), script: PageParts.script, style: PageParts.style)
    return Array(try page.text().utf8)
  }

  /// What the bundle's evaluation says, where it is of what the page computes.
  private func measured(_ names: [String], _ meaning: OutputMeaning) throws(Refusal) -> MeasuredAnswers {
    guard let record = model.bundle?.evaluation else {
      return MeasuredAnswers(unknown: "This model was not measured on labelled images, so nothing is known here.")
    }
    if settings.describesPreprocessing {
      return MeasuredAnswers(
        unknown: "How images become inputs was changed after this model was measured, so nothing is known here.")
    }
    do throws(Refusal) {
      return try MeasuredAnswers.read(
        record, names: names, thresholds: meaning.thresholds, positive: meaning.positive)
    } catch {
      throw error.of(file: model.path)
    }
  }

  private func facts(_ model: CModel, _ image: CImageInput) throws(Refusal) -> [(name: String, value: String)] {
    let preprocessing = image.preprocessing
    let size = "\(preprocessing.width) × \(preprocessing.height) pixels"
    let resizing =
      preprocessing.resize == .centerCrop
      ? "images are resized with a margin, and the middle of \(size) is cut out" : "images are resized to \(size)"
    let turning = preprocessing.exifOrientation ? ", turned as a camera says" : ""
    return [
      ("Model", Report.fileName(self.model.path)),
      ("SHA-256 of its file", try self.model.sha256().hex),
      ("Input", resizing + turning),
      ("Constants", "\(Figures.bytes(model.program.constantBytes))"),
    ]
  }

  private static func compressed(_ bytes: [UInt8]) throws(Refusal) -> [UInt8] {
    // Stored as it is, data become longer by less than this.
    let most = bytes.count + bytes.count / 1000 + 64
    guard let stream = bytes.withUnsafeBytes({ Deflate.compress($0, below: most) }) else {
      throw Refusal("needs \(bytes.count) bytes of constants, which is too much for a page")
    }
    return stream.withBytes { Array($0) }
  }
}

extension OutputMeaning {
  /// The thresholds that decide, also where none was given.
  fileprivate var allThresholds: [Double] {
    switch task {
    case .binary: threshold.map { [$0] } ?? []
    case .multilabel: (0..<count).map { threshold(ofLabel: $0) }
    case .multiclass, .none: []
    }
  }
}
