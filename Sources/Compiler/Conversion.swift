import Bundles
import IR
import Images
import ONNX
import Tensors

/// What `dermc convert` does.
package struct Conversion {
  private let model: LoadedModel
  private let settings: DataSettings

  package init(_ model: LoadedModel, settings: DataSettings) {
    self.model = model
    self.settings = settings
  }

  /// Refuses names of formats that cannot be written.
  package static func checkName(_ path: String) throws(Diagnostic) {
    guard path.hasSuffix(".derm") || path.hasSuffix(".onnx") else {
      throw .usage("-o \(path): expected a name ending in .derm or .onnx")
    }
  }

  /// Writes a file of the format its name ends in.
  package func write(to path: String) throws(Diagnostic) {
    if path.hasSuffix(".derm") { return try writeBundle(to: path) }
    do throws(ONNXError) {
      try ONNXWriter.write(model.graph, to: path, producerVersion: Provenance.version)
    } catch {
      throw .refused("\(error)")
    }
  }

  /// A float checkpoint: the graph as it was read, its weights raw so that they map straight into memory.
  private func writeBundle(to path: String) throws(Diagnostic) {
    var bundle = model.bundle ?? Bundle(kind: .checkpoint, graph: model.graph)
    if model.bundle == nil { bundle.provenance = Provenance.json(source: model, hash: model.sha256, recipe: nil) }
    if settings.describesPreprocessing || settings.labels != nil {
      let binding = try DataBinding(model, settings: settings)
      if settings.describesPreprocessing { bundle.preprocessing = try binding.preprocessing(for: [])?.json }
      bundle.labels = binding.labels
    }
    do throws(BundleError) {
      try BundleWriter.write(bundle, to: path, compression: bundle.kind == .checkpoint ? .none : .smallest)
    } catch {
      throw .refused("\(error)")
    }
  }
}
