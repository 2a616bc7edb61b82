import DataSets
import NumPyFiles
import Tensors

/// Tables of evaluation data.
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
    for (classes, kind, subgroup) in cases {
      var options = TableOptions()
      options.subgroupColumns = subgroup.map { [$0] } ?? []
      do throws(Refusal) {
        let data = try SampleFolder.labelled(
          at: folder, classes: classes, labels: kind, inputs: inputs, options: options)
        require(!data.samples.isEmpty, "labels without samples")
        let sets = data.labelSets ?? data.samples.map { $0.label.map { [$0] } ?? [] }
        require(sets.count == data.samples.count, "not as many labels as samples")
        require(sets.joined().allSatisfy(data.classes.indices.contains), "a label without a class")
        require(kind == .labelSets || sets.allSatisfy { $0.count == 1 }, "a sample without just one label")
        require(data.samples.allSatisfy { $0.path.hasPrefix(folder) }, "a sample outside the folder")
        require(data.groups.map { $0.names.count == data.samples.count } ?? true, "not as many groups as samples")
        require(data.subgroups.allSatisfy { $0.values.count == data.samples.count }, "subgroups of other samples")
        for line in data.warnings + data.notes { requireLine(line) }
      } catch {
        requireLine("\(error)")
      }
    }
  }

  private static let cases: [([String]?, LabelKind, String?)] = [
    (nil, .oneClass, nil), (["nv", "mel", "a"], .oneClass, "sex"), (nil, .labelSets, "x"),
    (["MEL", "nv"], .labelSets, nil),
  ]

  /// Two numbers as in the files, and one that a column may give.
  private static let inputs: ModelInputs = {
    let two = ModelInputs.Input(name: "two", type: TensorType(.float32, [1, 2]))
    let age = ModelInputs.Input(name: "age", type: TensorType(.float32, [1, 1]))
    return (try? ModelInputs([two, age], main: "two")) ?? ModelInputs(two.type)
  }()

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
        "file", "label", "two.npy", "two", "a.png", "nv", "mel|nv", "\"a\"\"b\"", "0", "1", "1.0", "-1", "65535",
        "65536",
        "../a", "/a", "\"", "", "age", "sex", "x", "lesion_id", "image_id", "dx", "MEL", "nv;a", "\"a\nb\"", ";", "\t",
      ]
      let field = dice.roll(lines[line].count)
      lines[line][field] =
        dice.oneIn(2) ? Array((dice.pick(words) ?? "").utf8)[...] : dice.mutated(Array(lines[line][field]))[...]
    }
    return Array(lines.map { Array($0.joined(separator: [0x2C])) }.joined(separator: [0x0A]))
  }

  package static func seeds(root _: String) throws -> [[UInt8]] {
    [
      "file,label\na.png,nv\ntwo.npy,mel\n", "\u{FEFF}label,x,file\r\n3,,\"a.png\"\r\n\r\n0,1,two.npy\r\n",
      "image;MEL;nv;age;lesion_id\ntwo;1.0;0.0;35;L1\na;0;1;40;\"L\n1\"\n",
      "image_id\tdx\tsex\na\tmel|nv\tf\ntwo\t\tm\n",
    ].map { Array($0.utf8) }
  }
}
