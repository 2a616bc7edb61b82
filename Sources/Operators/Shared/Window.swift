import CKernels
package import IR
package import Math
package import Tensors

/// Kernel size, strides, dilations and explicit padding of a 2-D convolution or pooling.
package struct Window: Sendable, Hashable {
  /// [height, width]
  package var kernel: [Int]
  package var strides: [Int]
  package var dilations: [Int]
  /// [top, left, bottom, right]
  package var pads: [Int]

  package init(kernel: [Int], strides: [Int] = [1, 1], dilations: [Int] = [1, 1], pads: [Int] = [0, 0, 0, 0]) {
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    self.pads = pads
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    guard let kernel = try attributes.ints("kernel_shape") else {
      throw Refusal("attribute kernel_shape is missing")
    }
    self.init(
      kernel: kernel, strides: try attributes.ints("strides") ?? [1, 1],
      dilations: try attributes.ints("dilations") ?? [1, 1], pads: try attributes.ints("pads") ?? [0, 0, 0, 0])
    try check()
  }

  /// Fails unless the numbers are those of a 2-D window and small enough to compute with.
  package func check() throws(Refusal) {
    guard kernel.count == 2, strides.count == 2, dilations.count == 2, pads.count == 4 else {
      throw Refusal(
        "kernel_shape \(kernel) with strides \(strides), dilations \(dilations), pads \(pads): only 2-D windows are supported"
      )
    }
    let range = 1...(1 << 15)
    guard (kernel + strides + dilations).allSatisfy(range.contains), pads.allSatisfy((0...(1 << 15)).contains) else {
      throw Refusal(
        "kernel_shape \(kernel), strides \(strides), dilations \(dilations) or pads \(pads) is out of range")
    }
  }

  package func write(to attributes: inout AttributeWriter) {
    attributes.set("kernel_shape", kernel)
    if strides != [1, 1] { attributes.set("strides", strides) }
    if dilations != [1, 1] { attributes.set("dilations", dilations) }
    if pads != [0, 0, 0, 0] { attributes.set("pads", pads) }
  }

  /// Whether every window is one position and every position has its window.
  package var isSinglePosition: Bool { kernel == [1, 1] && strides == [1, 1] && pads == [0, 0, 0, 0] }

  /// Height and width of the output for an input's [height, width]. `ceiling` rounds up, as ceil_mode of pooling does.
  package func outputSize(_ input: [Int], ceiling: Bool = false) throws(Refusal) -> [Int] {
    var result: [Int] = []
    for axis in 0..<2 {
      let extent = (kernel[axis] - 1) * dilations[axis] + 1
      let room = input[axis] + pads[axis] + pads[axis + 2] - extent
      guard room >= 0 else {
        throw Refusal("window \(kernel) is larger than the padded input \(input) with pads \(pads)")
      }
      var size = (room + (ceiling ? strides[axis] - 1 : 0)) / strides[axis] + 1
      // A last window that would start in the padding after the image is dropped, as in ONNX since opset 19 and
      // PyTorch.
      if ceiling, (size - 1) * strides[axis] >= input[axis] + pads[axis] { size -= 1 }
      result.append(size)
    }
    return result
  }

  /// The geometry kernels take, for NCHW shapes of one image.
  package func convolutionShape(input: [Int], output: [Int], groups: Int) -> ConvolutionShape {
    ConvolutionShape(
      in_h: Int32(input[2]), in_w: Int32(input[3]), in_c: Int32(input[1]), out_h: Int32(output[2]),
      out_w: Int32(output[3]), out_c: Int32(output[1]), kernel_h: Int32(kernel[0]), kernel_w: Int32(kernel[1]),
      stride_h: Int32(strides[0]), stride_w: Int32(strides[1]), dilation_h: Int32(dilations[0]),
      dilation_w: Int32(dilations[1]), pad_top: Int32(pads[0]), pad_left: Int32(pads[1]), groups: Int32(groups))
  }
}

extension Call {
  /// Calls `body` with each of several images of one geometry, in the first input and in the output.
  func forEachImage<Input: TensorElement, Output: TensorElement>(
    _ images: Int, of shape: ConvolutionShape, _ body: (UnsafePointer<Input>, UnsafeMutablePointer<Output>) -> Void
  ) {
    let x: UnsafePointer<Input> = input(0).pointer()
    let y: UnsafeMutablePointer<Output> = output.pointer()
    for image in 0..<images { body(x + image * shape.inputCount, y + image * shape.outputCount) }
  }
}

extension RowKernel {
  /// The rows of a convolution or pooling of one channels-last image.
  package init?(
    _ shape: ConvolutionShape, elementSize: Int, scratch: @escaping @Sendable (_ rows: Int) -> Int = { _ in 0 },
    run: @escaping @Sendable (RowCall) -> Void
  ) {
    self.init(
      input: Extent(rows: Int(shape.in_h), bytes: Int(shape.in_w) * Int(shape.in_c) * elementSize),
      output: Extent(rows: Int(shape.out_h), bytes: Int(shape.out_w) * Int(shape.out_c) * elementSize),
      window: Window(
        span: (Int(shape.kernel_h) - 1) * Int(shape.dilation_h) + 1, stride: Int(shape.stride_h),
        padding: Int(shape.pad_top)),
      scratch: scratch, run: run)
  }
}
