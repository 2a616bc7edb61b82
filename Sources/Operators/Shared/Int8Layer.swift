package import IR
package import Math

/// An int8 operator whose weights are constants: what it computes of x is a convolution, of one or several images.
///
/// Its weights lie as in `LayerWeights`, and x channels-last where it has four dimensions and channels along the
/// second.
package protocol Int8Layer: Operator {
  /// The geometry of one image's convolution, for the shapes of x and of the output.
  func geometry(x: [Int], output: [Int]) -> ConvolutionShape
}
