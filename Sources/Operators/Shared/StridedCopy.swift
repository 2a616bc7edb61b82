import CKernels
import Math
package import Tensors
package import Threads

/// A copy between two strided views of the same extents: what transposes, slices, concatenations and the like come to.
///
/// Prepared once: extents of 1 go, dimensions that follow each other in both views are merged, and what remains is a
/// block copy, a strided line or a matrix transposition repeated over the outer dimensions.
package struct StridedCopy: Sendable {
  /// A dimension with its strides in bytes.
  private struct Dimension: Sendable {
    var extent: Int
    var source: Int
    var target: Int
  }

  private enum Body: Sendable {
    /// `bytes` adjacent in both views.
    case block(bytes: Int)
    /// Elements one after the other at their strides.
    case line(Dimension)
    /// A transposition: the first dimension is adjacent in the source, the second in the target.
    case matrix(Dimension, Dimension)
    case nothing
  }

  private let outer: [Dimension]
  private let rows: Dimension
  private let body: Body
  private let elementSize: Int
  private let units: Int
  private let byteCount: Int
  private let sourceOffset: Int
  private let targetOffset: Int

  /// - Parameters:
  ///   - extents: elements along each dimension
  ///   - source, target: element strides; the source's may be 0 (repetition) or negative
  ///   - sourceOffset, targetOffset: elements before the first one copied
  ///   - elementSize: 1, 4 or 8 bytes
  package init(
    extents: [Int], source: [Int], sourceOffset: Int = 0, target: [Int], targetOffset: Int = 0, elementSize: Int
  ) {
    self.elementSize = elementSize
    self.sourceOffset = sourceOffset * elementSize
    self.targetOffset = targetOffset * elementSize
    byteCount = extents.reduce(elementSize, *)
    var dimensions = StridedCopy.merged(extents, source, target, elementSize)
    guard !extents.contains(0) else {
      outer = []
      rows = Dimension(extent: 0, source: 0, target: 0)
      body = .nothing
      units = 0
      return
    }
    let single = Dimension(extent: 1, source: 0, target: 0)
    let last = dimensions.popLast() ?? Dimension(extent: 1, source: elementSize, target: elementSize)
    if last.source == elementSize && last.target == elementSize {
      body = .block(bytes: last.extent * elementSize)
    } else if last.target == elementSize,
      let across = dimensions.lastIndex(where: { $0.source == elementSize })
    {
      body = .matrix(dimensions.remove(at: across), last)
    } else {
      body = .line(last)
    }
    rows = dimensions.popLast() ?? single
    outer = dimensions
    units = dimensions.reduce(rows.extent) { $0 * $1.extent }
  }

  /// A copy of a whole tensor from one layout to another.
  package init(_ type: TensorType, from: Layout, to: Layout) {
    self.init(
      extents: type.shape, source: from.strides(of: type.shape), target: to.strides(of: type.shape),
      elementSize: type.element.size)
  }

  /// Dimensions from the outermost of the target inwards, neighbours merged where they are adjacent in both views.
  private static func merged(
    _ extents: [Int], _ source: [Int], _ target: [Int], _ elementSize: Int
  ) -> [Dimension] {
    var dimensions: [Dimension] = []
    for index in extents.indices where extents[index] != 1 {
      let dimension = Dimension(
        extent: extents[index], source: source[index] * elementSize, target: target[index] * elementSize)
      dimensions.append(dimension)
    }
    dimensions.sort { $0.target > $1.target }
    var result: [Dimension] = []
    for dimension in dimensions {
      if let previous = result.last, previous.source == dimension.source * dimension.extent,
        previous.target == dimension.target * dimension.extent
      {
        result[result.count - 1] = Dimension(
          extent: previous.extent * dimension.extent, source: dimension.source, target: dimension.target)
      } else {
        result.append(dimension)
      }
    }
    return result
  }

  /// What is copied where, for those who write it down.
  package struct Strides: Sendable {
    /// Bytes that are adjacent in both views and copied together.
    package let bytes: Int
    /// From the outermost dimension inwards; strides in bytes.
    package let extents: [Int]
    package let source: [Int]
    package let target: [Int]
    /// Bytes before the first element copied.
    package let sourceOffset: Int
    package let targetOffset: Int
    package let elementSize: Int
    /// Rows and columns of the source, where the copy is the transposition of a dense matrix and no more.
    package let transposition: (rows: Int, columns: Int)?
  }

  package var strides: Strides {
    var dimensions = (outer + [rows]).filter { $0.extent != 1 }
    var bytes = elementSize
    var transposition: (rows: Int, columns: Int)?
    switch body {
    case .nothing: dimensions = [Dimension(extent: 0, source: 0, target: 0)]
    case .block(let adjacent): bytes = adjacent
    case .line(let line): dimensions.append(line)
    case .matrix(let across, let along):
      if dimensions.isEmpty, isDense(across, along) { transposition = (along.extent, across.extent) }
      dimensions += [across, along]
    }
    return Strides(
      bytes: bytes, extents: dimensions.map(\.extent), source: dimensions.map(\.source),
      target: dimensions.map(\.target), sourceOffset: sourceOffset, targetOffset: targetOffset,
      elementSize: elementSize, transposition: transposition)
  }

  /// Whether rows of the source are columns of the target, with nothing between them.
  private func isDense(_ across: Dimension, _ along: Dimension) -> Bool {
    along.source == across.extent * elementSize && across.target == along.extent * elementSize
  }

  /// Copies from a tensor of constants.
  package func run(from source: Tensor, to target: UnsafeMutableRawPointer, workers: Workers) {
    source.withBytes { bytes in
      if let base = bytes.baseAddress { run(from: base, to: target, workers: workers) }
    }
  }

  /// Copies. Source and target must not overlap.
  package func run(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, workers: Workers) {
    let source = source + sourceOffset
    let target = target + targetOffset
    guard byteCount >= 1 << 16 else {
      copy(0..<units, from: source, to: target)
      return
    }
    workers.run(units: units) { _, range in copy(range, from: source, to: target) }
  }

  private func copy(_ range: Range<Int>, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer) {
    var unit = range.lowerBound
    while unit < range.upperBound {
      let first = unit % rows.extent
      let count = min(rows.extent - first, range.upperBound - unit)
      var rest = unit / rows.extent
      var from = source + first * rows.source
      var to = target + first * rows.target
      for dimension in outer.reversed() {
        let index = rest % dimension.extent
        rest /= dimension.extent
        from += index * dimension.source
        to += index * dimension.target
      }
      copyRows(count, from: from, to: to)
      unit += count
    }
  }

  private func copyRows(_ count: Int, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer) {
    switch body {
    case .nothing: break
    case .block(let bytes):
      for row in 0..<count {
        (target + row * rows.target).copyMemory(from: source + row * rows.source, byteCount: bytes)
      }
    case .line(let line):
      switch elementSize {
      case 1: copyLines(UInt8.self, line, count, source, target)
      case 2: copyLines(UInt16.self, line, count, source, target)
      case 4: copyLines(UInt32.self, line, count, source, target)
      default: copyLines(UInt64.self, line, count, source, target)
      }
    case .matrix(let across, let along):
      for row in 0..<count {
        transpose(across, along, from: source + row * rows.source, to: target + row * rows.target)
      }
    }
  }

  private func copyLines<Element: BitwiseCopyable>(
    _: Element.Type, _ line: Dimension, _ count: Int, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer
  ) {
    let sourceStep = line.source / elementSize
    let targetStep = line.target / elementSize
    for row in 0..<count {
      let x = (source + row * rows.source).assumingMemoryBound(to: Element.self)
      let y = (target + row * rows.target).assumingMemoryBound(to: Element.self)
      if sourceStep == 0 && targetStep == 1 {
        y.update(repeating: x[0], count: line.extent)
        continue
      }
      var from = 0
      var to = 0
      for _ in 0..<line.extent {
        y[to] = x[from]
        from += sourceStep
        to += targetStep
      }
    }
  }

  private func transpose(
    _ across: Dimension, _ along: Dimension, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer
  ) {
    // Dense matrices go to the kernels.
    let isDense = isDense(across, along)
    if isDense && elementSize == 4 {
      Kernels.float.transpose32(
        along.extent, across.extent, source.assumingMemoryBound(to: UInt32.self),
        target.assumingMemoryBound(to: UInt32.self))
      return
    }
    if isDense && elementSize == 1 {
      Kernels.float.transpose8(
        along.extent, across.extent, source.assumingMemoryBound(to: UInt8.self),
        target.assumingMemoryBound(to: UInt8.self))
      return
    }
    switch elementSize {
    case 1: transposeTiles(UInt8.self, across, along, source, target)
    case 2: transposeTiles(UInt16.self, across, along, source, target)
    case 4: transposeTiles(UInt32.self, across, along, source, target)
    default: transposeTiles(UInt64.self, across, along, source, target)
    }
  }

  /// Tile by tile, so that neither side is read or written a cache line an element.
  private func transposeTiles<Element: BitwiseCopyable>(
    _: Element.Type, _ across: Dimension, _ along: Dimension, _ source: UnsafeRawPointer,
    _ target: UnsafeMutableRawPointer
  ) {
    let tile = 16
    let x = source.assumingMemoryBound(to: Element.self)
    let y = target.assumingMemoryBound(to: Element.self)
    let sourceStep = along.source / elementSize
    let targetStep = across.target / elementSize
    for i0 in stride(from: 0, to: across.extent, by: tile) {
      let i1 = min(i0 + tile, across.extent)
      for j0 in stride(from: 0, to: along.extent, by: tile) {
        let j1 = min(j0 + tile, along.extent)
        for i in i0..<i1 {
          for j in j0..<j1 { y[i * targetStep + j] = x[j * sourceStep + i] }
        }
      }
    }
  }
}
