import NumPyFiles
import Tensors

/// Finds samples below a folder.
package enum SampleFolder {
  /// All samples below a folder (or in one file), without labels, in order of their paths.
  package static func samples(at path: String) throws(DataError) -> [Sample] {
    switch FileTree.kind(of: path) {
    case .missing: throw DataError("\(path): no such file or folder")
    case .other: throw DataError("\(path): is neither a file nor a folder")
    case .file:
      guard SampleFormat(path: path) != nil else {
        throw DataError("\(path): is not an image (.jpg, .png) or tensor file (.npy, .npz, .pb)")
      }
      return try expand(name: path, path: path)
    case .folder: break
    }
    let files = try list { () throws(FileError) in try FileTree.files(below: path) }
    var samples: [Sample] = []
    for file in files where SampleFormat(path: file) != nil {
      samples += try expand(name: file, path: "\(path)/\(file)")
    }
    guard !samples.isEmpty else {
      throw DataError("\(path): contains no images (.jpg, .png) or tensors (.npy, .npz, .pb)")
    }
    return samples
  }

  /// A tensor file with a leading dimension of several inputs is several samples.
  private static func expand(name: String, path: String) throws(DataError) -> [Sample] {
    guard SampleFormat(path: path) == .numpy else { return [Sample(name: name, path: path)] }
    let count = (try? TensorFile.read(path).count) ?? 1
    return (0..<max(1, count)).map { Sample(name: count > 1 ? "\(name)[\($0)]" : name, path: path, index: $0) }
  }

  /// Evaluation data: a folder of class folders, or a folder with labels.csv (columns file and label).
  ///
  /// - Parameter classes: the model's class names in order, where they are known; labels are positions in it. Otherwise names are the
  ///   class folders in sorted order.
  package static func labelled(
    at path: String, classes: [String]?
  ) throws(DataError) -> (samples: [Sample], classes: [String]) {
    guard FileTree.kind(of: path) == .folder else { throw DataError("\(path): no such folder") }
    if FileTree.kind(of: "\(path)/labels.csv") == .file { return try LabelsFile.read(folder: path, classes: classes) }
    let folders = try list { () throws(FileError) in try FileTree.names(in: path) }
      .filter { FileTree.kind(of: "\(path)/\($0)") == .folder }
    guard !folders.isEmpty else {
      throw DataError("\(path): has neither class folders nor labels.csv with columns file,label")
    }
    let names = classes ?? folders
    var samples: [Sample] = []
    for folder in folders {
      guard let label = names.firstIndex(of: folder) else {
        throw DataError(
          "\(path)/\(folder): is no class of the model (\(names.joined(separator: ", "))); give the order with --labels FILE"
        )
      }
      for file in try list({ () throws(FileError) in try FileTree.files(below: "\(path)/\(folder)") })
      where SampleFormat(path: file) != nil {
        samples.append(Sample(name: "\(folder)/\(file)", path: "\(path)/\(folder)/\(file)", label: label))
      }
    }
    guard !samples.isEmpty else { throw DataError("\(path): its class folders contain no images or tensors") }
    return (samples, names)
  }

  private static func list(_ body: () throws(FileError) -> [String]) throws(DataError) -> [String] {
    do throws(FileError) { return try body() } catch { throw DataError("\(error)") }
  }
}
