package import Images
import Runtime
import Synchronization
package import Tensors

/// Reads samples into a model's input, from several threads at once, and remembers those that could not be used.
package final class SampleLoader: SampleSource {
  /// A sample that was left out, and why.
  package struct Problem: Sendable {
    package let index: Int
    package let sample: Sample
    package let reason: String
  }

  package let samples: [Sample]
  private let type: TensorType
  private let input: ModelInput?
  private let preprocessing: Preprocessing?
  private let found = Mutex<[Int: Problem]>([:])
  /// The file of tensors that was read last: its inputs are asked for one after the other.
  private let recent = Mutex<(path: String, file: TensorFile)?>(nil)

  /// - Parameters:
  ///   - type: the model's input
  ///   - order: the dimension order of image inputs, nil to read it off the shape
  ///   - preprocessing: how images become inputs; nil where samples are tensors only
  package init(
    _ samples: [Sample], for type: TensorType, order: ModelInput.Order?, preprocessing: Preprocessing?
  ) throws(DataError) {
    self.samples = samples
    self.type = type
    self.preprocessing = preprocessing
    let hasImages = samples.contains { SampleFormat(path: $0.path) == .image }
    input = hasImages ? try ModelInput(type, order: order) : nil
  }

  /// Whether some samples are images.
  package var hasImages: Bool { input != nil }

  package var count: Int { samples.count }

  /// Samples that could not be read so far, in order.
  package var problems: [Problem] { found.withLock { $0.values.sorted { $0.index < $1.index } } }

  package func write(_ index: Int, into view: TensorView) -> Bool {
    do throws(DataError) {
      switch SampleFormat(path: samples[index].path) {
      case .image: try writeImage(samples[index], into: view)
      default: try writeTensor(samples[index], into: view)
      }
      return true
    } catch {
      found.withLock { $0[index] = Problem(index: index, sample: samples[index], reason: "\(error)") }
      return false
    }
  }

  private func writeTensor(_ sample: Sample, into view: TensorView) throws(DataError) {
    let tensor = try file(sample.path).input(sample.index, for: type)
    withExtendedLifetime(tensor) { LayoutConversion.write(tensor.bytes, layout: .rowMajor, into: view) }
  }

  private func file(_ path: String) throws(DataError) -> TensorFile {
    if let known = recent.withLock({ $0?.path == path ? $0?.file : nil }) { return known }
    let file = try TensorFile.read(path)
    recent.withLock { $0 = (path, file) }
    return file
  }

  private func writeImage(_ sample: Sample, into view: TensorView) throws(DataError) {
    guard let input, let preprocessing else { throw DataError("images need a preprocessing") }
    let pixels: [Float]
    do {
      pixels = try preprocessing.apply(Image(path: sample.path))
    } catch let error as FileError {
      throw DataError(error.reason)
    } catch {
      throw DataError("\(error)")
    }
    // Pixels are NHWC: what a channels-last view of an NCHW input and a plain NHWC input both are.
    pixels.withUnsafeBytes {
      LayoutConversion.write($0, layout: input.order == .nhwc ? .rowMajor : .channelsLast, into: view)
    }
  }
}
