import DataSets
import NumPyFiles
import Tensors

/// .npy and .npz files, and the samples they hold.
package enum NumPyTarget: FuzzTarget {
  package static let name = "numpy"

  package static func run(_ bytes: [UInt8]) {
    // The file's name tells both formats; its first bytes tell them apart.
    let path = ScratchFolder.put(bytes, "input.npy")
    do throws(Refusal) {
      for entry in try NumPyFile.read(path: path) {
        require(entry.tensor.buffer.count == entry.tensor.type.byteCount, "an array of another size than its type")
        if entry.tensor.count < 1 << 16 {
          _ = entry.tensor.doubles()
          let again = NumPyFile.encode(entry.tensor).withUnsafeBytes { try? NumPyFile.readArray($0) }
          require(again?.isIdentical(to: entry.tensor) == true, "an array that was written reads as another")
        }
      }
    } catch {
      return requireLine("\(error)")
    }
    for type in [TensorType(.float32, [1, 2, 3]), TensorType(.int64, [2])] {
      do throws(Refusal) {
        let file = try TensorFile.read(path)
        for index in 0..<min(3, file.count(for: ModelInputs(type))) { _ = try file.input(index, for: type) }
      } catch {
        requireLine("\(error)")
      }
    }
  }

  package static func mutated(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8]? {
    if var archive = ZipParts(bytes) {
      guard !archive.members.isEmpty, !dice.oneIn(4) else {
        dice.shuffle(&archive.members)
        return archive.bytes(&dice)
      }
      let index = dice.roll(archive.members.count)
      switch dice.roll(4) {
      case 0: archive.members[index].name = dice.pick(["a.npy", "b.npy", "..npy", "a", "é.npy"]) ?? ""
      case 1: archive.members[index].isDeflated.toggle()
      default: archive.members[index].content = array(archive.members[index].content, &dice)
      }
      return archive.bytes(&dice)
    }
    if dice.oneIn(16) {
      return ZipParts(members: [.init(name: "a.npy", content: bytes, isDeflated: dice.oneIn(2))]).bytes(&dice)
    }
    return array(bytes, &dice)
  }

  /// A changed array whose header has the length it says.
  private static func array(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8] {
    guard bytes.count >= 12, bytes[0] == 0x93, !dice.oneIn(8) else { return dice.mutated(bytes) }
    let wide = bytes[6] > 1
    let start = wide ? 12 : 10
    let length = Int(bytes[8]) | Int(bytes[9]) << 8
    guard length <= bytes.count - start else { return dice.mutated(bytes) }
    var text = Array(bytes[start..<start + length])
    var data = Array(bytes[(start + length)...])
    switch dice.roll(3) {
    case 0: text = dice.mutated(text, limit: 20_000)
    case 1: data = dice.mutated(data)
    default:
      let shape = (0..<dice.roll(5)).map { _ in dice.oneIn(8) ? dice.integer() : dice.roll(5) }
      let element = dice.pick([("<f4", 4), ("<f8", 8), ("|i1", 1), ("|u1", 1), ("<i4", 4), ("<i8", 8), ("|b1", 1)])
      let dimensions = shape.map { "\($0)" }.joined(separator: ", ") + (shape.count == 1 ? "," : "")
      text = Array(
        "{'descr': '\(element?.0 ?? "")', 'fortran_order': \(dice.oneIn(8) ? "True" : "False"), 'shape': (\(dimensions)), }\n"
          .utf8)
      let count = Limits.count(shape) ?? 0
      data = [UInt8](repeating: UInt8(dice.roll(256)), count: min(count * (element?.1 ?? 1), 4096))
    }
    let size = text.count
    let lengthBytes = (0..<(wide ? 4 : 2)).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) }
    return Array(bytes[..<8]) + lengthBytes + text + data
  }

  package static func seeds(root: String) throws -> [[UInt8]] {
    let arrays = [
      NumPyFile.encode(Tensor([Float(1), 2, 3, 4, 5, 6], shape: [1, 2, 3])),
      NumPyFile.encode(Tensor([Int64(1), 2])), NumPyFile.encode(Tensor(scalar: Int8(1))),
    ]
    let archive = ZipParts(
      members: arrays.enumerated().map {
        .init(name: "arr_\($0.offset).npy", content: $0.element, isDeflated: $0.offset == 1)
      })
    return arrays + [archive.bytes]
      + (try contents(of: "\(root)/Tests/NumPyFilesTests/Goldens", ending: ".npy").filter { $0.count < largestInput })
      + (try contents(of: "\(root)/Tests/NumPyFilesTests/Goldens", ending: ".npz").filter { $0.count < largestInput })
  }
}
