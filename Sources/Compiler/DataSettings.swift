package import CanonicalJSON
package import DataSets
package import Images
import Tensors

/// What the user said about inputs: preprocessing, dimension order, class names. What was left out comes from the model's bundle or
/// its input shape.
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

  package init() {}

  /// Parses the options of the command line.
  package init(
    size: String?, scale: String?, mean: String?, std: String?, channels: String?, resize: String?, file: String?,
    layout: String?, labels: String?
  ) throws(Diagnostic) {
    do throws(PreprocessingError) {
      self.size = try size.map { text throws(PreprocessingError) in try Preprocessing.size(text) }
      self.scale = try scale.map { text throws(PreprocessingError) in try Preprocessing.number(text) }
      self.mean = try mean.map { text throws(PreprocessingError) in try Preprocessing.numbers(text) }
      self.std = try std.map { text throws(PreprocessingError) in try Preprocessing.numbers(text) }
    } catch {
      throw .usage("\(error)")
    }
    self.channels = try DataSettings.choice(channels, "--channels")
    self.resize = try DataSettings.choice(resize, "--resize")
    order = try DataSettings.choice(layout, "--layout")
    self.file = file
    self.labels = try labels.map { path throws(Diagnostic) in try DataSettings.readLines(path) }
  }

  /// The input size for models that leave it free.
  package var freeSize: (height: Int, width: Int)? { size }

  /// Whether the user said anything about how images become inputs.
  package var describesPreprocessing: Bool {
    scale != nil || mean != nil || std != nil || channels != nil || resize != nil || file != nil
  }

  /// The preprocessing for a model's image input: the user's words over those stored with the model.
  package func preprocessing(for input: ModelInput, stored: JSON?) throws(Diagnostic) -> Preprocessing {
    let modelSize = (height: input.height, width: input.width)
    var base: Preprocessing?
    if let file {
      base = try read(file, size: modelSize)
    } else if let stored {
      do throws(JSONError) {
        base = try Preprocessing(json: JSONNode(stored, name: "preprocessing"), size: modelSize)
      } catch {
        throw .refused("the model's stored preprocessing is not valid: \(error)")
      }
    }
    if let size, size != modelSize {
      throw .refused("--size \(size.height)x\(size.width): the model's input is \(input.height)x\(input.width)")
    }
    let fallback: Preprocessing.Channels = input.channels == 1 ? .gray : .rgb
    let result: Preprocessing
    do throws(PreprocessingError) {
      result = try Preprocessing(
        height: input.height, width: input.width, scale: scale ?? base?.scale ?? 1.0 / 255,
        mean: mean ?? base?.mean ?? [0], std: std ?? base?.std ?? [1], channels: channels ?? base?.channels ?? fallback,
        resize: resize ?? base?.resize ?? .direct)
    } catch {
      throw .refused("\(error)")
    }
    if let base, (base.height, base.width) != modelSize {
      throw .refused(
        "the preprocessing's size is \(base.height)x\(base.width), the model's input \(input.height)x\(input.width)")
    }
    guard result.channels.count == input.channels else {
      throw .refused(
        "preprocessing gives \(result.channels.count) channels (\(result.channels.rawValue)), the model's input has \(input.channels)"
      )
    }
    return result
  }

  private func read(_ path: String, size: (height: Int, width: Int)) throws(Diagnostic) -> Preprocessing {
    do {
      let json = try JSON(parsing: MappedFile.contents(of: path))
      return try Preprocessing(json: JSONNode(json, name: "preprocessing"), size: size)
    } catch let error as FileError {
      throw .refused("\(error)")
    } catch {
      throw .refused("\(path): \(error)")
    }
  }

  private static func choice<Choice: RawRepresentable & CaseIterable>(
    _ text: String?, _ option: String
  ) throws(Diagnostic) -> Choice? where Choice.RawValue == String {
    guard let text else { return nil }
    guard let value = Choice(rawValue: text) else {
      let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw .usage("\(option) \(text): expected one of \(known)")
    }
    return value
  }

  private static func readLines(_ path: String) throws(Diagnostic) -> [String] {
    let text: String
    do throws(FileError) {
      text = String(decoding: try MappedFile.contents(of: path), as: UTF8.self)
    } catch {
      throw .refused("\(error)")
    }
    let lines = text.split(whereSeparator: \.isNewline).map { line in
      String(line.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }.filter { !$0.isEmpty }
    guard !lines.isEmpty, Set(lines).count == lines.count else {
      throw .refused("\(path): expected one class name a line, each once")
    }
    return lines
  }
}
