import Tensors

/// labels.csv: a header with the columns file and label, then a line for each sample; labels are numbers or class names.
enum LabelsFile {
  static func read(folder: String, classes: [String]?) throws(DataError) -> (samples: [Sample], classes: [String]) {
    let path = "\(folder)/labels.csv"
    let text: String
    do throws(FileError) {
      text = String(decoding: try MappedFile.contents(of: path), as: UTF8.self)
    } catch {
      throw DataError("\(error)")
    }
    var lines = text.split(whereSeparator: \.isNewline).map { line in
      line.split(separator: ",", omittingEmptySubsequences: false).map { field in
        String(field).trimmingSpacesAndQuotes()
      }
    }
    guard let header = lines.first, let fileColumn = header.firstIndex(of: "file"),
      let labelColumn = header.firstIndex(of: "label")
    else { throw DataError("\(path): the first line must name the columns file and label") }
    lines.removeFirst()

    var names = classes ?? []
    if classes == nil {
      let texts = Set(
        lines.compactMap { labelColumn < $0.count && Int($0[labelColumn]) == nil ? $0[labelColumn] : nil })
      names = texts.sorted()
    }
    var samples: [Sample] = []
    for (number, fields) in lines.enumerated() {
      guard fileColumn < fields.count, labelColumn < fields.count else {
        throw DataError("\(path), line \(number + 2): has \(fields.count) columns, the header \(header.count)")
      }
      let label = fields[labelColumn]
      guard let index = Int(label) ?? names.firstIndex(of: label), index >= 0 else {
        throw DataError("\(path), line \(number + 2): label \(label) is neither a number nor a known class")
      }
      let file = fields[fileColumn]
      guard !file.hasPrefix("/"), !file.split(separator: "/").contains("..") else {
        throw DataError("\(path), line \(number + 2): \(file) is outside the folder")
      }
      samples.append(Sample(name: file, path: "\(folder)/\(file)", label: index))
    }
    guard !samples.isEmpty else { throw DataError("\(path): names no samples") }
    let count = (samples.compactMap(\.label).max() ?? 0) + 1
    while names.count < count { names.append("\(names.count)") }
    return (samples, names)
  }
}

extension String {
  fileprivate func trimmingSpacesAndQuotes() -> String {
    var text = self[...]
    while let first = text.first, first == " " || first == "\"" { text.removeFirst() }
    while let last = text.last, last == " " || last == "\"" || last == "\r" { text.removeLast() }
    return String(text)
  }
}
