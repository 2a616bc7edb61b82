import IR
import Operators
import Tensors

/// Det.
enum Determinants: ONNXFamily {
  static let limits = "of matrices up to 4 x 4"
  static let readers: [String: NodeReader] = ["Det": determinant]

  /// Laplace's expansion along the first row. A determinant of the lower rows and some columns is needed by several
  /// above it, and computed once.
  private static func determinant(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    guard x.shape.count >= 2, let size = x.shape.last, x.shape[x.shape.count - 2] == size, (1...4).contains(size) else {
      throw Refusal("x has shape \(x.shape), expected square matrices up to 4 x 4")
    }
    func at(_ place: Int) -> Symbol { node.constant("at_\(place)", Tensor(scalar: Int64(place))) }
    var minors: [Set<Int>: Symbol] = [:]
    for row in (0..<size).reversed() {
      let numbers = try node.add(step: "row_\(row)", Gather(axis: -2), [x, at(row)])
      var elements: [Symbol] = []
      for column in 0..<size {
        elements.append(try node.add(step: "element_\(row)_\(column)", Gather(axis: -1), [numbers, at(column)]))
      }
      var next: [Set<Int>: Symbol] = [:]
      for columns in subsets(of: size, count: size - row) {
        let name = columns.map { "\($0)" }.joined(separator: "_")
        var sum: Symbol?
        for (index, column) in columns.enumerated() {
          var term = elements[column]
          if let minor = minors[Set(columns).subtracting([column])] {
            term = try node.step("product_\(name)_\(column)", .mul, term, minor)
          }
          guard let before = sum else {
            sum = term
            continue
          }
          sum = try node.step("sum_\(name)_\(column)", index % 2 == 0 ? .add : .sub, before, term)
        }
        next[Set(columns)] = sum
      }
      minors = next
    }
    guard let result = minors[Set(0..<size)] else { throw Refusal("x has shape \(x.shape)") }
    return try node.result(result)
  }

  private static func subsets(of size: Int, count: Int) -> [[Int]] {
    (0..<1 << size).map { bits in (0..<size).filter { bits >> $0 & 1 == 1 } }.filter { $0.count == count }
  }
}
