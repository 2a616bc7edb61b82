import IR
package import Tensors

/// Moves between channels and blocks of positions: what DepthToSpace and SpaceToDepth share.
package enum BlockMoves {
  /// The copy between a deep tensor [N, b * b * C, H, W] and a wide one [N, C, H * b, W * b].
  ///
  /// - Parameters:
  ///   - deep, wide: element strides
  ///   - isColumnRowDepth: whether a deep channel is c * b * b + offset (CRD) instead of offset * C + c (DCR)
  ///   - toWide: the direction
  package static func copy(
    deepShape shape: [Int], deep: [Int], wide: [Int], block: Int, isColumnRowDepth: Bool, toWide: Bool,
    elementSize: Int
  ) -> StridedCopy {
    let channels = shape[1] / (block * block)
    let depth = deep[1]
    let channelStep = isColumnRowDepth ? block * block * depth : depth
    let offsetStep = isColumnRowDepth ? depth : channels * depth
    // Image, channel, row, row in block, column, column in block.
    let extents = [shape[0], channels, shape[2], block, shape[3], block]
    let deepStrides = [deep[0], channelStep, deep[2], block * offsetStep, deep[3], offsetStep]
    let wideStrides = [wide[0], wide[1], block * wide[2], wide[2], block * wide[3], wide[3]]
    return StridedCopy(
      extents: extents, source: toWide ? deepStrides : wideStrides, target: toWide ? wideStrides : deepStrides,
      elementSize: elementSize)
  }

  package static func check(block: Int) throws(Refusal) {
    guard (1...(1 << 15)).contains(block) else {
      throw Refusal("attribute blocksize is \(block), expected 1...32768")
    }
  }
}
