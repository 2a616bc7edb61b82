import IR
import Operators
import Tensors

/// GridSample.
enum GridSamples: ONNXFamily {
  static let readers: [String: NodeReader] = ["GridSample": gridSample]

  /// Before opset 20 interpolations have the names of images'.
  private static func gridSample(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let mode: GridSample.Mode
    switch try node.string("mode", default: "linear") {
    case "bilinear": mode = .linear
    case "bicubic": mode = .cubic
    default: mode = try node.choice("mode", default: .linear)
    }
    let op = GridSample(
      mode: mode, padding: try node.choice("padding_mode", default: .zeros),
      alignsCorners: try node.bool("align_corners", default: false))
    return try node.add(op, [try node.input(0, "x"), try node.input(1, "grid")])
  }
}

extension GridSample: ONNXWritable {
  var opset: Int { 20 }
}
