import IR
import Math
import Operators
import Platform
import Tensors
import Testing

struct ReductionTests {
  @Test(arguments: [[2, 3], [1], [0], [-1], [0, 2], [], [1, 3]], Reduce.Function.allCases)
  func reduces(_ axes: [Int], _ function: Reduce.Function) throws {
    let shape = [2, 70, 4, 5]
    let x = noise(shape)
    let reduced = Set(axes.isEmpty ? Array(0..<4) : axes.map { $0 < 0 ? $0 + 4 : $0 })
    let kept = try compute(Reduce(function, axes: axes), [x])[0]
    let dropped = try compute(Reduce(function, axes: axes, keepsDimensions: false), [x])[0]
    let expectedShape = (0..<4).map { reduced.contains($0) ? 1 : shape[$0] }
    #expect(kept.shape == expectedShape)
    #expect(dropped.shape == (0..<4).filter { !reduced.contains($0) }.map { shape[$0] })
    #expect(kept.hasSameBytes(as: dropped))
    var groups: [[Int]: [Double]] = [:]
    for n in 0..<2 {
      for c in 0..<70 {
        for h in 0..<4 {
          for w in 0..<5 {
            let index = [n, c, h, w]
            let key = (0..<4).map { reduced.contains($0) ? 0 : index[$0] }
            groups[key, default: []].append(Double(x.at(index)))
          }
        }
      }
    }
    let expected = tensor(expectedShape) { index in Float(result(function, groups[index] ?? [])) }
    expectClose(kept.elements(as: Float.self), expected.elements(as: Float.self), tolerance: 1e-6)
  }

  private func result(_ function: Reduce.Function, _ values: [Double]) -> Double {
    switch function {
    case .mean: values.reduce(0, +) / Double(values.count)
    case .sum: values.reduce(0, +)
    case .max: values.max() ?? 0
    case .min: values.min() ?? 0
    case .prod: values.reduce(1, *)
    case .l1: values.reduce(0) { $0 + abs($1) }
    case .l2: values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    case .sumSquare: values.reduce(0) { $0 + $1 * $1 }
    }
  }

  @Test func refuses() {
    #expect(refusal(Reduce(.sum, axes: [1, -1]), [float32(2, 3)]) == "axes [1, -1] name a dimension twice")
    #expect(refusal(Reduce(.sum, axes: [2]), [float32(2, 3)]) == "axis 2 is outside a shape of 2 dimensions")
    #expect(refusal(Reduce(.sum, axes: [0]), [float32(0, 3)]) == "x with shape [0, 3] is empty")
    #expect(attributeError("Reduce", ["function": .string("median")])?.contains("expected one of mean") == true)
  }

  @Test(arguments: [1, -1, 2, 0], [[2, 19, 3, 5], [3, 4, 7]])
  func normalizesExponentials(_ axis: Int, _ shape: [Int]) throws {
    let x = tensor(shape) { noise(shape).at($0) * 20 }
    let y = try floats(Softmax(axis: axis), [x])
    let logarithms = try floats(LogSoftmax(axis: axis), [x])
    let index = axis < 0 ? axis + shape.count : axis
    func row(_ position: [Int]) -> [Double] {
      (0..<shape[index]).map { k in
        var source = position
        source[index] = k
        return Double(x.at(source))
      }
    }
    let expected = tensor(shape) { position in
      Float(exp(Double(x.at(position))) / row(position).reduce(0) { $0 + exp($1) })
    }
    let expectedLogarithms = tensor(shape) { position in
      Float(Double(x.at(position)) - log(row(position).reduce(0) { $0 + exp($1) }))
    }
    expectClose(y, expected.elements(as: Float.self), tolerance: 1e-6)
    expectClose(logarithms, expectedLogarithms.elements(as: Float.self), tolerance: 1e-6)
  }
}
