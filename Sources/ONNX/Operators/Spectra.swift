import IR
import Math
import Operators
import Tensors

/// Discrete Fourier transforms, as products with matrices of sines and cosines, and what they are prepared with.
enum Spectra: ONNXFamily {
  static let limits = "lengths, frame steps and sizes are constants; not the real result of an inverse one-sided DFT"
  static let readers: [String: NodeReader] = [
    "BlackmanWindow": { node throws(Refusal) in
      try window(&node) { turn in 0.42 - 0.5 * cosine(turn) + 0.08 * cosine(2 * turn) }
    },
    "DFT": dft,
    "HammingWindow": { node throws(Refusal) in
      try window(&node) { turn in 25.0 / 46 - (1 - 25.0 / 46) * cosine(turn) }
    },
    "HannWindow": { node throws(Refusal) in try window(&node) { turn in 0.5 - 0.5 * cosine(turn) } },
    "MelWeightMatrix": mel,
    "STFT": stft,
  ]

  // In double precision, the same on every machine.
  private static let cos = UnaryFunction.cos
  private static let sin = UnaryFunction.sin
  private static let log = UnaryFunction.log

  /// The cosine of a number of turns.
  private static func cosine(_ turns: Double) -> Double { cos(2 * .pi * turns) }

  // MARK: Transforms

  /// X_k = sum_n x_n e^(-2 pi i k n / N), or the inverse, of real or complex numbers (a last dimension of 1 or 2) along
  /// an axis, cut or filled with zeros to N. One-sided ones give the first N / 2 + 1.
  private static func dft(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let rank = x.shape.count
    let isOneSided = try node.bool("onesided", default: false)
    let isInverse = try node.bool("inverse", default: false)
    guard rank >= 2, let parts = x.shape.last, parts == 1 || parts == 2 else {
      throw Refusal("x has shape \(x.shape), expected a last dimension of 1 or 2")
    }
    guard !isOneSided || !isInverse && parts == 1 else { throw Refusal("is one-sided, but not of real numbers") }
    // The axis is an attribute before opset 20, an input since.
    let given = try node.ints(input: node.opset < 20 ? 3 : 2, orAttribute: "axis")?.first ?? (node.opset < 20 ? 1 : -2)
    let axis = try node.axis(given, rank: rank)
    guard axis < rank - 1 else { throw Refusal("axis \(given) is that of the parts of complex numbers") }
    let length = try node.ints(input: 1, "dft_length")?.first ?? x.shape[axis]
    let order = (0..<rank).filter { $0 != axis && $0 != rank - 1 } + [axis, rank - 1]
    let moved = try node.step("moved", transposing: x, by: order)
    let outer = Array(moved.shape.dropLast(2))
    let rows = try node.step("rows", reshaping: moved, to: outer + [x.shape[axis] * parts])
    let count = isOneSided ? length / 2 + 1 : length
    let matrix = try transform(
      length, inputs: x.shape[axis], parts: parts, outputs: count, isInverse: isInverse, node)
    let spectrum = try node.step("spectrum", product: rows, matrix)
    let split = try node.step("split", reshaping: spectrum, to: outer + [count, 2])
    let back = (0..<rank).map { position in order.firstIndex(of: position) ?? position }
    return try node.result(try node.step("back", transposing: split, by: back))
  }

  /// Transforms of frames of a real or complex signal [batch, length, 1 or 2], one every `frame_step` numbers, each
  /// times a window: [batch, frames, frequencies, 2].
  private static func stft(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "signal")
    let isOneSided = try node.bool("onesided", default: true)
    guard x.shape.count == 3, x.shape[2] == 1 || x.shape[2] == 2 && !isOneSided else {
      throw Refusal("signal has shape \(x.shape), expected [batch, length, 1]")
    }
    let parts = x.shape[2]
    let window = node.optional(2)
    let length = try node.ints(input: 3, "frame_length")?.first ?? window?.shape.first ?? x.shape[1]
    guard let step = try node.ints(input: 1, "frame_step")?.first, step > 0, length > 0, length <= x.shape[1],
      window.map({ $0.shape == [length] }) ?? true
    else {
      throw Refusal("frames of \(length) do not fit signal with shape \(x.shape)")
    }
    let frames = 1 + (x.shape[1] - length) / step
    try node.reserve(.int64, [frames, length])
    let places = (0..<frames).flatMap { frame in (0..<length).map { Int64(frame * step + $0) } }
    var framed = try node.add(
      step: "frames", Gather(axis: 1), [x, node.constant("places", Tensor(places, shape: [frames, length]))])
    if let window {
      framed = try node.step("windowed", .mul, framed, try node.step("window", reshaping: window, to: [length, 1]))
    }
    let rows = try node.step("rows", reshaping: framed, to: [x.shape[0], frames, length * parts])
    let count = isOneSided ? length / 2 + 1 : length
    let matrix = try transform(length, inputs: length, parts: parts, outputs: count, isInverse: false, node)
    let spectrum = try node.step("spectrum", product: rows, matrix)
    return try node.add(Reshape(shape: [x.shape[0], frames, count, 2]), [spectrum])
  }

  /// The matrix [inputs * parts, outputs * 2] of a transform of `length`.
  private static func transform(
    _ length: Int, inputs: Int, parts: Int, outputs: Int, isInverse: Bool, _ node: NodeImport
  ) throws(Refusal) -> Symbol {
    guard (1...1 << 16).contains(length) else { throw Refusal("a DFT of length \(length) is not supported") }
    let columns = 2 * outputs
    let shape = [inputs * parts, columns]
    try node.reserve(.float32, shape)
    let scale = isInverse ? 1 / Double(length) : 1
    // e^(2 pi i j / N) for each j, the sign of the angle and the factor of the inverse with it.
    let cosines = (0..<length).map { scale * cosine(Double($0) / Double(length)) }
    let sines = (0..<length).map { index in
      (isInverse ? scale : -scale) * sin(2 * .pi * Double(index) / Double(length))
    }
    var matrix = [Float](repeating: 0, count: shape[0] * columns)
    for n in 0..<min(inputs, length) {
      for k in 0..<outputs {
        let angle = n * k % length
        let (cosine, sine) = (Float(cosines[angle]), Float(sines[angle]))
        matrix[n * parts * columns + 2 * k] = cosine
        matrix[n * parts * columns + 2 * k + 1] = sine
        guard parts == 2 else { continue }
        matrix[(n * parts + 1) * columns + 2 * k] = -sine
        matrix[(n * parts + 1) * columns + 2 * k + 1] = cosine
      }
    }
    return node.constant("matrix", Tensor(matrix, shape: shape))
  }

  // MARK: Constants

  /// A function of how far each of `size` numbers is in a turn, which ends behind the last or, symmetric, at it.
  private static func window(
    _ node: inout NodeImport, _ function: (_ turns: Double) -> Double
  ) throws(Refusal) -> [Symbol] {
    guard let size = try node.ints(input: 0, "size")?.first, size >= 0 else { throw Refusal("size is missing") }
    let element = try DataType.named(try node.int("output_datatype", default: 1)).element
    let period = Double(try node.bool("periodic", default: true) ? size : size - 1)
    try node.reserve(.float32, [size])
    return try node.result((0..<size).map { Float(function(period == 0 ? 0 : Double($0) / period)) }, element)
  }

  /// Triangles on the mel scale (2595 log10(1 + f / 700)): for each frequency of a DFT its weight in each bin.
  private static func mel(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    func number(_ index: Int, _ role: String) throws(Refusal) -> Double {
      guard let value = try node.constant(index, role)?.doubles().first, value.isFinite, value >= 0 else {
        throw Refusal("input \(index) (\(role)) is no positive number")
      }
      return value
    }
    let length = try number(1, "dft_length")
    let rate = try number(2, "sample_rate")
    let (lower, upper) = (try number(3, "lower_edge_hertz"), try number(4, "upper_edge_hertz"))
    let element = try DataType.named(try node.int("output_datatype", default: 1)).element
    let given = try number(0, "num_mel_bins")
    guard given <= 65536, length <= 65536, rate > 0, upper <= rate else {
      throw Refusal("\(given) bins of a DFT of \(length) from \(lower) to \(upper) Hz are not supported")
    }
    let (bins, frequencies) = (Int(given), Int(length) / 2 + 1)
    func mels(_ hertz: Double) -> Double { 2595 * log(1 + hertz / 700) / log(10) }
    let step = (mels(upper) - mels(lower)) / Double(bins + 2)
    let edges = (0..<bins + 2).map { index in
      let hertz = 700 * (UnaryFunction.power(10.0, (Double(index) * step + mels(lower)) / 2595) - 1)
      return Int(((length + 1) * hertz / rate).rounded(.down))
    }
    guard edges.allSatisfy((0..<frequencies).contains) else { throw Refusal("\(upper) Hz are beyond the DFT's") }
    try node.reserve(.float32, [frequencies, bins])
    var weights = [Float](repeating: 0, count: frequencies * bins)
    for bin in 0..<bins {
      let (left, centre, right) = (edges[bin], edges[bin + 1], edges[bin + 2])
      weights[centre * bins + bin] = 1
      for place in left..<max(left, centre) {
        weights[place * bins + bin] = Float(place - left) / Float(centre - left)
      }
      for place in centre..<max(centre, right) {
        weights[place * bins + bin] = Float(right - place) / Float(right - centre)
      }
    }
    return try node.result(weights, element, shape: [frequencies, bins])
  }
}

extension NodeImport {
  /// Numbers of a type as the node's output.
  fileprivate func result(
    _ numbers: [Float], _ element: ElementType, shape: [Int]? = nil
  ) throws(Refusal) -> [Symbol] {
    let tensor = Tensor(numbers, shape: shape ?? [numbers.count])
    return element == .float32 ? result(tensor) : try add(Cast(to: element), [constant("numbers", tensor)])
  }
}
