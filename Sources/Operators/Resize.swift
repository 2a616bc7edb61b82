package import IR
package import Tensors
import Threads

/// Resizes images [N, C, H, W] to nearest neighbours or by bilinear interpolation.
///
/// `sizes` [oH, oW] are the output's, by default floor(input * scale); `scales` [sH, sW] are those coordinates are
/// computed with, by default output / input. Nearest takes any element; linear takes float32 and int8, where y = rne of
/// the interpolated integers: the weights add up to 1, so the quantization stays.
package struct Resize: ElementMoving {
  package static let name = "Resize"

  package enum Mode: String, Sendable, CaseIterable {
    case nearest, linear
  }

  package let sizes: [Int]?
  package let scales: [Float]?
  package let mode: Mode
  package let transformation: CoordinateTransformation
  package let rounding: NearestRounding

  package init(
    sizes: [Int]? = nil, scales: [Float]? = nil, mode: Mode = .nearest,
    transformation: CoordinateTransformation = .halfPixel, rounding: NearestRounding = .preferFloor
  ) {
    self.sizes = sizes
    self.scales = scales
    self.mode = mode
    self.transformation = transformation
    self.rounding = rounding
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    mode = try attributes.choice("mode", default: Mode.nearest)
    transformation = try attributes.choice("coordinate_transformation_mode", default: .halfPixel)
    rounding = try attributes.choice("nearest_mode", default: .preferFloor)
    sizes = try attributes.ints("sizes")
    scales = try attributes.floats("scales")
    try check()
  }

  package func check() throws(Refusal) {
    if let sizes, sizes.count != 2 || !sizes.allSatisfy((1...Limits.elements).contains) {
      throw Refusal("sizes \(sizes): expected a height and a width")
    }
    let range: ClosedRange<Float> = 0x1p-20...0x1p20
    if let scales, scales.count != 2 || !scales.allSatisfy(range.contains) {
      throw Refusal("scales \(scales): expected two positive numbers")
    }
    guard sizes != nil || scales != nil else { throw Refusal("attribute sizes or scales is missing") }
  }

  package func write(to attributes: inout AttributeWriter) {
    if let sizes { attributes.set("sizes", sizes) }
    if let scales { attributes.set("scales", scales) }
    attributes.set("mode", mode.rawValue)
    if transformation != .halfPixel { attributes.set("coordinate_transformation_mode", transformation.rawValue) }
    if rounding != .preferFloor { attributes.set("nearest_mode", rounding.rawValue) }
  }

  package var layout: LayoutRule { .channelsLast }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    try x.expect(rank: 4, "x")
    guard mode == .nearest || x.type.element == .float32 || x.type.element == .int8 else {
      throw Refusal("x is \(x.type.element), linear interpolation takes float32 or int8")
    }
    guard x.type.count > 0 else { throw Refusal("x with shape \(x.shape) is empty") }
    let factors = scales ?? [1, 1]
    // In float32, as ONNX Runtime does: 10 * 0.7 is 7. At most 2^31 * 2^20, so the conversion is safe.
    let size = sizes ?? zip(x.shape[2...], factors).map { Int((Float($0) * $1).rounded(.down)) }
    guard size.allSatisfy({ $0 >= 1 }) else { throw Refusal("scales \(factors) leave nothing of x \(x.shape)") }
    return [x.type.with(shape: try checkedShape(Array(x.shape[..<2]) + size))]
  }

  package func work(_: [Operand?], _ outputs: [TensorType]) -> Work {
    Work(elementOperations: mode == .nearest ? 0 : outputs.reduce(0) { $0 + 4 * $1.count })
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let x = try site.inputs.required(0, "x")
    let output = site.outputs[0]
    let axes = (0..<2).map { resampling($0, input: x.shape[$0 + 2], output: output.shape[$0 + 2]) }
    if mode == .nearest { return nearestKernel(x.type, output, axes[0], axes[1]) }
    if x.type.element == .float32 { return linearKernel(Float.self, x.shape, output, axes[0], axes[1]) }
    return linearKernel(Int8.self, x.shape, output, axes[0], axes[1])
  }

  /// What becomes of rows (axis 0) or columns (axis 1).
  private func resampling(_ axis: Int, input: Int, output: Int) -> AxisResampling {
    let scale = scales?[axis] ?? Float(output) / Float(input)
    if mode == .linear { return AxisResampling(linear: transformation, scale: scale, input: input, output: output) }
    return AxisResampling(nearest: rounding, transformation, scale: scale, input: input, output: output)
  }

  private func nearestKernel(
    _ input: TensorType, _ output: TensorType, _ vertical: AxisResampling, _ horizontal: AxisResampling
  ) -> Kernel {
    let pixel = input.shape[1] * input.element.size
    let (height, width) = (output.shape[2], output.shape[3])
    let (inputHeight, inputWidth) = (input.shape[2], input.shape[3])
    return Kernel(implementation: "resize_nearest") { call in
      let source = call.input(0).base
      let target = call.output.base
      call.workers.run(units: output.shape[0] * height) { _, range in
        for unit in range {
          let line = unit / height * inputHeight + vertical.first[unit % height]
          let x = source + line * inputWidth * pixel
          let y = target + unit * width * pixel
          for column in 0..<width {
            (y + column * pixel).copyMemory(from: x + horizontal.first[column] * pixel, byteCount: pixel)
          }
        }
      }
    }
  }

  private func linearKernel<Element: TensorElement & Interpolable>(
    _: Element.Type, _ input: [Int], _ output: TensorType, _ vertical: AxisResampling, _ horizontal: AxisResampling
  ) -> Kernel {
    let channels = input[1]
    let (height, width) = (output.shape[2], output.shape[3])
    let (inputHeight, inputWidth) = (input[2], input[3])
    return Kernel(implementation: "resize_linear") { call in
      let source: UnsafePointer<Element> = call.input(0).pointer()
      let target: UnsafeMutablePointer<Element> = call.output.pointer()
      call.workers.run(units: output.shape[0] * height) { _, range in
        for unit in range {
          let image = source + unit / height * inputHeight * inputWidth * channels
          let row = unit % height
          let upper = image + vertical.first[row] * inputWidth * channels
          let lower = image + vertical.second[row] * inputWidth * channels
          let down = vertical.weight[row]
          for column in 0..<width {
            let left = horizontal.first[column] * channels
            let right = horizontal.second[column] * channels
            interpolate(
              channels, upper + left, upper + right, lower + left, lower + right, across: horizontal.weight[column],
              down: down, to: target + (unit * width + column) * channels)
          }
        }
      }
    }
  }
}

/// All channels of one pixel between four neighbours: first across, then down.
private func interpolate<Element: Interpolable>(
  _ channels: Int, _ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>, _ c: UnsafePointer<Element>,
  _ d: UnsafePointer<Element>, across: Float, down: Float, to y: UnsafeMutablePointer<Element>
) {
  for channel in 0..<channels {
    let top = a[channel].number * (1 - across) + b[channel].number * across
    let bottom = c[channel].number * (1 - across) + d[channel].number * across
    y[channel] = Element(interpolated: top * (1 - down) + bottom * down)
  }
}

/// An element that interpolation reads and writes as a float.
private protocol Interpolable {
  var number: Float { get }
  init(interpolated number: Float)
}

extension Float: Interpolable {
  fileprivate var number: Float { self }
  fileprivate init(interpolated number: Float) { self = number }
}

extension Int8: Interpolable {
  fileprivate var number: Float { Float(self) }

  fileprivate init(interpolated number: Float) {
    // Adding 1.5 * 2^23 leaves the integer nearest to the sum (ties to even) in the low bits: no call of rint.
    let shifted = number + 12_582_912
    self = Int8(truncatingIfNeeded: Int32(bitPattern: shifted.bitPattern))
  }
}

#if !RUNTIME_ONLY
extension Resize: Differentiable {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let (input, output) = (product.shape(ofInput: 0), product.shape(product.output()))
    var gradient = product.gradient
    for axis in 0..<2 {
      let (rows, columns) = (input[axis + 2], output[axis + 2])
      let resampling = resampling(axis, input: rows, output: columns)
      gradient = try product.resampledBack(gradient, along: axis + 2, resampling, extent: rows)
    }
    return [gradient]
  }
}
#endif

#if !RUNTIME_ONLY
extension Resize: ChannelKeeping {}
#endif
