import Bundles
import CanonicalJSON
import DermRuntime
import IR
import Images
import Operators
import Platform
import Tensors
import Testing

/// A bundle in a file of its own, gone with the value.
private final class StoredBundle {
  let path: String

  init(_ graph: Graph, _ change: (inout Bundle) -> Void = { _ in }) throws {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    path = "\(folder)/derm-session-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).derm"
    var bundle = Bundle(kind: .compiled, graph: graph)
    bundle.preprocessing = [
      "size": [8, 8], "scale": .double(1.0 / 255), "mean": [0.5], "std": [0.25], "channels": "rgb",
      "resize": "center-crop",
    ]
    bundle.labels = ["dots", "veil", "net", "crust"]
    change(&bundle)
    try BundleWriter.write(bundle, to: path)
  }

  deinit { unlink(path) }

  func overwrite(_ bytes: [UInt8]) {
    let file = open(path, O_WRONLY | O_TRUNC)
    #expect(write(file, bytes, bytes.count) == bytes.count)
    close(file)
  }
}

/// Weighted means of the colours, or of the rows where rows stand in the channels' place: four classes.
private func network(_ shape: [Int], isInt8: Bool = false, hasOther: Bool = false) throws -> Graph {
  var graph = Graph(name: "network")
  var x = graph.addInput("image", TensorType(.float32, shape))
  if isInt8 {
    x = try graph.add(QuantizeLinear(Quantization(scale: 0.02, zeroPoint: 3)), name: "quantize", inputs: [x])[0]
    let channels = shape[1]
    let w = graph.addConstant(
      "k", Tensor((0..<channels * channels).map { Int8($0 * 37 % 200 - 100) }, shape: [channels, channels, 1, 1]))
    let s = graph.addConstant("s", Tensor([Float](repeating: 0.01, count: channels), shape: [channels]))
    x = try graph.add(
      ConvInt8(window: Window(kernel: [1, 1]), group: 1, output: nil), name: "conv", inputs: [x, w, s])[0]
  }
  let pooled = try graph.add(GlobalAveragePool(), name: "pool", inputs: [x])[0]
  var features = try graph.add(Reshape(shape: [shape[0], shape[1]]), name: "flat", inputs: [pooled])[0]
  var width = shape[1]
  if hasOther {
    let other = graph.addInput("age", TensorType(.float32, [shape[0], 1]))
    features = try graph.add(Concat(axis: 1), name: "join", inputs: [features, other])[0]
    width += 1
  }
  let weights = (0..<4 * width).map { Float(($0 * 29) % 11) - 5 }
  let w = graph.addConstant("w", Tensor(weights, shape: [4, width]))
  graph.addOutput(try graph.add(Gemm(transB: true), name: "sums", inputs: [features, w])[0])
  return graph
}

/// A picture, larger than the models' input.
private func picture(_ width: Int, _ height: Int, seed: Int = 1) -> [UInt8] {
  (0..<width * height * 3).map { (index: Int) -> UInt8 in
    UInt8(truncatingIfNeeded: ((index / 7 + seed) &* 2_654_435_761) >> 9)
  }
}

/// The picture as a file without losses: a BMP of 24 bits, rows from the bottom, each filled up to four bytes.
private func bitmap(_ pixels: [UInt8], _ width: Int, _ height: Int) -> [UInt8] {
  func word(_ value: Int, _ bytes: Int = 4) -> [UInt8] { (0..<bytes).map { UInt8(value >> (8 * $0) & 255) } }
  let stride = (width * 3 + 3) / 4 * 4
  var file = Array("BM".utf8)
  for value in [54 + stride * height, 0, 54, 40, width, height] { file += word(value) }
  file += word(1, 2)
  file += word(24, 2)
  for value in [0, stride * height, 0, 0, 0, 0] { file += word(value) }
  for y in (0..<height).reversed() {
    for x in 0..<width {
      let first = (y * width + x) * 3
      file += pixels[first..<first + 3].reversed()
    }
    file += [UInt8](repeating: 0, count: stride - width * 3)
  }
  return file
}

@Suite struct DermSessionTests {
  private static let networks: [([Int], Bool)] = [
    ([1, 3, 8, 8], false), ([1, 3, 8, 8], true), ([1, 8, 8, 3], false), ([1, 8, 8, 3], true),
  ]

  /// Pixels give the bits of the file they would be, whatever order a model reads them in.
  @Test(arguments: networks) func pixelsAreTheImage(shape: [Int], isInt8: Bool) throws {
    let stored = try StoredBundle(try network(shape, isInt8: isInt8))
    let session = try DermSession(DermModel(path: stored.path))
    for (width, height) in [(21, 17), (8, 8), (40, 12), (21, 17)] {
      let pixels = picture(width, height, seed: width)
      let expected = try session.classify(imageBytes: bitmap(pixels, width, height))
      #expect(Set(expected.output).count == 4)
      let rgb = DermPixels(.rgb, width: width, height: height)
      #expect(try session.classify(pixels: pixels.span.bytes, rgb) == expected)
      var bgra: [UInt8] = []
      for first in stride(from: 0, to: pixels.count, by: 3) { bgra += pixels[first..<first + 3].reversed() + [9] }
      let layout = DermPixels(.bgra, width: width, height: height)
      #expect(try session.classify(pixels: bgra.span.bytes, layout) == expected)
      // Lying on its side in a larger frame: a turn clockwise brings the first column, from below, to the first row.
      let (side, lines) = (height + 5, width + 3)
      let frame = picture(side, lines, seed: height)
      let turned = DermPixels(
        .rgb, width: side, height: lines, rotation: .quarter,
        crop: DermPixels.Crop(x: 2, y: 1, width: height, height: width))
      var upright: [UInt8] = []
      for row in 0..<height {
        for column in 0..<width {
          let place = ((width - column) * side + row + 2) * 3
          upright += frame[place..<place + 3]
        }
      }
      #expect(
        try session.classify(pixels: frame.span.bytes, turned)
          == session.classify(imageBytes: bitmap(upright, width, height)))
    }
  }

  /// Camera planes in one block, or each on its own.
  @Test func planesOfACamera() throws {
    let stored = try StoredBundle(try network([1, 3, 8, 8]))
    let session = try DermSession(DermModel(path: stored.path))
    let (width, height) = (19, 13)
    let luma = picture(width, height).prefix(width * height).map { $0 }
    let cb = picture(10, 7, seed: 5).prefix(70).map { $0 }
    let cr = picture(10, 7, seed: 9).prefix(70).map { $0 }
    let both = zip(cb, cr).flatMap { [$0, $1] }
    for matrix in DermPixels.Matrix.allCases {
      func layout(_ format: DermPixels.Format) -> DermPixels {
        DermPixels(format, width: width, height: height, matrix: matrix, rotation: .threeQuarters)
      }
      let expected = try session.classify(pixels: (luma + cb + cr).span.bytes, layout(.i420))
      #expect(try session.classify(pixels: (luma + both).span.bytes, layout(.nv12)) == expected)
      #expect(
        try session.classify(pixels: (luma + zip(cr, cb).flatMap { [$0, $1] }).span.bytes, layout(.nv21)) == expected)
      try session.write(luma: luma.span.bytes, cb: cb.span.bytes, cr: cr.span.bytes, layout(.i420))
      try session.run()
      #expect(try session.answer() == expected)
      try session.write(luma: luma.span.bytes, chroma: both.span.bytes, layout(.nv12))
      try session.run()
      #expect(try session.answer() == expected)
      let short = luma + both.dropLast()
      #expect(throws: DermError.inputDoesNotFit("plane 1 has 139 bytes, 7 rows of 20, 20 apart, are more")) {
        try session.write(pixels: short.span.bytes, layout(.nv12))
      }
    }
  }

  /// What is read without a copy is what the copies say.
  @Test func answersAreReadInPlace() throws {
    let stored = try StoredBundle(try network([1, 3, 8, 8]))
    let model = try DermModel(path: stored.path)
    let session = try DermSession(model)
    let pixels = picture(9, 9)
    let answer = try session.classify(pixels: pixels.span.bytes, DermPixels(.rgb, width: 9, height: 9))
    #expect(model.classNames == ["dots", "veil", "net", "crust"] && model.task == .multiclass)
    let probabilities = try session.withProbabilities { span in span.indices.map { span[$0] } }
    #expect(probabilities == answer.classes.map(\.probability))
    #expect(abs(probabilities.reduce(0, +) - 1) < 1e-12)
    #expect(try session.decision() == answer.decision?.index)
    #expect(try session.withOutput(0) { span in span.indices.map { span[$0] } } == answer.output)
    for count in [0, 1, 3, 4, 100, -1] {
      var top: [DermClass] = []
      try session.forTop(count) { top.append($0) }
      #expect(top == answer.top(count) && top.count == max(0, min(4, count)))
    }
    let sorted = answer.top(4).map(\.probability)
    #expect(sorted == probabilities.sorted(by: >) && sorted[0] > sorted[3])
    #expect(try (0..<4).map { try session.answer($0) } == answer.classes)
    #expect(throws: DermError.inputDoesNotFit("class 4: the model has 4")) { try session.answer(4) }
    #expect(throws: DermError.inputDoesNotFit("output 1: the model has 1")) { try session.withOutput(1) { _ in } }
  }

  /// Inputs may lie where answers lay: neither is used twice.
  @Test func everyRunTakesInputsAnew() throws {
    let stored = try StoredBundle(try network([1, 3, 8, 8], hasOther: true))
    let session = try DermSession(DermModel(path: stored.path))
    let pixels = picture(8, 8)
    let layout = DermPixels(.rgb, width: 8, height: 8)
    let none = DermError.inputDoesNotFit(
      "there is no answer: run the session after its inputs were written, then read what it answers")
    #expect(throws: none) { try session.answer() }
    #expect(throws: DermError.inputDoesNotFit("the input for images is missing: write it before each run")) {
      try session.run()
    }
    try session.write(pixels: pixels.span.bytes, layout)
    #expect(throws: DermError.inputDoesNotFit("input age is missing: the model takes 1 numbers for it")) {
      try session.run()
    }
    let age: [Float] = [0.5]
    try session.write(age.span, toInput: "age")
    try session.run()
    let answer = try session.answer()
    #expect(throws: DermError.inputDoesNotFit("the input for images is missing: write it before each run")) {
      try session.run()
    }
    #expect(try session.answer() == answer)
    try session.write(age.span, toInput: "age")
    #expect(throws: none) { try session.answer() }
    #expect(try session.classify(pixels: pixels.span.bytes, layout, others: ["age": age]) == answer)
    #expect(throws: DermError.inputDoesNotFit("there is no input sex beside the image; the model takes age")) {
      try session.classify(pixels: pixels.span.bytes, layout, others: ["age": age, "sex": []])
    }
    #expect(throws: DermError.inputDoesNotFit("there is no input image beside the image; the model takes age")) {
      try session.write(age.span, toInput: "image")
    }
  }

  /// Each way in which a bundle can be wrong has its kind.
  @Test func bundlesAreRefusedByKind() throws {
    let stored = try StoredBundle(try network([1, 3, 8, 8]))
    let whole = try MappedFile.contents(of: stored.path)
    func kind(_ bytes: [UInt8], maximumBytes: Int = 1 << 30) -> DermError? {
      stored.overwrite(bytes)
      return #expect(throws: DermError.self) { try DermModel(path: stored.path, maximumBytes: maximumBytes) }
    }
    func isDamage(_ error: DermError?) -> Bool { error == .damaged(error?.description ?? "") }
    let path = stored.path
    #expect(kind(Array("hello".utf8)) == .notABundle("\(path): is 5 bytes long, too short for a .derm bundle"))
    #expect(kind([]) == .notABundle("\(path): is 0 bytes long, too short for a .derm bundle"))
    #expect(kind(Array(whole.prefix(20))) == .damaged("\(path): is 20 bytes long, too short for a .derm bundle"))
    let foreign = [UInt8](repeating: 65, count: 100)
    #expect(
      kind(foreign)
        == .notABundle("\(path): is not a .derm bundle, or its header is damaged: it does not begin with DERM"))
    var changed = whole
    changed[4] = 77
    let version = "has format version 77, this dermc reads version 1; or its header is damaged"
    #expect(kind(changed) == .unsupportedVersion("\(path): \(version)"))
    for place in stride(from: 8, to: whole.count, by: 37) {
      changed = whole
      changed[place] ^= 0x10
      #expect(isDamage(kind(changed)), "byte \(place)")
    }
    #expect(isDamage(kind(Array(whole.dropLast()))))
    let limit = kind(whole, maximumBytes: 100)
    #expect(limit == .memoryLimit(limit?.description ?? ""))
    let error = #expect(throws: DermError.self) { try DermModel(path: path + ".absent") }
    #expect(error == .unreadableFile("\(path).absent: No such file or directory"))
    let session = try DermSession(DermModel(path: path))
    let image = #expect(throws: DermError.self) { try session.classify(imageAt: path) }
    #expect(
      image == .unreadableImage("\(path): is not an image of a format that is read: JPEG, PNG, WebP, TIFF or BMP"))
    #expect(throws: DermError.unreadableFile("absent.jpg: No such file or directory")) {
      try session.classify(imageAt: "absent.jpg")
    }
  }
}
