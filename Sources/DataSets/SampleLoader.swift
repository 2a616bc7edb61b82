package import Hashing
package import Images
import Runtime
import Synchronization
package import Tensors

/// Reads samples into a model's inputs, from several threads at once, and remembers those that could not be used.
///
/// An image is written to the main input. Other inputs come from values that are the same for all samples, from arrays
/// of their name in the sample's own .npz file, or from columns of a table, in this order.
package final class SampleLoader: SampleSource {
  /// A sample that was left out, and why.
  package struct Problem: Sendable {
    package let index: Int
    package let sample: Sample
    package let reason: String
  }

  /// The samples, and what else is known of them.
  package let data: SampleSet
  private let inputs: ModelInputs
  private let images: ModelInput?
  private let preprocessing: Preprocessing?
  private let tables: PixelTables?
  /// Inputs that are the same for all samples.
  private let constants: [Int: Tensor]
  private let found = Mutex<[Int: Problem]>([:])
  /// The file of tensors that was read last: its inputs are asked for one after the other.
  private let recent = Mutex<(path: String, file: TensorFile)?>(nil)
  private let hashes = ContentHashes()
  private let takesNonFinite: Bool
  private let nonFinite = Mutex<Set<Int>>([])

  /// - Parameters:
  ///   - inputs: the model's
  ///   - order: the dimension order of image inputs, nil to read it off the shape
  ///   - preprocessing: how images become inputs; nil where samples are tensors only
  ///   - values: of inputs that are the same for all samples, by name
  ///   - takesNonFinite: whether samples may hold NaN and infinities; else those that do cannot be used
  package init(
    _ data: SampleSet, for inputs: ModelInputs, order: ModelInput.Order?, preprocessing: Preprocessing?,
    values: [String: [Float]] = [:], takesNonFinite: Bool = false
  ) throws(Refusal) {
    self.data = data
    self.inputs = inputs
    self.preprocessing = preprocessing
    tables = preprocessing.map { PixelTables($0) }
    self.takesNonFinite = takesNonFinite
    let hasImages = data.samples.contains { SampleFormat(path: $0.path) == .image }
    if hasImages {
      guard let type = inputs.mainType else {
        throw Refusal.usage(
          "the model has the inputs \(inputs.description): say with --image-input which of them images are")
      }
      let input = try ModelInput(type, order: order)
      if let preprocessing, preprocessing.count != type.count {
        throw Refusal(
          .unfit,
          reason:
            "its input is \(type), preprocessing gives \(preprocessing.height)x\(preprocessing.width) pixels with "
            + "\(preprocessing.channels.count) channels")
      }
      images = input
    } else {
      images = nil
    }
    var constants: [Int: Tensor] = [:]
    for (name, numbers) in values {
      guard let index = inputs.all.firstIndex(where: { $0.name == name }) else {
        throw Refusal.usage(
          "--input \(DataTable.shown(name)): the model has the inputs \(inputs.description)")
      }
      guard index != inputs.main || !hasImages else {
        throw Refusal.usage("--input \(DataTable.shown(name)): is the input that images are written to")
      }
      constants[index] = try SampleLoader.tensor(numbers, inputs.all[index])
    }
    self.constants = constants
    recent.withLock { $0 = data.opened }
    try checkSources()
  }

  package var samples: [Sample] { data.samples }

  /// Whether some samples are images.
  package var hasImages: Bool { images != nil }

  package var count: Int { samples.count }

  /// Samples that could not be read so far, in order.
  package var problems: [Problem] { found.withLock { $0.values.sorted { $0.index < $1.index } } }

  /// Samples with NaN or infinities that were taken so far, in order.
  package var nonFiniteSamples: [Sample] { nonFinite.withLock { $0.sorted().map { samples[$0] } } }

  /// The hashes of the files that were read so far, by path.
  package var contentHashes: [String: SHA256] { hashes.all }

  /// Reads all files for their hashes alone.
  package func hashFiles() throws(Refusal) {
    for path in Set(samples.map(\.path)) { try hashes.add(path) }
  }

  /// The identity of the files that were used so far; all of them once every sample was read.
  package var identity: DataIdentity { DataIdentity(hashes: Array(contentHashes.values)) }

  /// Refuses where nothing says what an input is.
  private func checkSources() throws(Refusal) {
    let open = inputs.all.indices.filter {
      $0 != inputs.main && constants[$0] == nil && data.numbers[$0] == nil
    }
    guard inputs.all.count > 1, !open.isEmpty else { return }
    let names = images == nil ? try samples.first.map { sample throws(Refusal) in try file(sample).names } : []
    let unknown = open.filter { names?.contains(inputs.all[$0].name) != true }
    guard let first = unknown.first else { return }
    let name = DataTable.shown(inputs.all[first].name)
    throw Refusal(
      .unfit,
      reason: "has the inputs \(inputs.description), and nothing gives \(name): use .npz files with an array for each "
        + "input, a table with a column \(name) or --columns \(name)=COLUMN,..., or --input \(name)=NUMBER,...")
  }

  package func write(_ index: Int, into views: [MutableTensorView]) -> Bool {
    let sample = samples[index]
    do throws(Refusal) {
      switch SampleFormat(path: sample.path) {
      case .image: try writeImage(sample, into: views)
      case nil: throw Refusal("is not an image or tensor file dermc reads: convert it to JPEG or PNG")
      default: try writeTensors(sample, index, into: views)
      }
      return true
    } catch {
      found.withLock { $0[index] = Problem(index: index, sample: sample, reason: error.reason) }
      return false
    }
  }

  // MARK: Tensors

  private func writeTensors(_ sample: Sample, _ position: Int, into views: [MutableTensorView]) throws(Refusal) {
    let file = try file(sample)
    for (index, input) in inputs.all.enumerated() {
      let tensor: Tensor
      if inputs.all.count == 1 {
        tensor = try file.input(sample.index, for: input.type)
      } else if let constant = constants[index] {
        tensor = constant
      } else if let named = try file.input(sample.index, named: input) {
        tensor = named
      } else if index == inputs.main, file.names.count == 1 {
        tensor = try file.input(sample.index, for: input.type)
      } else {
        tensor = try columnTensor(index, of: sample)
      }
      if let place = tensor.firstNonFinite() {
        guard takesNonFinite else { throw Refusal("holds NaN or infinity (element \(place))") }
        nonFinite.withLock { _ = $0.insert(position) }
      }
      write(tensor, into: views[index])
    }
    if let place = sample.place {
      hashes.add(sample.path, try place.contents())
    } else {
      try hashes.add(sample.path)
    }
  }

  private func file(_ sample: Sample) throws(Refusal) -> TensorFile {
    let path = sample.path
    if let known = recent.withLock({ $0?.path == path ? $0?.file : nil }) { return known }
    let file = try TensorFile.read(sample)
    recent.withLock { $0 = (path, file) }
    return file
  }

  private func write(_ tensor: Tensor, into view: MutableTensorView) {
    tensor.withBytes { LayoutConversion.write($0, layout: .rowMajor, into: view) }
  }

  /// What the sample's row of the table gives an input.
  private func columnTensor(_ index: Int, of sample: Sample) throws(Refusal) -> Tensor {
    let input = inputs.all[index]
    guard let rows = data.numbers[index] else {
      throw Refusal("holds no array \(DataTable.shown(input.name)), an input of the model")
    }
    guard let row = sample.row else {
      throw Refusal("has no row in \(data.table ?? "the table"), which gives \(DataTable.shown(input.name))")
    }
    return try SampleLoader.tensor(rows[row], input)
  }

  private static func tensor(_ numbers: [Float], _ input: ModelInputs.Input) throws(Refusal) -> Tensor {
    let name = DataTable.shown(input.name)
    guard numbers.count == input.type.count else {
      throw Refusal.usage("input \(name) is \(input.type), \(numbers.count) numbers are given")
    }
    switch input.type.element {
    case .float32: return Tensor(numbers, shape: input.type.shape)
    case .int64: return Tensor(try integers(numbers, name) as [Int64], shape: input.type.shape)
    case .int32: return Tensor(try integers(numbers, name) as [Int32], shape: input.type.shape)
    default:
      throw Refusal(.unfit, reason: "its input \(name) is \(input.type), numbers can be given to float32 and integers")
    }
  }

  private static func integers<Integer: FixedWidthInteger>(
    _ numbers: [Float], _ name: String
  ) throws(Refusal) -> [Integer] {
    var integers: [Integer] = []
    for number in numbers {
      guard let integer = Integer(exactly: number) else {
        throw Refusal("input \(name) takes integers, \(number) is none")
      }
      integers.append(integer)
    }
    return integers
  }

  // MARK: Images

  private func writeImage(_ sample: Sample, into views: [MutableTensorView]) throws(Refusal) {
    guard let images, let preprocessing, let tables, let main = inputs.main else {
      throw Refusal("images need a preprocessing")
    }
    let bytes = try sample.contents()
    let fitted: Image
    do throws(ImageError) {
      fitted = try preprocessing.fit(Image(decoding: bytes))
    } catch {
      throw Refusal("\(error)")
    }
    fitted.pixels.withUnsafeBufferPointer { SampleLoader.write($0, tables, order: images.order, into: views[main]) }
    for index in inputs.all.indices where index != main {
      if let constant = constants[index] {
        write(constant, into: views[index])
      } else {
        write(try columnTensor(index, of: sample), into: views[index])
      }
    }
    hashes.add(sample.path, bytes)
  }

  /// Normalises fitted pixels to where the model reads them.
  private static func write(
    _ pixels: UnsafeBufferPointer<UInt8>, _ tables: PixelTables, order: ModelInput.Order, into view: MutableTensorView
  ) {
    let numbers = view.elements(Float.self)
    switch (order, view.layout) {
    case (.nhwc, .rowMajor), (.nchw, .channelsLast): tables.write(pixels, layout: .channelsLast, into: numbers)
    case (.nchw, .rowMajor): tables.write(pixels, layout: .rowMajor, into: numbers)
    case (.nhwc, .channelsLast):
      // The plan's own order of axes that a network of other software has in another one.
      let staged = [Float](unsafeUninitializedCapacity: view.count) { target, filled in
        tables.write(pixels, layout: .channelsLast, into: target)
        filled = view.count
      }
      staged.withUnsafeBytes { LayoutConversion.write($0, layout: .rowMajor, into: view) }
    }
  }
}
