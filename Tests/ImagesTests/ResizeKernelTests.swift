import CKernels
import Testing

@testable import Images

/// Every set of kernels that runs here gives the bytes of the scalar one, for the filters images are resized with.
@Suite struct ResizeKernelTests {
  private static var sets: [ck_resize_set] {
    var found = [UnsafePointer<ck_resize_set>?](repeating: nil, count: 8)
    let count = ck_resize_set_all(&found, found.count)
    return found[..<count].compactMap { $0?.pointee }
  }

  private func pixels(_ count: Int) -> [UInt8] {
    (0..<count).map { $0 % 5 == 0 ? 255 : UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 11) }
  }

  @Test func theScalarSetIsAlwaysThere() {
    #expect(Self.sets.last.map { String(cString: $0.name) } == "resize__scalar")
    #expect(String(cString: ck_resize_set_for([]).pointee.name) == "resize__scalar")
  }

  /// What a set makes of a row, between bytes that must stay as they are.
  private func row(
    _ filter: TriangleFilter, by set: ck_resize_set, channels: Int, _ source: [UInt8]
  ) -> [UInt8] {
    let count = filter.count * channels
    var target = [UInt8](repeating: 0xA5, count: count + 32)
    target.withUnsafeMutableBufferPointer { target in
      source.withUnsafeBufferPointer {
        filter.applyToRow(
          by: set, channels: channels, $0, UnsafeMutableBufferPointer(rebasing: target[16..<16 + count]))
      }
    }
    #expect(target[..<16].allSatisfy { $0 == 0xA5 } && target[(16 + count)...].allSatisfy { $0 == 0xA5 })
    return Array(target[16..<16 + count])
  }

  @Test(
    arguments: [(1, 1), (1, 7), (2, 1), (3, 2), (5, 9), (7, 1), (96, 97), (180, 96), (600, 224), (450, 96), (1000, 3)])
  func rowsAreTheSame(source: Int, target: Int) throws {
    let scalar = try #require(Self.sets.last)
    let cropped = target > 2 ? 1..<target - 1 : 0..<target
    for part in [0..<target, cropped] {
      let filter = TriangleFilter(from: source, to: target, keeping: part)
      for channels in [1, 3] {
        let pixels = pixels(source * channels)
        let expected = row(filter, by: scalar, channels: channels, pixels)
        for set in Self.sets {
          #expect(row(filter, by: set, channels: channels, pixels) == expected, "\(String(cString: set.name))")
        }
      }
    }
  }

  @Test(arguments: [1, 7, 8, 9, 31, 64, 65, 300])
  func columnsAreTheSame(width: Int) throws {
    let scalar = try #require(Self.sets.last)
    let filter = TriangleFilter(from: 23, to: 9, keeping: 0..<9)
    let pixels = pixels(23 * width)
    func columns(by set: ck_resize_set) -> [UInt8] {
      var sums = [Int32](repeating: 0, count: width)
      var target = [UInt8](repeating: 0, count: 9 * width)
      target.withUnsafeMutableBufferPointer { target in
        pixels.withUnsafeBufferPointer { pixels in
          sums.withUnsafeMutableBufferPointer { sums in
            for y in 0..<9 {
              filter.applyToColumns(
                by: set, at: y, sums: sums, UnsafeMutableBufferPointer(rebasing: target[y * width..<(y + 1) * width])
              ) { UnsafeBufferPointer(rebasing: pixels[$0 * width..<($0 + 1) * width]) }
            }
          }
        }
      }
      return target
    }
    for set in Self.sets { #expect(columns(by: set) == columns(by: scalar), "\(String(cString: set.name))") }
  }
}
