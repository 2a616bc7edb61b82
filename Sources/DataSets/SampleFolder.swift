import NumPyFiles
import Tensors

/// Finds samples below a folder.
package enum SampleFolder {
  /// All samples below a folder (or in one file), without labels, in order of their paths.
  ///
  /// - Parameter shape: the model's input; files of tensors may hold several
  package static func samples(at path: String, shape: [Int]) throws(DataError) -> [Sample] {
    switch FileTree.kind(of: path) {
    case .missing: throw DataError("\(path): no such file or folder")
    case .other: throw DataError("\(path): is neither a file nor a folder")
    case .file:
      guard SampleFormat(path: path) != nil else {
        throw DataError("\(path): is not an image (.jpg, .png) or tensor file (.npy, .npz, .pb)")
      }
      return expand(Sample(name: path, path: path), shape)
    case .folder: break
    }
    let files = try list { () throws(FileError) in try FileTree.files(below: path) }
    var samples: [Sample] = []
    for file in files where isInput(file) { samples += expand(Sample(name: file, path: "\(path)/\(file)"), shape) }
    guard !samples.isEmpty else {
      throw DataError("\(path): contains no images (.jpg, .png) or tensors (.npy, .npz, .pb)")
    }
    return samples
  }

  /// A file of tensors that holds several inputs is several samples.
  ///
  /// One that cannot be read stays one sample: reading it tells why.
  static func expand(_ sample: Sample, _ shape: [Int]) -> [Sample] {
    guard SampleFormat(path: sample.path) == .numpy || SampleFormat(path: sample.path) == .tensorProto,
      let count = try? TensorFile.read(sample.path).count(for: shape), count > 1
    else { return [sample] }
    return (0..<count).map {
      Sample(name: "\(sample.name)[\($0)]", path: sample.path, index: $0, label: sample.label)
    }
  }

  /// Whether a file of a folder is an input. Test data of public ONNX models have outputs beside the inputs.
  private static func isInput(_ file: String) -> Bool {
    guard let format = SampleFormat(path: file) else { return false }
    let name = file.split(separator: "/").last ?? ""
    return !(format == .tensorProto && name.hasPrefix("output_"))
  }

  /// Evaluation data: a folder of class folders, or a folder with labels.csv (columns file and label).
  ///
  /// - Parameters:
  ///   - classes: the model's class names in order, where they are known; labels are positions in it. Otherwise names
  ///     are the class folders in sorted order.
  ///   - shape: the model's input; files of tensors may hold several
  package static func labelled(
    at path: String, classes: [String]?, shape: [Int]
  ) throws(DataError) -> (samples: [Sample], classes: [String]) {
    guard FileTree.kind(of: path) == .folder else { throw DataError("\(path): no such folder") }
    if FileTree.kind(of: "\(path)/labels.csv") == .file {
      return try LabelsFile.read(folder: path, classes: classes, shape: shape)
    }
    let folders = try classFolders(of: path)
    guard !folders.isEmpty else {
      throw DataError("\(path): has neither class folders nor labels.csv with columns file,label")
    }
    let names = classes ?? folders
    var samples: [Sample] = []
    for folder in folders {
      guard let label = names.firstIndex(of: folder) else {
        throw DataError(
          "\(path)/\(folder): is no class of the model (\(names.joined(separator: ", "))); "
            + "give the order with --labels FILE"
        )
      }
      for file in try list({ () throws(FileError) in try FileTree.files(below: "\(path)/\(folder)") })
      where isInput(file) {
        let sample = Sample(name: "\(folder)/\(file)", path: "\(path)/\(folder)/\(file)", label: label)
        samples += expand(sample, shape)
      }
    }
    guard !samples.isEmpty else { throw DataError("\(path): its class folders contain no images or tensors") }
    return (samples, names)
  }

  /// Names of the folders in a folder, in order; empty for a file.
  package static func classFolders(of path: String) throws(DataError) -> [String] {
    guard FileTree.kind(of: path) == .folder else { return [] }
    return try list { () throws(FileError) in try FileTree.names(in: path) }
      .filter { FileTree.kind(of: "\(path)/\($0)") == .folder }
  }

  private static func list(_ body: () throws(FileError) -> [String]) throws(DataError) -> [String] {
    do throws(FileError) { return try body() } catch { throw DataError("\(error)") }
  }
}
