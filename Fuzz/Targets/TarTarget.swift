import DataSets
import NumPyFiles
import Tensors
import TestSupport

/// Tars of samples, with classes beside them or as folders.
package enum TarTarget: FuzzTarget {
  package static let name = "tar"

  package static func run(_ bytes: [UInt8]) {
    let path = ScratchFolder.put(bytes, "input.tar")
    let inputs = ModelInputs(TensorType(.float32, [1, 2]))
    do throws(Refusal) {
      let set = try SampleFolder.samples(at: path, inputs: inputs)
      check(set)
      require(set.tableHash == nil, "a table of nothing")
      if let place = set.samples.first { _ = try place.contents() }
    } catch {
      requireLine("\(error)")
    }
    for (classes, kind) in [(nil, LabelKind.oneClass), (["mel", "nv"], .oneClass), (nil, .labelSets)] {
      do throws(Refusal) {
        let set = try SampleFolder.labelled(at: path, classes: classes, labels: kind, inputs: inputs)
        check(set)
        let sets = set.labelSets ?? set.samples.map { $0.label.map { [$0] } ?? [] }
        require(sets.joined().allSatisfy(set.classes.indices.contains), "a label without a class")
        require(kind == .labelSets || sets.allSatisfy { $0.count == 1 }, "a sample without just one label")
      } catch {
        requireLine("\(error)")
      }
    }
  }

  private static func check(_ set: SampleSet) {
    require(!set.samples.isEmpty, "data without samples")
    for sample in set.samples {
      require(sample.path.hasPrefix("\(ScratchFolder.path)/input.tar/"), "a sample outside the tar")
      require(!sample.name.split(separator: "/").contains(".."), "a name that leads out of the tar")
      require(sample.place != nil, "a sample that is not in the tar")
    }
    require(Set(set.samples.map { "\($0.path) \($0.index)" }).count == set.samples.count, "a sample twice")
    for line in set.warnings + set.notes { requireLine(line) }
  }

  package static func mutated(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8]? {
    guard var tar = TarFile(bytes) else { return nil }
    let index = dice.roll(tar.members.count)
    switch dice.roll(8) {
    case 0: dice.shuffle(&tar.members)
    case 1: tar.members[index].letter = dice.pick("0123567LKxgSVDM\u{0}") ?? "0"
    case 2:
      tar.members[index].size = Array(String(UInt64(bitPattern: Int64(dice.integer())), radix: 8).utf8)
    case 3: tar.members[index].size = (0..<12).map { _ in dice.oneIn(3) ? UInt8(0x80) : UInt8(dice.roll(256)) }
    case 4:
      let names = [
        "a.npy", "mel/a.npy", "../a.npy", "/a.npy", "./a.npy", "a.cls", "mel", "mel/", ".npy", "", "a//b.npy",
      ]
      tar.members[index].name = dice.pick(names) ?? ""
    case 5: tar.members.append(tar.members[index])
    case 6:
      let facts = [("path", "x/b.npy"), ("size", "\(dice.integer())"), ("GNU.sparse.major", "1"), ("path", "../x.npy")]
      let fact = dice.pick(facts) ?? ("", "")
      tar.members.insert(.init("facts", TarFile.fact(fact.0, fact.1), letter: dice.oneIn(4) ? "g" : "x"), at: index)
    default: tar.members[index].content = dice.mutated(tar.members[index].content)
    }
    if dice.oneIn(16) { tar.end = dice.mutated(tar.end) }
    if dice.oneIn(16) { tar.members[index].magic = dice.pick(["ustar  \u{0}", "", "ustar\u{0}00"]) ?? "" }
    return tar.bytes
  }

  package static func seeds(root _: String) throws -> [[UInt8]] {
    let pair = NumPyFile.encode(Tensor([Float(1), 2], shape: [1, 2]))
    let classes = Array("mel\n".utf8)
    var deep = TarFile.Member("b.npy", pair)
    deep.folders = "nv/deep"
    let long = "mel/" + String(repeating: "long", count: 30) + ".npy"
    return [
      [.init("mel/", letter: "5"), .init("mel/a.npy", pair), deep, .init("./nv/._c.npy", pair)],
      [.init("a.npy", pair), .init("a.cls", classes), .init("b.x.npy", pair), .init("b.cls", Array("1".utf8))],
      [.init("././@LongLink", Array(long.utf8) + [0], letter: "L"), .init("mel/long", pair), .init("nv/a.npy", pair)],
      [.init("facts", TarFile.fact("path", long) + TarFile.fact("mtime", "1.5"), letter: "x"), .init("mel/x", pair)],
    ].map { TarFile($0).bytes }
  }
}
