/// Pairs the rows of a square matrix with its columns, one to one, so that the sum of the chosen elements is largest.
///
/// The Hungarian method with shortest augmenting paths (Jonker and Volgenant, "A Shortest Augmenting Path Algorithm for
/// Dense and Sparse Linear Assignment Problems", 1987): n^3 steps.
package enum Assignment {
  /// The column of each row. Of equal sums the one that leaves most rows at the column of their own number.
  ///
  /// - Parameter weights: n rows of n numbers from 0 to 2^31
  package static func best(_ weights: [[Int]]) -> [Int] {
    let count = weights.count
    // What leaving a row in place adds never makes up for a weight of one.
    let costs = weights.enumerated().map { row, weights in
      weights.enumerated().map { column, weight in -(weight * (count + 1) + (row == column ? 1 : 0)) }
    }
    // Numbered from 1; 0 is where a search starts.
    var rowPotentials = [Int](repeating: 0, count: count + 1)
    var columnPotentials = rowPotentials
    var rowOfColumn = rowPotentials
    for row in stride(from: 1, through: count, by: 1) {
      rowOfColumn[0] = row
      var distances = [Int](repeating: .max, count: count + 1)
      var previous = [Int](repeating: 0, count: count + 1)
      var isVisited = [Bool](repeating: false, count: count + 1)
      var column = 0
      repeat {
        isVisited[column] = true
        let current = rowOfColumn[column]
        var (nearest, next) = (Int.max, 0)
        for other in 1...count where !isVisited[other] {
          let distance = costs[current - 1][other - 1] - rowPotentials[current] - columnPotentials[other]
          if distance < distances[other] { (distances[other], previous[other]) = (distance, column) }
          if distances[other] < nearest { (nearest, next) = (distances[other], other) }
        }
        for other in 0...count {
          if isVisited[other] {
            rowPotentials[rowOfColumn[other]] += nearest
            columnPotentials[other] -= nearest
          } else if distances[other] != .max {
            distances[other] -= nearest
          }
        }
        column = next
      } while rowOfColumn[column] != 0
      // The path found takes one more row in.
      while column != 0 {
        rowOfColumn[column] = rowOfColumn[previous[column]]
        column = previous[column]
      }
    }
    var columns = [Int](repeating: 0, count: count)
    for column in stride(from: 1, through: count, by: 1) { columns[rowOfColumn[column] - 1] = column - 1 }
    return columns
  }
}
