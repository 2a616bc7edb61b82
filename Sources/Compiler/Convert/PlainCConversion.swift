import Answers
import Bundles
import DataSets
import IR
import Images
import Math
import PlainC
import Platform
import Reports
import Runtime
package import Tensors

/// What `dermc convert` does for a folder: writes a model as a program in C, or as a page that runs that program.
package struct PlainCConversion {
  /// What the folder gets.
  package enum Form: Sendable, Equatable {
    /// C; with weights in a file beside it, or in arrays.
    case source(hasWeightsFile: Bool)
    case webPage
  }

  let model: LoadedModel
  private let path: String
  let settings: DataSettings
  private let answer: AnswerSettings
  private let name: String
  private let form: Form

  /// - Parameters:
  ///   - path: of the folder; made where there is none
  ///   - name: of functions and files; nil for that of the model's file
  init(
    _ model: LoadedModel, to path: String, settings: DataSettings, answer: AnswerSettings, form: Form, name: String?
  ) {
    self.model = model
    self.path = path
    self.settings = settings
    self.answer = answer
    self.form = form
    self.name = name ?? CName.identifier(PlainCConversion.title(of: model.path))
  }

  /// Refuses what cannot be a folder or a name, before any work is done.
  package static func check(folder: String, name: String?) throws(Refusal) {
    if let name, !CName.isIdentifier(name) {
      throw .usage("--name \(name): expected a name as C has them, like \(CName.identifier(name))")
    }
    if let status = try FileStatus.of(folder), status.kind != .folder {
      throw Refusal(.unreadable, file: folder, reason: "is not a folder")
    }
  }

  /// The file's name without its ending.
  static func title(of path: String) -> String {
    let file = Report.fileName(path)
    let end = file.lastIndex(of: ".") ?? file.endIndex
    return String(file[..<end])
  }

  func run() throws(Refusal) {
    let files: [(name: String, bytes: [UInt8])]
    do throws(Refusal) {
      switch form {
      case .source: files = try program().files()
      case .webPage: files = [("index.html", try page(of: program()))]
      }
    } catch {
      throw error.file == nil ? error.of(file: model.path) : error
    }
    try write(files)
  }

  private func program() throws(Refusal) -> CModel {
    let labels = settings.labels ?? model.labels
    let decision = try DecisionOutput(model, answer, labels: labels)
    if answer.isTold { try answer.checkMeasured(false) }
    let graph = try Preparation.executable(model)
    let program = try CProgram(Plan(graph, math: KernelMath(), quantizesInputs: false), of: graph)
    let (image, isChannelsFirst) = try imageInput(program, graph, decision)
    let plan = try Preparation.plan(graph)
    let patterns = graph.inputs.map { SelfTestInput.tensor(graph.type(of: $0)) }
    let tensor = Preparation.outputs(plan, inputs: patterns)
    try check(tensor, of: patterns)
    var seen: [Tensor]?
    if let image {
      let picture = try seenPicture(image.preprocessing, graph, isChannelsFirst: isChannelsFirst)
      seen = Preparation.outputs(plan, inputs: [picture])
    }
    return try CModel(
      name: name, author: "dermc \(Provenance.version)", program: program, image: image, meaning: decision.meaning,
      decision: decision.position, labels: labels ?? [], selfTest: CSelfTest(tensor: tensor, image: seen),
      hasWeightsFile: form == .source(hasWeightsFile: true))
  }

  /// How images become the input, where that is known and there is one.
  private func imageInput(
    _ program: CProgram, _ graph: Graph, _ decision: DecisionOutput
  ) throws(Refusal) -> (image: CImageInput?, isChannelsFirst: Bool) {
    let binding = try DataBinding(model, settings: settings, decision: decision)
    guard binding.isPreprocessingKnown, let preprocessing = try binding.preprocessing(for: []), graph.inputs.count == 1
    else { return (nil, false) }
    let isChannelsFirst = try ModelInput(graph.type(of: graph.inputs[0]), order: settings.order).order == .nchw
    return (CImageInput(preprocessing, program, isChannelsFirst: isChannelsFirst), isChannelsFirst)
  }

  /// The bundle's own self-test holds here, where it is of the same inputs.
  private func check(_ outputs: [Tensor], of inputs: [Tensor]) throws(Refusal) {
    guard let test = model.bundle?.selfTest, test.inputs.count == inputs.count,
      zip(test.inputs, inputs).allSatisfy({ $0.isIdentical(to: $1) })
    else { return }
    for (index, (expected, found)) in zip(test.outputs, outputs).enumerated() where !expected.hasSameBytes(as: found) {
      throw Refusal(
        .failed, file: model.path, reason: "self-test failed: output \(index) differs from the stored bits")
    }
  }

  /// The self-test's picture as the model takes it.
  private func seenPicture(
    _ preprocessing: Preprocessing, _ graph: Graph, isChannelsFirst: Bool
  ) throws(Refusal) -> Tensor {
    let (width, height) = CSelfTest.picture
    guard let image = Image(width: width, height: height, channels: 3, pixels: CSelfTest.pictureBytes) else {
      preconditionFailure("the self-test's picture has not the bytes of its size")
    }
    do throws(ImageError) {
      let values = try preprocessing.apply(image, layout: isChannelsFirst ? .rowMajor : .channelsLast)
      return Tensor(values, shape: graph.type(of: graph.inputs[0]).shape)
    } catch {
      throw Refusal("the self-test's picture \(error)")
    }
  }

  // MARK: Writing

  /// Puts all files in their places or none; a folder that was made for nothing goes.
  private func write(_ files: [(name: String, bytes: [UInt8])]) throws(Refusal) {
    let isNew = FileName.withPath(path) { mkdir($0, 0o777) } == 0
    if !isNew, errno != EEXIST {
      throw Refusal(.unreadable, file: path, reason: "cannot be made: \(String(cString: strerror(errno)))")
    }
    let folder = path.hasSuffix("/") ? path : path + "/"
    do throws(Refusal) {
      var staged: [StagedFile] = []
      for file in files { staged.append(try StagedFile(file.bytes, for: folder + file.name)) }
      try StagedFile.commit(staged)
    } catch {
      if isNew { FileName.withPath(path) { _ = rmdir($0) } }
      throw error
    }
  }
}
