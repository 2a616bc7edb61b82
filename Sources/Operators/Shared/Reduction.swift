package import IR
import Tensors
import Threads

/// A function of many numbers computed one by one in double precision.
package protocol Reducer: Sendable {
  static var start: Double { get }
  static func add(_ value: Double, to total: Double) -> Double
  static func finish(_ total: Double, count: Int) -> Double
}

extension Reducer {
  package static var start: Double { 0 }
  package static func finish(_ total: Double, count _: Int) -> Double { total }
}

package enum SumReducer: Reducer {
  package static func add(_ value: Double, to total: Double) -> Double { total + value }
}
package enum MeanReducer: Reducer {
  package static func add(_ value: Double, to total: Double) -> Double { total + value }
  package static func finish(_ total: Double, count: Int) -> Double { total / Double(count) }
}
package enum MaxReducer: Reducer {
  package static var start: Double { -.infinity }
  // A NaN stays: it is neither below nor above anything.
  package static func add(_ value: Double, to total: Double) -> Double {
    value > total || value.isNaN ? value : total
  }
}
package enum MinReducer: Reducer {
  package static var start: Double { .infinity }
  package static func add(_ value: Double, to total: Double) -> Double {
    value < total || value.isNaN ? value : total
  }
}
package enum ProductReducer: Reducer {
  package static var start: Double { 1 }
  package static func add(_ value: Double, to total: Double) -> Double { total * value }
}
package enum L1Reducer: Reducer {
  package static func add(_ value: Double, to total: Double) -> Double { total + abs(value) }
}
package enum SumSquareReducer: Reducer {
  package static func add(_ value: Double, to total: Double) -> Double { total + value * value }
}
package enum L2Reducer: Reducer {
  package static func add(_ value: Double, to total: Double) -> Double { total + value * value }
  package static func finish(_ total: Double, count _: Int) -> Double { total.squareRoot() }
}

/// A dimension of a reduction's input with element strides; `target` is that of the output where it is kept.
package struct ReductionDimension: Sendable {
  package var extent: Int
  package var source: Int
  package var target: Int

  package init(extent: Int, source: Int, target: Int) {
    self.extent = extent
    self.source = source
    self.target = target
  }
}

/// The loops of a reduction over any dimensions of a strided tensor.
///
/// Outputs are computed in tiles along the innermost kept dimension, so that channels-last means over positions read
/// memory in order.
package struct Reduction: Sendable {
  private static let tile = 64

  private let outer: [ReductionDimension]
  private let inner: ReductionDimension
  private let reduced: [ReductionDimension]
  private let count: Int

  package init(kept: [ReductionDimension], reduced: [ReductionDimension]) {
    var dimensions = Reduction.merged(kept)
    inner = dimensions.popLast() ?? ReductionDimension(extent: 1, source: 0, target: 0)
    outer = dimensions
    self.reduced = Reduction.merged(reduced)
    count = reduced.reduce(1) { $0 * $1.extent }
  }

  /// Dimensions from the outermost in memory inwards, neighbours merged where they are adjacent on both sides.
  private static func merged(_ dimensions: [ReductionDimension]) -> [ReductionDimension] {
    var result: [ReductionDimension] = []
    for dimension in dimensions.filter({ $0.extent != 1 }).sorted(by: { $0.source > $1.source }) {
      if let previous = result.last, previous.source == dimension.source * dimension.extent,
        previous.target == dimension.target * dimension.extent
      {
        result[result.count - 1].extent *= dimension.extent
        result[result.count - 1].source = dimension.source
        result[result.count - 1].target = dimension.target
      } else {
        result.append(dimension)
      }
    }
    return result
  }

  package func kernel<Function: Reducer>(_: Function.Type) -> Kernel {
    let tile = Reduction.tile
    let tiles = (inner.extent + tile - 1) / tile
    let units = outer.reduce(tiles) { $0 * $1.extent }
    return Kernel(scratch: tile * MemoryLayout<Double>.size, implementation: "reduce") { call in
      let x: UnsafePointer<Float> = call.input(0).pointer()
      let y: UnsafeMutablePointer<Float> = call.output.pointer()
      call.workers.run(units: units) { thread, range in
        let totals = call.scratch(thread: thread).assumingMemoryBound(to: Double.self)
        for unit in range {
          let first = unit % tiles * tile
          let width = min(tile, inner.extent - first)
          var source = x + first * inner.source
          var target = y + first * inner.target
          var rest = unit / tiles
          for dimension in outer.reversed() {
            source += rest % dimension.extent * dimension.source
            target += rest % dimension.extent * dimension.target
            rest /= dimension.extent
          }
          totals.update(repeating: Function.start, count: width)
          accumulate(Function.self, 0, source, width, totals)
          for index in 0..<width {
            target[index * inner.target] = Float(Function.finish(totals[index], count: count))
          }
        }
      }
    }
  }

  /// Adds everything along the reduced dimensions from `depth` on.
  private func accumulate<Function: Reducer>(
    _: Function.Type, _ depth: Int, _ source: UnsafePointer<Float>, _ width: Int,
    _ totals: UnsafeMutablePointer<Double>
  ) {
    guard depth < reduced.count else {
      for index in 0..<width {
        totals[index] = Function.add(Double(source[index * inner.source]), to: totals[index])
      }
      return
    }
    let dimension = reduced[depth]
    if depth == reduced.count - 1 && (width == 1 || dimension.source < inner.source) {
      // The reduced elements lie closer together than the outputs': one output after the other.
      for index in 0..<width {
        let start = source + index * inner.source
        var total = totals[index]
        for step in 0..<dimension.extent {
          total = Function.add(Double(start[step * dimension.source]), to: total)
        }
        totals[index] = total
      }
      return
    }
    for index in 0..<dimension.extent {
      accumulate(Function.self, depth + 1, source + index * dimension.source, width, totals)
    }
  }
}
