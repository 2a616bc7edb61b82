import IR
import Math
import Operators
import Tensors

/// Poolings by windows and over whole images.
enum Pools: ONNXFamily {
  static let limits = "over sequences, images and volumes; the indices of MaxPool not over volumes"
  static let readers: [String: NodeReader] = [
    "AveragePool": averagePool,
    "GlobalAveragePool": { node throws(Refusal) in try global(GlobalAveragePool(), &node) },
    "GlobalLpPool": globalNorm,
    "GlobalMaxPool": { node throws(Refusal) in try global(GlobalMaxPool(), &node) },
    "LpPool": norm,
    "MaxPool": maxPool,
  ]

  private static func maxPool(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let isColumnMajor = try node.bool("storage_order", default: false)
    let x = try node.input(0, "x")
    if x.element == .uint8 { return try maxPoolOfBytes(x, &node) }
    let largest = try pool(&node) { MaxPool(window: $0, ceiling: $1) }
    return node.usesOutput(1) ? largest + [try maxPlaces(x, isColumnMajor: isColumnMajor, &node)] : largest
  }

  /// Exact in float32.
  private static func maxPoolOfBytes(_ x: Symbol, _ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    guard !node.usesOutput(1) else { throw Refusal("the indices of MaxPool of uint8 are not supported") }
    let window = try node.window(x)
    let ceiling = try node.bool("ceil_mode", default: false)
    let floats = try node.add(step: "float", Cast(to: .float32), [try node.images(x)])
    let op = MaxPool(window: fitted(window, ceiling, floats), ceiling: ceiling)
    let bytes = try node.add(step: "bytes", Cast(to: .uint8), [try node.add(step: "pooled", op, [floats])])
    return try node.add(Reshape(shape: Array(x.shape.prefix(2) + bytes.shape.suffix(x.shape.count - 2))), [bytes])
  }

  /// Where the largest numbers of windows are among all of x: what each window sees is gathered, behind x a number that
  /// is none of the largest for what lies in the padding.
  private static func maxPlaces(
    _ x: Symbol, isColumnMajor: Bool, _ node: inout NodeImport
  ) throws(Refusal) -> Symbol {
    guard x.shape.count <= 4 else { throw Refusal("the indices of MaxPool over volumes are not supported") }
    let ceiling = try node.bool("ceil_mode", default: false)
    let images = try node.images(x, step: "indexed_images")
    let window = fitted(try node.window(x), ceiling, images)
    let (height, width) = (images.shape[2], images.shape[3])
    let size = try window.outputSize([height, width], ceiling: ceiling)
    let taps = window.kernel[0] * window.kernel[1]
    let shape = [size[0] * size[1], taps]
    try node.reserve(.int64, shape)
    try node.reserve(.int64, shape)
    var sources: [Int64] = []
    var places: [Int64] = []
    for position in 0..<shape[0] {
      for tap in 0..<taps {
        let row =
          position / size[1] * window.strides[0] - window.pads[0] + tap / window.kernel[1] * window.dilations[0]
        let column =
          position % size[1] * window.strides[1] - window.pads[1] + tap % window.kernel[1] * window.dilations[1]
        let isInside = (0..<height).contains(row) && (0..<width).contains(column)
        sources.append(Int64(isInside ? row * width + column : height * width))
        places.append(Int64(isInside ? isColumnMajor ? column * height + row : row * width + column : 0))
      }
    }
    let flat = try node.step("flat", reshaping: images, to: [x.shape[0], x.shape[1], height * width])
    let padded = try node.add(step: "padded", Pad(pads: [0, 0, 0, 0, 0, 1], value: -.infinity), [flat])
    let seen = try node.add(
      step: "seen", Gather(axis: 2), [padded, node.constant("sources", Tensor(sources, shape: shape))])
    let which = try node.add(step: "which", ArgMax(axis: -1, keepsDimensions: false), [seen])
    let first = Tensor((0..<shape[0]).map { Int64($0 * taps) })
    let entry = try node.step("entry", .add, which, node.constant("first", first))
    let inImage = try node.add(step: "in_image", Gather(axis: 0), [node.constant("places", Tensor(places)), entry])
    let planes = x.shape[0] * x.shape[1]
    try node.reserve(.int64, [planes])
    let base = Tensor((0..<planes).map { Int64($0 * height * width) }, shape: [x.shape[0], x.shape[1], 1])
    let all = try node.step("in_all", .add, inImage, node.constant("planes", base))
    let outer = Array(x.shape.prefix(2))
    return try node.step("indices", reshaping: all, to: outer + size.suffix(x.shape.count - 2))
  }

  private static func averagePool(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let counts = try node.bool("count_include_pad", default: false)
    return try pool(&node) { AveragePool(window: $0, ceiling: $1, countIncludePad: counts) }
  }

  private static func pool<Op: Operator>(
    _ node: inout NodeImport, _ op: (_ window: Window, _ ceiling: Bool) -> Op
  ) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    guard x.shape.count != 5 else {
      let (pooled, shape) = try volumePool(x, &node, op)
      return try node.add(Reshape(shape: shape), [pooled])
    }
    let window = try node.window(x)
    let ceiling = try node.bool("ceil_mode", default: false)
    let images = try node.images(x)
    return try node.add(op(fitted(window, ceiling, images), ceiling), [images], overImagesOf: x)
  }

  /// Rounded up, a window larger than an image without padding is one position: it holds what one of the image's own
  /// size holds.
  private static func fitted(_ window: Window, _ ceiling: Bool, _ x: Symbol) -> Window {
    guard ceiling, window.pads == [0, 0, 0, 0], window.dilations == [1, 1] else { return window }
    var fitted = window
    for axis in 0..<2 {
      let extent = x.shape[axis + 2]
      if extent > 0, window.kernel[axis] > extent, window.kernel[axis] < extent + window.strides[axis] {
        fitted.kernel[axis] = extent
      }
    }
    return fitted
  }

  /// A box of [N, C, D, H, W] is pooled over height and width, then over depth: largest numbers and means of as many
  /// positions each are the same in two steps. Returns them and the shape they are to have.
  private static func volumePool<Op: Operator>(
    _ x: Symbol, _ node: inout NodeImport, _ op: (_ window: Window, _ ceiling: Bool) -> Op
  ) throws(Refusal) -> (Symbol, shape: [Int]) {
    let mode = try node.string("auto_pad", default: "NOTSET")
    guard let kernel = try node.ints("kernel_shape") else { throw Refusal("attribute kernel_shape is missing") }
    let strides = try node.ints("strides") ?? [1, 1, 1]
    let dilations = try node.ints("dilations") ?? [1, 1, 1]
    var pads = try node.ints("pads") ?? [0, 0, 0, 0, 0, 0]
    let range = 1...(1 << 15)
    guard kernel.count == 3, strides.count == 3, dilations.count == 3, pads.count == 6,
      (kernel + strides + dilations).allSatisfy(range.contains), pads.allSatisfy((0...(1 << 15)).contains)
    else {
      throw Refusal(
        "kernel_shape \(kernel), strides \(strides), dilations \(dilations), pads \(pads) are not those of a 3-D "
          + "window")
    }
    if let same = try NodeImport.pads(
      mode, sizes: Array(x.shape[2...]), kernel: kernel, strides: strides, dilations: dilations)
    {
      pads = same
    }
    let ceiling = try node.bool("ceil_mode", default: false)
    let (n, c, d) = (x.shape[0], x.shape[1], x.shape[2])
    let images = try node.add(step: "planes", Reshape(shape: [n, c * d, x.shape[3], x.shape[4]]), [x])
    let planar = Window(
      kernel: [kernel[1], kernel[2]], strides: [strides[1], strides[2]], dilations: [dilations[1], dilations[2]],
      pads: [pads[1], pads[2], pads[4], pads[5]])
    let planes = try node.add(step: "pooled_planes", op(fitted(planar, ceiling, images), ceiling), [images])
    let (height, width) = (planes.shape[2], planes.shape[3])
    let columns = try node.add(step: "columns", Reshape(shape: [n, c, d, height * width]), [planes])
    let deep = Window(
      kernel: [kernel[0], 1], strides: [strides[0], 1], dilations: [dilations[0], 1], pads: [pads[0], 0, pads[3], 0])
    let pooled = try node.add(step: "pooled_columns", op(fitted(deep, ceiling, columns), ceiling), [columns])
    return (pooled, [n, c, pooled.shape[2], height, width])
  }

  /// Over all positions of [N, C, ...]: as an image of them.
  private static func global(_ op: some Operator, _ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let rank = x.shape.count
    guard rank >= 3, rank != 4 else { return try node.add(op, [x]) }
    let rows = rank == 3 ? 1 : x.shape[2]
    let columns = x.shape[(rank == 3 ? 2 : 3)...].reduce(1, *)
    let image = try node.add(step: "image", Reshape(shape: [x.shape[0], x.shape[1], rows, columns]), [x])
    let pooled = try node.add(step: "pooled", op, [image])
    let ones = [Int](repeating: 1, count: rank - 2)
    return try node.add(Reshape(shape: [pooled.shape[0], pooled.shape[1]] + ones), [pooled])
  }

  /// (sum |x|^p)^(1 / p) over all positions.
  private static func globalNorm(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let p = try node.int("p", default: 2)
    guard x.shape.count >= 3, p >= 1 else { throw Refusal("x has shape \(x.shape), p is \(p)") }
    let axes = Array(2..<x.shape.count)
    if p <= 2 { return try node.add(Reduce(p == 1 ? .l1 : .l2, axes: axes), [x]) }
    let powers = try node.step("powers", .pow, try node.step("magnitudes", .abs, x), Float(p))
    let sum = try node.add(step: "sum", Reduce(.sum, axes: axes), [powers])
    return try node.add(Binary(.pow), [sum, node.constant("root", Tensor(scalar: 1 / Float(p)))])
  }

  /// (sum |x|^p)^(1 / p) over a window: the mean over all its positions, the padding's zeros too, times their number.
  private static func norm(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let given = try node.input(0, "x")
    let p = try node.int("p", default: 2)
    guard p >= 1 else { throw Refusal("attribute p is \(p), expected 1 or more") }
    guard given.shape.count != 5 else { return try volumeNorm(given, p: p, &node) }
    var window = try node.window(given)
    let x = try node.images(given)
    if try node.bool("ceil_mode", default: false) {
      // Padding up to the end of the last window adds nothing.
      let size = try window.outputSize(Array(x.shape[2...]), ceiling: true)
      for axis in 0..<2 {
        let reach = (size[axis] - 1) * window.strides[axis] + (window.kernel[axis] - 1) * window.dilations[axis] + 1
        window.pads[axis + 2] = max(window.pads[axis + 2], reach - x.shape[axis + 2] - window.pads[axis])
      }
      try node.check(window)
    }
    let magnitudes = try node.step("magnitudes", .abs, x)
    let powers = p == 1 ? magnitudes : try node.step("powers", .pow, magnitudes, Float(p))
    let mean = try node.add(step: "mean", AveragePool(window: window, countIncludePad: true), [powers])
    let sum = try node.step("sum", .mul, mean, Float(window.kernel[0] * window.kernel[1]))
    let root: any Operator = p == 2 ? Unary(.sqrt) : Binary(.pow)
    let inputs = p == 2 ? [sum] : [sum, node.constant("root", Tensor(scalar: 1 / Float(p)))]
    return try node.add(root, inputs, overImagesOf: given)
  }

  private static func volumeNorm(_ x: Symbol, p: Int, _ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    guard try !node.bool("ceil_mode", default: false), let kernel = try node.ints("kernel_shape") else {
      throw Refusal("attribute ceil_mode of LpPool over volumes is not supported")
    }
    let powers = try node.step("powers", .pow, try node.step("magnitudes", .abs, x), Float(p))
    let (mean, shape) = try volumePool(powers, &node) {
      AveragePool(window: $0, ceiling: $1, countIncludePad: true)
    }
    // Its numbers were checked.
    let sum = try node.step("sum", .mul, mean, Float(kernel.reduce(1, *)))
    return try node.add(Reshape(shape: shape), [try node.step("root", .pow, sum, 1 / Float(p))])
  }

  /// The operator set in which an average's window has dilations.
  fileprivate static func opset(ofAverage window: Window?) -> Int {
    (window?.dilations ?? [1, 1]) == [1, 1] ? ONNXWriter.baseOpset : 19
  }
}

extension MaxPool: ONNXWritable {}
extension GlobalAveragePool: ONNXWritable {}
extension GlobalMaxPool: ONNXWritable {}

extension AveragePool: ONNXWritable {
  var opset: Int { Pools.opset(ofAverage: window) }
}

extension AveragePoolInt8: ONNXWritable {
  var opset: Int { Pools.opset(ofAverage: window) }

  /// Windows that reach beyond the padding, as ceil_mode makes them, get the padding they reach: with count_include_pad
  /// their positions there count in dermc, not in ONNX, and without it the padding makes no difference.
  func write(_ node: Node, to emission: inout Emission) throws(Refusal) {
    let output = Int8Output(output)
    let inputs = try emission.reals(node)
    guard var window else { return emission.add("GlobalAveragePool", for: node, inputs: inputs, output: output) }
    if ceiling {
      let size = node.inputs[0].map { emission.graph.type(of: $0).shape } ?? []
      let count = emission.graph.type(of: node.outputs[0]).shape
      for axis in 0..<2 {
        let extent = (window.kernel[axis] - 1) * window.dilations[axis] + 1
        let reach = (count[axis + 2] - 1) * window.strides[axis] + extent
        window.pads[axis + 2] = max(0, reach - size[axis + 2] - window.pads[axis])
      }
    }
    let attributes = window.attributes { if countIncludesPadding { $0.set("count_include_pad", true) } }
    emission.add("AveragePool", for: node, inputs: inputs, attributes, output: output)
  }
}
