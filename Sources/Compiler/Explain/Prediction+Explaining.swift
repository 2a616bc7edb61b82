import Answers
import DataSets
import Explanations
import IR
import Images
import NumPyFiles
import Tensors
import Texts

extension Prediction {
  /// What makes the maps that are asked for.
  func explainer(
    _ request: ExplanationRequest, _ graph: Graph, _ probe: DistanceProbe?, _ decision: DecisionOutput,
    _ binding: DataBinding
  ) throws(Refusal) -> Explainer {
    do throws(Refusal) {
      return try Explainer(
        graph, request.method, decision, input: try binding.imageInput(),
        chosen: try request.index(binding.labels, count: decision.meaning.classCount), probe: probe, math: math)
    } catch {
      throw error.kind == .usage || error.file != nil ? error : error.of(file: model.path)
    }
  }

  /// Writes the maps, and says what there is to warn of.
  func explained(
    _ request: ExplanationRequest, _ results: [Explainer.Result?], _ decision: DecisionOutput, _ binding: DataBinding,
    _ loader: SampleLoader
  ) throws(Refusal) -> [Explanation] {
    let view = try binding.imageInput().image
    let preprocessing = try binding.preprocessing(for: [loader])
    try request.makeFolder()
    var files: Set<String> = []
    var explanations: [Explanation] = []
    var views: [Float] = []
    for (sample, result) in zip(loader.samples, results) {
      guard let result else { continue }
      let file = try request.file(sample.name, samples: loader.count)
      guard files.insert(file).inserted || request.format == .npy else {
        throw .usage("--explain \(request.path): \(file) would be written for two samples: explain them apart")
      }
      var photo: (image: Image, preprocessing: Preprocessing)?
      if let preprocessing, SampleFormat(path: sample.path) == .image {
        let stored = try sample.image()
        photo = (preprocessing.exifOrientation ? stored.upright() : stored, preprocessing)
      }
      let probabilities = decision.meaning.answer(result.values).probabilities
      let explanation = Explanation(
        index: result.index, label: (binding.labels ?? []).className(result.index),
        probability: probabilities.indices.contains(result.index) ? probabilities[result.index] : nil,
        method: request.method, map: result.map,
        view: photo.map { $0.preprocessing.view(of: ($0.image.width, $0.image.height)) },
        isCropped: preprocessing?.resize == .centerCrop, file: file)
      if request.format == .npy {
        views += result.map.resized(height: view.height, width: view.width).normalized.values
      } else if let photo {
        try explanation.draw(
          over: sample.path, photo.image, photo.preprocessing, isPNG: request.format != .jpeg)
      } else {
        throw .usage(
          "--explain \(request.path): a map is drawn over an image, and \(sample.name) is none: name a .npy file")
      }
      if result.map.isEmpty {
        observer.warn(
          "\(sample.path): no place speaks for \(Printable.name(explanation.label)): the map is zero everywhere")
      }
      explanations.append(explanation)
    }
    if request.format == .npy {
      let shape = (loader.count == 1 ? [] : [explanations.count]) + [view.height, view.width]
      try NumPyFile.write(Tensor(views, shape: shape), to: request.path)
    }
    return explanations
  }
}

extension ExplanationRequest {
  /// The number of the class asked for; nil where none is.
  fileprivate func index(_ labels: [String]?, count: Int) throws(Refusal) -> Int? {
    guard let className else { return nil }
    let names = (0..<count).map { (labels ?? []).className($0) }
    if let index = names.firstIndex(of: className) ?? Int(className), names.indices.contains(index) { return index }
    let known = names.prefix(20).map { Printable.name($0) }.joined(separator: ", ")
    throw .usage("--class \(className): is no class; there are \(known)\(count > 20 ? ", ..." : "")")
  }
}
