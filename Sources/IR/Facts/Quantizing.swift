package import Tensors

/// An operator that does nothing but q = clamp(rne(x / scale) + zero_point, -128, 127): who writes its input can as
/// well write its output.
package protocol Quantizing: Operator {
  var quantization: Quantization { get }
}
