import IR
import Operators
import Tensors

/// Einsum: sums of products over named dimensions, as transpositions, reshapes and matrix products.
enum Einsums: ONNXFamily {
  static let readers: [String: NodeReader] = ["Einsum": einsum]

  /// A dimension's name: a letter, or one of those `...` stands for, counted from the last.
  private enum Label: Hashable {
    case letter(Character)
    case other(Int)
  }

  /// An operand on the way, with the names of its dimensions.
  private struct Term {
    var value: Symbol
    var labels: [Label]

    func extent(_ label: Label) -> Int? { labels.firstIndex(of: label).map { value.shape[$0] } }
  }

  private static func einsum(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let equation = try node.string("equation").filter { $0 != " " }
    let operands = try node.allInputs()
    let sides = parts(of: equation, between: "->")
    let inputs = parts(of: sides[0], between: ",")
    guard sides.count <= 2, inputs.count == operands.count else {
      throw Refusal("equation \"\(printable(equation))\" does not fit \(operands.count) operands")
    }
    var terms: [Term] = []
    for (operand, names) in zip(operands, inputs) {
      terms.append(Term(value: operand, labels: try labels(names, rank: operand.shape.count, equation)))
    }
    let result = try result(sides.count == 2 ? sides[1] : nil, terms, equation)
    for index in terms.indices { terms[index] = try diagonal(terms[index], "diagonal_\(index)", node) }
    var total = try sum(terms[0], keeping: result + terms.dropFirst().flatMap(\.labels), "sum_0", node)
    for index in terms.indices.dropFirst() {
      let later = result + terms[(index + 1)...].flatMap(\.labels)
      let next = try sum(terms[index], keeping: total.labels + later, "sum_\(index)", node)
      total = try product(try sum(total, keeping: next.labels + later, "left_\(index)", node), next, later, index, node)
    }
    let order = result.compactMap { total.labels.firstIndex(of: $0) }
    guard order.count == total.labels.count else {
      throw Refusal("equation \"\(printable(equation))\" names dimensions in its result that no operand has")
    }
    return try node.add(Transpose(perm: order), [total.value])
  }

  private static func parts(of text: String, between separator: String) -> [String] {
    var parts = [""]
    var rest = text[...]
    while let first = rest.first {
      if rest.hasPrefix(separator) {
        parts.append("")
        rest = rest.dropFirst(separator.count)
      } else {
        parts[parts.count - 1].append(first)
        rest = rest.dropFirst()
      }
    }
    return parts
  }

  private static func labels(_ names: String, rank: Int, _ equation: String) throws(Refusal) -> [Label] {
    let sides = parts(of: names, between: "...")
    let letters = sides.joined()
    let others = rank - letters.count
    guard sides.count <= 2, letters.allSatisfy({ $0.isASCII && $0.isLetter }), others >= 0,
      sides.count == 2 || others == 0
    else {
      throw Refusal("equation \"\(printable(equation))\" does not fit an operand of \(rank) dimensions")
    }
    guard sides.count == 2 else { return letters.map { .letter($0) } }
    return sides[0].map { .letter($0) } + (0..<others).reversed().map { .other($0) } + sides[1].map { .letter($0) }
  }

  /// The dimensions of the result: without an arrow those of `...`, then in alphabetic order what is named once.
  private static func result(_ names: String?, _ terms: [Term], _ equation: String) throws(Refusal) -> [Label] {
    let all = terms.flatMap(\.labels)
    let others = (all.compactMap { if case .other(let index) = $0 { index } else { nil } }.max() ?? -1) + 1
    guard let names else {
      let letters = all.compactMap { if case .letter(let letter) = $0 { letter } else { nil } }
      let single = letters.filter { letter in letters.count { $0 == letter } == 1 }.sorted()
      return (0..<others).reversed().map { .other($0) } + single.map { .letter($0) }
    }
    let hasOthers = names.contains("...")
    let letters = parts(of: names, between: "...").joined()
    let result = try labels(names, rank: letters.count + (hasOthers ? others : 0), equation)
    guard Set(result).count == result.count else {
      throw Refusal("equation \"\(printable(equation))\" names a dimension of its result twice")
    }
    return result
  }

  /// Of two dimensions of one name, the elements at which both indices are the same.
  private static func diagonal(_ term: Term, _ name: String, _ node: NodeImport) throws(Refusal) -> Term {
    var term = term
    while let second = term.labels.indices.first(where: { term.labels[..<$0].contains(term.labels[$0]) }),
      let first = term.labels.firstIndex(of: term.labels[second])
    {
      let label = term.labels[second]
      let extent = term.value.shape[first]
      guard term.value.shape[second] == extent else {
        throw Refusal("a dimension named twice has sizes \(extent) and \(term.value.shape[second])")
      }
      let rest = term.labels.indices.filter { $0 != first && $0 != second }
      let turned = try node.step("\(name)_\(second)_turned", transposing: term.value, by: rest + [first, second])
      let flat = try node.step(
        "\(name)_\(second)_flat", reshaping: turned, to: rest.map { term.value.shape[$0] } + [extent * extent])
      let places = node.constant("\(name)_\(second)_places", Tensor((0..<extent).map { Int64($0 * (extent + 1)) }))
      let picked = try node.add(step: "\(name)_\(second)", Gather(axis: -1), [flat, places])
      term = Term(value: picked, labels: rest.map { term.labels[$0] } + [label])
    }
    return term
  }

  /// Sums over the dimensions that nothing else needs.
  private static func sum(
    _ term: Term, keeping needed: [Label], _ name: String, _ node: NodeImport
  ) throws(Refusal) -> Term {
    let axes = term.labels.indices.filter { !needed.contains(term.labels[$0]) }
    guard !axes.isEmpty else { return term }
    let total = try node.add(step: name, Reduce(.sum, axes: axes, keepsDimensions: false), [term.value])
    return Term(value: total, labels: term.labels.indices.filter { !axes.contains($0) }.map { term.labels[$0] })
  }

  /// A matrix product of two terms: what both have and something else needs is before the matrices, what both have and
  /// nothing else needs is summed over.
  private static func product(
    _ a: Term, _ b: Term, _ later: [Label], _ index: Int, _ node: NodeImport
  ) throws(Refusal) -> Term {
    let shared = a.labels.filter(b.labels.contains)
    let batch = shared.filter(later.contains)
    let inner = shared.filter { !later.contains($0) }
    let left = a.labels.filter { !shared.contains($0) }
    let right = b.labels.filter { !shared.contains($0) }
    for label in shared {
      let extents = (a.extent(label) ?? 1, b.extent(label) ?? 1)
      guard extents.0 == extents.1 || batch.contains(label) && (extents.0 == 1 || extents.1 == 1) else {
        throw Refusal("a dimension of the operands has sizes \(extents.0) and \(extents.1)")
      }
    }
    /// A term as matrices of the dimensions `rows` and `columns`.
    func matrices(_ term: Term, _ rows: [Label], _ columns: [Label], _ name: String) throws(Refusal) -> Symbol {
      let order = (batch + rows + columns).compactMap { term.labels.firstIndex(of: $0) }
      let turned = try node.step("\(name)_\(index)_turned", transposing: term.value, by: order)
      func extents(_ labels: [Label]) -> [Int] { labels.map { term.extent($0) ?? 1 } }
      return try node.step(
        "\(name)_\(index)", reshaping: turned,
        to: extents(batch) + [extents(rows).reduce(1, *), extents(columns).reduce(1, *)])
    }
    let product = try node.step(
      "product_\(index)", product: try matrices(a, left, inner, "rows"), try matrices(b, inner, right, "columns"))
    let extents = left.map { a.extent($0) ?? 1 } + right.map { b.extent($0) ?? 1 }
    let split = try node.step(
      "split_\(index)", reshaping: product, to: Array(product.shape.prefix(batch.count)) + extents)
    return Term(value: split, labels: batch + left + right)
  }
}
