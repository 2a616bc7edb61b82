import NumPyFiles
import Tensors

/// Class names packed with a model: the format's metadata keep files as a zip archive behind the model, and one with
/// labels has a name on each line.
/// https://www.tensorflow.org/lite/models/convert/metadata
enum LabelFile {
  /// Larger files are passed over.
  private static let largestSize = 1 << 20
  private static let countLimit = 1 << 16

  /// The names in the only text file, or the one that is named for labels. What is wrong with an archive does not
  /// matter to the model.
  static func names(in file: MappedFile) -> [String]? {
    file.withBytes { bytes in
      guard let archive = try? ZipArchive(bytes) else { return nil }
      let texts = archive.members.filter { $0.name.hasSuffix(".txt") && $0.size <= largestSize }
      let labels = texts.count == 1 ? texts : texts.filter { $0.name.contains("label") }
      guard labels.count == 1, let content = try? labels[0].content(in: bytes) else { return nil }
      return names(content.withBytes { String(decoding: $0, as: UTF8.self) })
    }
  }

  private static func names(_ text: String) -> [String]? {
    var names = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { line in
      String(line.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
    while names.last?.isEmpty ?? false { names.removeLast() }
    guard !names.isEmpty, names.count <= countLimit, Set(names).count == names.count, !names.contains("") else {
      return nil
    }
    return names
  }
}
