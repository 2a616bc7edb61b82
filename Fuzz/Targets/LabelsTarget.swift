import DataSets
import NumPyFiles
import Tensors

/// labels.csv of evaluation data.
package enum LabelsTarget: FuzzTarget {
  package static let name = "labels"
  package static let largestInput = 4 << 10

  /// Files that lines may name.
  private static let folder: String = {
    _ = ScratchFolder.put(NumPyFile.encode(Tensor([Float(1), 2, 3, 4], shape: [2, 2])), "two.npy")
    _ = ScratchFolder.put([], "a.png")
    return ScratchFolder.path
  }()

  package static func run(_ bytes: [UInt8]) {
    let folder = folder
    _ = ScratchFolder.put(bytes, "labels.csv")
    for classes in [nil, ["nv", "mel", "a"]] {
      do throws(DataError) {
        let data = try SampleFolder.labelled(
          at: folder, classes: classes, inputs: ModelInputs(TensorType(.float32, [1, 2])))
        require(!data.samples.isEmpty, "labels without samples")
        require(data.samples.allSatisfy { data.classes.indices.contains($0.label ?? -1) }, "a label without a class")
        require(data.samples.allSatisfy { $0.path.hasPrefix(folder) }, "a sample outside the folder")
      } catch {
        requireLine("\(error)")
      }
    }
  }

  package static func mutated(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8]? {
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { $0.split(separator: 0x2C) }
    guard lines.count > 1 else { return nil }
    let line = dice.roll(lines.count)
    switch dice.roll(4) {
    case 0: dice.shuffle(&lines)
    case 1: dice.shuffle(&lines[line])
    default:
      guard !lines[line].isEmpty else { return nil }
      let words = [
        "file", "label", "two.npy", "a.png", "nv", "\"a\"\"b\"", "0", "1", "-1", "65535", "65536", "../a", "/a", "\"",
        "",
      ]
      let field = dice.roll(lines[line].count)
      lines[line][field] =
        dice.oneIn(2) ? Array((dice.pick(words) ?? "").utf8)[...] : dice.mutated(Array(lines[line][field]))[...]
    }
    return Array(lines.map { Array($0.joined(separator: [0x2C])) }.joined(separator: [0x0A]))
  }

  package static func seeds(root _: String) throws -> [[UInt8]] {
    ["file,label\na.png,nv\ntwo.npy,mel\n", "\u{FEFF}label,x,file\r\n3,,\"a.png\"\r\n\r\n0,1,two.npy\r\n"].map {
      Array($0.utf8)
    }
  }
}
