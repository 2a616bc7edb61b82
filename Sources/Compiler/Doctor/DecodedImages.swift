import DataSets
import Images
import Runtime
import Synchronization
import Tensors
import Threads

/// Images that are decoded once and kept in a model's size, to be normalised in many ways.
final class DecodedImages: Sendable {
  let samples: [Sample]
  /// The samples that could not be read, and why.
  let problems: [(sample: Sample, reason: String)]
  private let fitted: [Preprocessing.Resize: [Image?]]

  /// - Parameters:
  ///   - turned: whether images are turned as their EXIF data say
  ///   - observer: is told of each sample
  /// - Throws: where the input has a size that images are not brought to
  init(_ samples: [Sample], for input: ModelInput, turned: Bool, threads: Int, observer: any WorkObserver)
    throws(Refusal)
  {
    self.samples = samples
    let channels: Preprocessing.Channels = input.channels == 1 ? .gray : .rgb
    var found: [(resize: Preprocessing.Resize, fit: Preprocessing)] = []
    for resize in Preprocessing.Resize.allCases {
      let fit = try Preprocessing(
        height: input.height, width: input.width, channels: channels, resize: resize, exifOrientation: turned)
      found.append((resize, fit))
    }
    let forms = found
    let results = Mutex((images: [[Image?]](), problems: [Int: String]()))
    results.withLock { $0.images = forms.map { _ in [Image?](repeating: nil, count: samples.count) } }
    let next = SharedCounter()
    let workers = Workers(threads: min(threads, max(1, samples.count)))
    workers.run(units: workers.count) { _, range in
      for _ in range {
        while let index = next.take(below: samples.count) {
          do {
            let image = try samples[index].image()
            let images = try forms.map { try $0.fit.fit(image) }
            results.withLock { for form in forms.indices { $0.images[form][index] = images[form] } }
          } catch {
            let reason = (error as? Refusal)?.reason ?? "\(error)"
            results.withLock { $0.problems[index] = reason }
          }
          observer.advance()
        }
      }
    }
    let (images, problems) = results.withLock { ($0.images, $0.problems) }
    fitted = Dictionary(uniqueKeysWithValues: zip(forms.map(\.resize), images))
    self.problems = problems.sorted { $0.key < $1.key }.map { (samples[$0.key], $0.value) }
  }

  /// The positions of the samples that could be read.
  var readable: [Int] { samples.indices.filter { image($0, .direct) != nil } }

  /// Whether both ways of resizing give the same images.
  var resizesAlike: Bool { fitted[.direct] == fitted[.centerCrop] }

  func image(_ index: Int, _ resize: Preprocessing.Resize) -> Image? { fitted[resize]?[index] ?? nil }

  /// The mean and deviation of the pixels of the images that could be read.
  func pixels(channels: Int) -> PixelStatistics {
    PixelStatistics((fitted[.direct] ?? []).compactMap(\.self), channels: channels)
  }
}

/// Decoded images as a model's input, normalised in one way.
struct NormalizedImages: SampleSource {
  let images: DecodedImages
  let preprocessing: Preprocessing
  let order: ModelInput.Order

  var count: Int { images.samples.count }

  func write(_ index: Int, into inputs: [MutableTensorView]) -> Bool {
    guard let image = images.image(index, preprocessing.resize) else { return false }
    let pixels = [Float](unsafeUninitializedCapacity: preprocessing.count) { target, count in
      preprocessing.normalize(image, layout: .channelsLast, into: target)
      count = preprocessing.count
    }
    pixels.withUnsafeBytes {
      LayoutConversion.write($0, layout: order == .nhwc ? .rowMajor : .channelsLast, into: inputs[0])
    }
    return true
  }
}
