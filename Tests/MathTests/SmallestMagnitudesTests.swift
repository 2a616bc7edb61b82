import Math
import Testing

/// The smallest of some numbers, against sorting them.
@Suite struct SmallestMagnitudesTests {
  private func taken(_ count: Int, _ parts: [[Float]]) -> [[Bool]] {
    var smallest = SmallestMagnitudes(count, of: parts)
    return parts.map { $0.map { smallest.take($0) } }
  }

  @Test func areThoseThatSortingFindsFirst() {
    for count in [1, 2, 7, 50, 99, 100] {
      // Few magnitudes, so that many are equal; and some that differ in the last bits alone.
      let numbers = (0..<100).map { index in
        let number = Float((index * index * 7 + index * 13 + count) % 9 - 4)
        return index % 3 == 0 ? number.nextUp : number
      }
      let parts = [Array(numbers[..<30]), [], Array(numbers[30...])]
      let order = numbers.indices.sorted { (numbers[$0].magnitude, $0) < (numbers[$1].magnitude, $1) }
      let expected = Set(order.prefix(count))
      let found = taken(count, parts).flatMap(\.self)
      #expect(found.indices.filter { found[$0] }.count == count)
      // Of equal ones the first.
      for index in found.indices { #expect(found[index] == expected.contains(index)) }
      let largest = expected.map { numbers[$0].magnitude }.max()
      #expect(SmallestMagnitudes(count, of: parts).largest == largest)
    }
  }

  @Test func whatIsNoNumberIsLargest() {
    #expect(taken(3, [[.nan, 1, .infinity], [-2, 0]]) == [[false, true, false], [true, true]])
  }
}
