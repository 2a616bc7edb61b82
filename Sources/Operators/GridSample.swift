package import IR
package import Tensors
import Threads

/// Images [N, C, H, W] at the places a grid [N, oH, oW, 2] names, float32: [N, C, oH, oW].
///
/// A place is (x, y), each from -1 to 1 over the image: over the centres of its pixels with `align_corners`, else over
/// their edges. Between pixels it is interpolated, in float32; beyond them `padding_mode` says what is there.
package struct GridSample: Operator {
  package static let name = "GridSample"

  package enum Mode: String, Sendable, CaseIterable {
    case linear, nearest, cubic
  }

  package enum Padding: String, Sendable, CaseIterable {
    case zeros, border, reflection
  }

  package let mode: Mode
  package let padding: Padding
  package let alignsCorners: Bool

  package init(mode: Mode = .linear, padding: Padding = .zeros, alignsCorners: Bool = false) {
    self.mode = mode
    self.padding = padding
    self.alignsCorners = alignsCorners
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    mode = try attributes.choice("mode", default: .linear)
    padding = try attributes.choice("padding_mode", default: .zeros)
    alignsCorners = try attributes.bool("align_corners", default: false)
  }

  package func write(to attributes: inout AttributeWriter) {
    attributes.set("mode", mode.rawValue)
    attributes.set("padding_mode", padding.rawValue)
    if alignsCorners { attributes.set("align_corners", true) }
  }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 2)
    let x = try inputs.required(0, "x")
    let grid = try inputs.required(1, "grid")
    try x.expect(.float32, "x")
    try x.expect(rank: 4, "x")
    try grid.expect(.float32, "grid")
    try grid.expect(rank: 4, "grid")
    guard grid.shape[0] == x.shape[0], grid.shape[3] == 2 else {
      throw Refusal("grid has shape \(grid.shape), expected [\(x.shape[0]), height, width, 2]")
    }
    guard x.type.count > 0 else { throw Refusal("x with shape \(x.shape) is empty") }
    return [TensorType(.float32, try checkedShape([x.shape[0], x.shape[1], grid.shape[1], grid.shape[2]]))]
  }

  package func work(_: [Operand?], _ outputs: [TensorType]) -> Work {
    let taps = mode == .nearest ? 1 : mode == .linear ? 4 : 16
    return Work(elementOperations: outputs.reduce(0) { $0 + taps * $1.count })
  }

  /// One axis of the image: where places of the grid are on it.
  private struct Axis: Sendable {
    let extent: Int
    let padding: Padding
    let alignsCorners: Bool

    private var first: Float { alignsCorners ? 0 : -0.5 }
    private var last: Float { alignsCorners ? Float(extent - 1) : Float(extent) - 0.5 }

    /// The coordinate, in pixels, of a number of the grid. Cubic weights are those of the place itself: only the pixels
    /// around it are brought to the border.
    func coordinate(_ number: Float, _ mode: Mode) -> Float {
      let place =
        alignsCorners ? (number + 1) / 2 * Float(extent - 1) : ((number + 1) * Float(extent) - 1) / 2
      switch padding {
      case .border where mode == .cubic: break
      case .zeros: break
      case .border: return max(0, min(Float(extent - 1), place))
      case .reflection: return reflected(place)
      }
      // Further out there is nothing else.
      return max(-4, min(Float(extent) + 4, place))
    }

    private func reflected(_ place: Float) -> Float {
      let range = last - first
      guard range > 0, place < first || place > last else { return max(first, min(last, place)) }
      let beyond = (place < first ? first - place : place - last).truncatingRemainder(dividingBy: 2 * range)
      let rest = beyond > range ? 2 * range - beyond : beyond
      return max(first, min(last, place < first ? first + rest : last - rest))
    }

    /// The pixel an index stands for; nil where there is none.
    func pixel(_ index: Int) -> Int? {
      guard index < 0 || index >= extent else { return index }
      switch padding {
      case .zeros: return nil
      case .border: return max(0, min(extent - 1, index))
      case .reflection: return max(0, min(extent - 1, Int(reflected(Float(index)))))
      }
    }
  }

  /// The pixels along an axis that a place is made of, and their weights; four at most.
  private struct Taps {
    var indices: (Int?, Int?, Int?, Int?) = (nil, nil, nil, nil)
    var weights: (Float, Float, Float, Float) = (0, 0, 0, 0)

    init(_ axis: Axis, _ number: Float, _ mode: Mode) {
      let place = axis.coordinate(number.isNaN ? -2 : number, mode)
      switch mode {
      case .nearest:
        indices.0 = axis.pixel(Int(place.rounded(.toNearestOrEven)))
        weights.0 = 1
      case .linear:
        let start = place.rounded(.down)
        indices.0 = axis.pixel(Int(start))
        indices.1 = axis.pixel(Int(start) + 1)
        weights.0 = start + 1 - place
        weights.1 = place - start
      case .cubic:
        let start = place.rounded(.down)
        let index = Int(start)
        indices = (axis.pixel(index - 1), axis.pixel(index), axis.pixel(index + 1), axis.pixel(index + 2))
        let t = place - start
        weights = (Taps.outer(t + 1), Taps.inner(t), Taps.inner(1 - t), Taps.outer(2 - t))
      }
    }

    // Cubic convolution with the coefficient -0.75 (Keys 1981).
    private static func inner(_ x: Float) -> Float { (1.25 * x - 2.25) * x * x + 1 }
    private static func outer(_ x: Float) -> Float { ((-0.75 * x + 3.75) * x - 6) * x + 3 }

    /// The sum over the pixels there are.
    func sum(_ value: (Int) -> Float) -> Float {
      var sum: Float = 0
      if let index = indices.0 { sum += weights.0 * value(index) }
      if let index = indices.1 { sum += weights.1 * value(index) }
      if let index = indices.2 { sum += weights.2 * value(index) }
      if let index = indices.3 { sum += weights.3 * value(index) }
      return sum
    }
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let shape = try site.inputs.required(0, "x").shape
    let output = site.outputs[0].shape
    let (channels, height, width) = (shape[1], shape[2], shape[3])
    let (rows, columns) = (output[2], output[3])
    let vertical = Axis(extent: height, padding: padding, alignsCorners: alignsCorners)
    let horizontal = Axis(extent: width, padding: padding, alignsCorners: alignsCorners)
    let mode = mode
    return Kernel(implementation: "grid_sample") { call in
      let source: UnsafePointer<Float> = call.input(0).pointer()
      let grid: UnsafePointer<Float> = call.input(1).pointer()
      let target: UnsafeMutablePointer<Float> = call.output.pointer()
      call.workers.run(units: shape[0] * rows) { _, range in
        for unit in range {
          let image = source + unit / rows * channels * height * width
          let row = target + (unit / rows * channels * rows + unit % rows) * columns
          for column in 0..<columns {
            let place = grid + (unit * columns + column) * 2
            let across = Taps(horizontal, place[0], mode)
            let down = Taps(vertical, place[1], mode)
            for channel in 0..<channels {
              let plane = image + channel * height * width
              row[channel * rows * columns + column] = down.sum { y in across.sum { x in plane[y * width + x] } }
            }
          }
        }
      }
    }
  }
}
