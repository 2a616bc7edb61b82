package import IR
package import Tensors
import Threads

/// The k largest or smallest numbers along one dimension, in order, and their indices.
///
/// Input: x float32, int32, int64 or uint64. Outputs: the numbers, and their indices as int64. Of equal numbers the one
/// that comes first is first, and NaN is beyond all numbers, the largest and the smallest.
package struct TopK: Operator {
  package static let name = "TopK"

  package let count: Int
  package let axis: Int
  package let largest: Bool

  package init(count: Int, axis: Int = -1, largest: Bool = true) {
    self.count = count
    self.axis = axis
    self.largest = largest
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    count = try attributes.int("k")
    axis = try attributes.int("axis", default: -1)
    largest = try attributes.bool("largest", default: true)
    try check()
  }

  package func check() throws(Refusal) {
    guard (0...Limits.elements).contains(count) else { throw Refusal("k is \(count), expected a number of elements") }
  }

  package func write(to attributes: inout AttributeWriter) {
    attributes.set("k", count)
    attributes.set("axis", axis)
    if !largest { attributes.set("largest", false) }
  }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    guard [.float32, .int32, .int64, .uint64].contains(x.type.element) else {
      throw Refusal("x is \(x.type.element), expected float32, int32, int64 or uint64")
    }
    let axis = try normalizedAxis(axis, rank: x.type.rank)
    guard count <= x.shape[axis] else { throw Refusal("k is \(count), dimension \(axis) of \(x.shape) has fewer") }
    var shape = x.shape
    shape[axis] = count
    return [x.type.with(shape: shape), TensorType(.int64, shape)]
  }

  /// As many comparisons as a sorting network of all elements would make.
  package func work(_ inputs: [Operand?], _: [TensorType]) -> Work {
    guard let x = inputs.optional(0) else { return Work() }
    let length = x.shape[axis < 0 ? axis + x.type.rank : axis]
    return Work(elementOperations: x.type.count * max(1, Int.bitWidth - length.leadingZeroBitCount))
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let x = try site.inputs.required(0, "x")
    let split = AxisSplit(x.shape, axis: try normalizedAxis(axis, rank: x.type.rank))
    guard site.outputs[0].count > 0 else { return try site.emptyKernel() }
    switch x.type.element {
    case .float32: return kernel(Float.self, split) { $0 > $1 || $0.isNaN && !$1.isNaN }
    case .int32: return kernel(Int32.self, split) { $0 > $1 }
    case .uint64: return kernel(UInt64.self, split) { $0 > $1 }
    default: return kernel(Int64.self, split) { $0 > $1 }
    }
  }

  /// Sorts the indices of each row in scratch memory by a heap whose root is the last of those kept.
  private func kernel<Element: TensorElement & Comparable>(
    _: Element.Type, _ split: AxisSplit, above: @escaping @Sendable (Element, Element) -> Bool
  ) -> Kernel {
    let count = count
    let isLargest = largest
    return Kernel(scratch: count * MemoryLayout<Int>.stride, implementation: "top_k") { call in
      let source: UnsafePointer<Element> = call.input(0).pointer()
      let numbers = call.outputs[0].pointer(Element.self)
      let indices = call.outputs[1].pointer(Int64.self)
      call.workers.run(units: split.outer * split.inner) { thread, range in
        let heap = call.scratch(thread: thread).assumingMemoryBound(to: Int.self)
        for row in range {
          let x = source + row / split.inner * split.extent * split.inner + row % split.inner
          /// Whether element a comes behind element b.
          func isBehind(_ a: Int, _ b: Int) -> Bool {
            let (left, right) = (x[a * split.inner], x[b * split.inner])
            if isLargest ? above(right, left) : TopK.isBelow(right, left) { return true }
            if isLargest ? above(left, right) : TopK.isBelow(left, right) { return false }
            return a > b
          }
          /// Lets the element at a place of the heap sink until none below it is further behind.
          func sink(_ start: Int, in size: Int) {
            var place = start
            while true {
              var last = place
              for child in [2 * place + 1, 2 * place + 2] where child < size && isBehind(heap[child], heap[last]) {
                last = child
              }
              if last == place { return }
              (heap[place], heap[last]) = (heap[last], heap[place])
              place = last
            }
          }
          for index in 0..<count { heap[index] = index }
          for place in (0..<count / 2).reversed() { sink(place, in: count) }
          for index in count..<split.extent where isBehind(heap[0], index) {
            heap[0] = index
            sink(0, in: count)
          }
          let target = row / split.inner * count * split.inner + row % split.inner
          for size in (1...count).reversed() {
            let place = target + (size - 1) * split.inner
            numbers[place] = x[heap[0] * split.inner]
            indices[place] = Int64(heap[0])
            heap[0] = heap[size - 1]
            sink(0, in: size - 1)
          }
        }
      }
    }
  }

  /// The order of the smallest: NaN comes before all numbers here too.
  private static func isBelow<Element: Comparable>(_ a: Element, _ b: Element) -> Bool {
    a < b || a != a && b == b
  }
}
