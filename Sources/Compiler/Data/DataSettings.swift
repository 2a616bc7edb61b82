package import CanonicalJSON
package import DataSets
package import Images
package import Tensors

/// What the user said about inputs: preprocessing, dimension order, class names, tables.
///
/// What was left out comes from the model's bundle or its input shape.
package struct DataSettings: Sendable {
  private var size: (height: Int, width: Int)?
  private var scale: Double?
  private var mean: [Double]?
  private var std: [Double]?
  private var channels: Preprocessing.Channels?
  private var resize: Preprocessing.Resize?
  private var file: String?
  package private(set) var order: ModelInput.Order?
  package private(set) var labels: [String]?
  /// The file the class names are from; nil where they were given themselves.
  package private(set) var labelsFile: String?
  /// Whether images are turned as their EXIF data say.
  package private(set) var appliesEXIFOrientation: Bool
  /// The input images are written to, where the shapes do not tell.
  package private(set) var imageInput: String?
  /// Inputs that are the same for all samples.
  package private(set) var inputs: [String: [Float]] = [:]
  /// Tables that describe samples.
  package private(set) var table = TableOptions()

  /// Parses the options of the command line.
  ///
  /// - Parameters:
  ///   - labels: a file with a class name a line, or names with commas between them
  ///   - data: the options about tables and inputs
  package init(
    size: String?, scale: String? = nil, mean: String? = nil, std: String? = nil,
    channels: Preprocessing.Channels? = nil, resize: Preprocessing.Resize? = nil, file: String? = nil,
    layout: ModelInput.Order? = nil, exifOrientation: Bool = false, labels: String? = nil,
    data: DataSetTexts = DataSetTexts()
  ) throws(Refusal) {
    self.size = try DataSettings.parse(size, "--size", Preprocessing.size)
    self.scale = try DataSettings.parse(scale, "--scale", Preprocessing.number)
    self.mean = try DataSettings.parse(mean, "--mean", Preprocessing.numbers)
    self.std = try DataSettings.parse(std, "--std", Preprocessing.numbers)
    self.channels = channels
    self.resize = resize
    order = layout
    self.file = file
    appliesEXIFOrientation = exifOrientation
    if let labels {
      // A file's name may hold commas; class names that are one file's name do not.
      if labels.contains(","), FileTree.kind(of: labels) == .missing {
        self.labels = try DataSettings.classNames(labels.split(separator: ",", omittingEmptySubsequences: false))
      } else {
        labelsFile = labels
        self.labels = try DataSettings.readLines(labels)
      }
    }
    imageInput = data.imageInput
    table = try data.tableOptions()
    inputs = try data.values()
  }

  /// The input size for models that leave it free.
  package var freeSize: (height: Int, width: Int)? { size }

  /// Whether the user said anything about how images become inputs.
  package var describesPreprocessing: Bool {
    scale != nil || mean != nil || std != nil || channels != nil || resize != nil || file != nil
      || appliesEXIFOrientation
  }

  /// Whether the user said anything about data: how they become inputs, and what is known of them.
  var describesData: Bool {
    describesPreprocessing || labels != nil || table != TableOptions() || !inputs.isEmpty || order != nil
      || imageInput != nil
  }

  /// What `used` has other than the stored preprocessing, a line each.
  func overrides(
    of stored: JSON?, by used: Preprocessing, for input: ModelInput
  ) throws(Refusal) -> [String] {
    guard let stored else { return [] }
    let base: Preprocessing
    do throws(JSONError) {
      base = try Preprocessing(json: JSONNode(stored, name: "preprocessing"), size: (input.height, input.width))
    } catch {
      // A file of the user's stands in for all of it.
      return []
    }
    let members = [
      ("scale", DataSettings.text([base.scale]), DataSettings.text([used.scale])),
      ("mean", DataSettings.text(base.mean), DataSettings.text(used.mean)),
      ("std", DataSettings.text(base.std), DataSettings.text(used.std)),
      ("channels", base.channels.rawValue, used.channels.rawValue),
      ("resize", base.resize.rawValue, used.resize.rawValue),
      ("exif_orientation", "\(base.exifOrientation)", "\(used.exifOrientation)"),
    ]
    return members.filter { $0.1 != $0.2 }.map { "\($0.0) \($0.1) -> \($0.2)" }
  }

  /// Numbers as an option takes them.
  private static func text(_ numbers: [Double]) -> String {
    let isOne = numbers.allSatisfy { $0 == numbers.first }
    return (isOne ? Array(numbers.prefix(1)) : numbers).map { $0 == 1.0 / 255 ? "1/255" : "\($0)" }
      .joined(separator: ",")
  }

  /// The preprocessing for a model's image input: the user's words over those stored with the model.
  package func preprocessing(for input: ModelInput, stored: JSON?) throws(Refusal) -> Preprocessing {
    let modelSize = (height: input.height, width: input.width)
    var base: Preprocessing?
    if let file {
      base = try read(file, size: modelSize)
    } else if let stored {
      do throws(JSONError) {
        base = try Preprocessing(json: JSONNode(stored, name: "preprocessing"), size: modelSize)
      } catch {
        throw Refusal("the model's stored preprocessing is not valid: \(error)")
      }
    }
    if let size, size != modelSize {
      throw Refusal("--size \(size.height)x\(size.width): the model's input is \(input.height)x\(input.width)")
    }
    guard input.channels == 1 || input.channels == 3 else {
      throw Refusal("the model's input has \(input.channels) channels, images have 1 or 3: use .npy tensors")
    }
    let fallback: Preprocessing.Channels = input.channels == 1 ? .gray : .rgb
    let result = try Preprocessing(
      height: input.height, width: input.width, scale: scale ?? base?.scale ?? 1.0 / 255,
      mean: mean ?? base?.mean ?? [0], std: std ?? base?.std ?? [1], channels: channels ?? base?.channels ?? fallback,
      resize: resize ?? base?.resize ?? .direct,
      exifOrientation: appliesEXIFOrientation || base?.exifOrientation ?? false)
    if let base, (base.height, base.width) != modelSize {
      throw Refusal(
        "the preprocessing's size is \(base.height)x\(base.width), the model's input \(input.height)x\(input.width)")
    }
    guard result.channels.count == input.channels else {
      throw Refusal(
        "preprocessing gives \(result.channels.count) channels (\(result.channels.rawValue)), the model's input has "
          + "\(input.channels): use --channels \(fallback.rawValue)"
      )
    }
    return result
  }

  private func read(_ path: String, size: (height: Int, width: Int)) throws(Refusal) -> Preprocessing {
    let text = try MappedFile.contents(of: path)
    do throws(JSONError) {
      return try Preprocessing(json: JSONNode(JSON(parsing: text), name: "preprocessing"), size: size)
    } catch {
      throw Refusal(file: path, reason: "\(error)")
    }
  }

  private static func parse<Value>(
    _ text: String?, _ option: String, _ parse: (String) throws(Refusal) -> Value
  ) throws(Refusal) -> Value? {
    guard let text else { return nil }
    do throws(Refusal) { return try parse(text) } catch { throw error.about(option).as(.usage) }
  }

  private static func readLines(_ path: String) throws(Refusal) -> [String] {
    let text: String
    let bytes = try MappedFile.contents(of: path)
    guard bytes.count <= 4 << 20 else {
      throw Refusal(file: path, reason: "has \(bytes.count) bytes, too many for a list of class names")
    }
    text = String(decoding: bytes, as: UTF8.self)
    let lines = text.split(whereSeparator: \.isNewline).map(DataSetTexts.trimmed).filter { !$0.isEmpty }
    guard !lines.isEmpty else { throw Refusal(file: path, reason: "is empty; expected one class name a line") }
    var seen: Set<String> = []
    if let twice = lines.first(where: { !seen.insert($0).inserted }) {
      throw Refusal(file: path, reason: "class \(twice) is named twice; expected one class name a line, each once")
    }
    return lines
  }

  private static func classNames(_ parts: [Substring]) throws(Refusal) -> [String] {
    let names = parts.map(DataSetTexts.trimmed)
    var seen: Set<String> = []
    if let wrong = names.first(where: { $0.isEmpty || !seen.insert($0).inserted }) {
      throw .usage("--labels: \(wrong.isEmpty ? "a class name is empty" : "class \(wrong) is named twice")")
    }
    return names
  }
}
