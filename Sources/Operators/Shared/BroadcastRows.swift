package import IR
package import Tensors
package import Threads

/// Visits a broadcast result row by row in physical order, for any number of operands.
///
/// Neighbouring dimensions along which all operands walk alike are one, so that rows are as long as they can be.
package struct BroadcastRows: Sendable {
  private struct Dimension: Sendable {
    var extent: Int
    /// Element strides of the operands; 0 where one repeats.
    var strides: [Int]
  }

  private let outer: [Dimension]
  private let inner: Dimension
  private let rowCount: Int
  private let operandCount: Int

  /// Rows of the site's first output over its first `operands` inputs.
  package init(_ site: Site, operands: Int) throws(Refusal) {
    let output = site.outputs[0]
    var strides: [[Int]] = []
    for index in 0..<operands {
      let operand = try site.inputs.required(index, "operand")
      strides.append(
        Broadcasting.strides(of: operand.shape, layout: site.layout(ofInput: index), along: output.shape))
    }
    var dimensions: [Dimension] = []
    for axis in site.layout(ofOutput: 0).physicalOrder(rank: output.rank) where output.shape[axis] != 1 {
      let dimension = Dimension(extent: output.shape[axis], strides: strides.map { $0[axis] })
      if let previous = dimensions.last,
        zip(previous.strides, dimension.strides).allSatisfy({ $0 == $1 * dimension.extent })
      {
        dimensions[dimensions.count - 1] = Dimension(
          extent: previous.extent * dimension.extent, strides: dimension.strides)
      } else {
        dimensions.append(dimension)
      }
    }
    inner = dimensions.popLast() ?? Dimension(extent: 1, strides: [Int](repeating: 0, count: operands))
    outer = dimensions
    rowCount = output.count == 0 ? 0 : dimensions.reduce(1) { $0 * $1.extent }
    operandCount = operands
  }

  /// The element strides of the operands along a row.
  package var strides: [Int] { inner.strides }
  /// Elements in a row.
  package var length: Int { inner.extent }

  /// Calls `body` for every row with the position of its first element in the result and in the operands.
  package func run(_ workers: Workers, _ body: (_ position: Int, _ operands: UnsafePointer<Int>) -> Void) {
    let grain = max(1, 4096 / max(1, length))
    workers.run(elements: rowCount, grain: grain) { range in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: operandCount) { offsets in
        guard let base = offsets.baseAddress else { preconditionFailure("there is no room on the stack") }
        for row in range {
          base.initialize(repeating: 0, count: operandCount)
          var rest = row
          for dimension in outer.reversed() {
            let index = rest % dimension.extent
            rest /= dimension.extent
            for operand in 0..<operandCount { base[operand] += index * dimension.strides[operand] }
          }
          body(row * length, base)
        }
      }
    }
  }
}
