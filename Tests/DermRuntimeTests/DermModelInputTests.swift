import Bundles
import CanonicalJSON
import DermRuntime
import IR
import Images
import Operators
import Platform
import Tensors
import Testing

/// What goes into a model and what comes out of it, and bundles that an app cannot use.
@Suite struct DermModelInputTests {
  private static let image =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    + "/fixtures/images/eval/nv/001.jpg"

  private static let preprocessing: JSON = [
    "size": [4, 4], "scale": .double(1.0 / 255), "mean": [0], "std": [1], "channels": "rgb", "resize": "direct",
  ]

  /// Stores a graph and opens it as an app does.
  private func model(_ graph: Graph, _ preprocessing: JSON? = Self.preprocessing) throws -> DermModel {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let path = "\(folder)/derm-input-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).derm"
    defer { unlink(path) }
    var bundle = Bundle(kind: .compiled, graph: graph)
    bundle.preprocessing = preprocessing
    try BundleWriter.write(bundle, to: path)
    return try DermModel(path: path)
  }

  /// What is wrong with a bundle, without its path.
  private func refusal(_ graph: Graph, _ preprocessing: JSON? = Self.preprocessing) throws -> String {
    do {
      _ = try model(graph, preprocessing)
      return ""
    } catch let error as DermError {
      return String("\(error)".drop { $0 != ":" }.dropFirst(2))
    }
  }

  /// The mean of each of the second dimension of a 4-D input, as `mean`, and twice that.
  private func means(_ shape: [Int]) throws -> Graph {
    var graph = Graph(name: "means")
    let x = graph.addInput("x", TensorType(.float32, shape))
    let pooled = try graph.add(GlobalAveragePool(), name: "pool", inputs: [x])[0]
    let mean = try graph.add(Reshape(shape: [0, -1]), name: "flat", inputs: [pooled], outputNames: ["mean"])[0]
    graph.addOutput(try graph.add(Binary(.add), name: "sum", inputs: [mean, mean], outputNames: ["double"])[0])
    graph.addOutput(mean)
    return graph
  }

  @Test func everyOutputHasItsName() throws {
    let model = try model(means([1, 3, 2, 2]), nil)
    let input: [Float] = [1, 2, 3, 4, 0, 0, 0, 8, -1, -1, -1, -1]
    #expect(try model.outputs(input) == ["double": [5, 4, -2], "mean": [2.5, 2, -1]])
    #expect(throws: DermError.self) { try model.outputs([1]) }
    #expect(throws: DermError.self) { try model.outputs(input, others: ["age": [1]]) }
  }

  /// A file and its bytes are one image, and one picture whatever order a model's dimensions have.
  @Test func imagesAreNormalizedIntoEitherOrder() throws {
    let pixels = try Preprocessing(
      height: 4, width: 4, scale: 1.0 / 255, mean: [0], std: [1], resize: .direct
    ).apply(try Image(path: Self.image), layout: .channelsLast)
    // Rows of four pixels of three colours each.
    let rows = (0..<4).map { row in pixels[row * 12..<row * 12 + 12].reduce(0.0) { $0 + Double($1) } / 12 }
    let colours = (0..<3).map { colour in
      stride(from: colour, to: 48, by: 3).reduce(0.0) { $0 + Double(pixels[$1]) } / 16
    }
    for (shape, expected) in [([1, 4, 4, 3], rows), ([1, 3, 4, 4], colours)] {
      let model = try model(means(shape))
      let answer = try model.classify(imageBytes: MappedFile.contents(of: Self.image))
      #expect(answer == (try model.classify(imageAt: Self.image)))
      // Sums of up to 16 floats below 1, doubled.
      #expect(zip(answer.output, expected).allSatisfy { abs(Double($0) - 2 * $1) < 1e-5 }, "\(answer.output)")
      #expect(answer.output.count == expected.count)
      // The highest of them is the class that is decided for.
      let best = try #require(expected.firstIndex(of: expected.max() ?? 0))
      #expect(answer.mostProbable?.index == best && answer.decision?.index == best)
    }
  }

  /// What an app is shown of an image is what dermc makes of it, and has the image's answer.
  @Test(arguments: [[1, 3, 4, 4], [1, 4, 4, 3]]) func whatTheNetworkSees(shape: [Int]) throws {
    let image = try Image(path: Self.image)
    let expected = try Preprocessing(
      height: 4, width: 4, scale: 1.0 / 255, mean: [0], std: [1], resize: .direct
    ).apply(image, layout: shape[1] == 3 ? .rowMajor : .channelsLast)
    let model = try model(means(shape))
    #expect(try model.preprocess(imageAt: Self.image) == expected)
    #expect(try model.preprocess(imageBytes: MappedFile.contents(of: Self.image)) == expected)
    let layout = DermPixels(.rgb, width: image.width, height: image.height)
    #expect(try model.preprocess(pixels: image.pixels.span.bytes, layout) == expected)
    #expect(try model.run(expected) == model.classify(imageAt: Self.image).output)
    #expect(throws: DermError.unreadableFile("absent.jpg: No such file or directory")) {
      try model.preprocess(imageAt: "absent.jpg")
    }
    let error = #expect(throws: DermError.self) { try model.preprocess(imageBytes: [1, 2, 3]) }
    #expect(error == .unreadableImage(error?.description ?? ""))
  }

  @Test func bundlesThatAnAppCannotUse() throws {
    var two = Graph(name: "two")
    let a = two.addInput("a", TensorType(.float32, [1, 3, 4, 4]))
    let b = two.addInput("b", TensorType(.float32, [1, 3, 4, 4]))
    two.addOutput(try two.add(Binary(.add), name: "sum", inputs: [a, b])[0])
    #expect(try refusal(two) == "expected one input for images; its inputs are a, b")

    var integers = Graph(name: "integers")
    let ids = integers.addInput("ids", TensorType(.int64, [1, 4]))
    integers.addOutput(try integers.add(Cast(to: .float32), name: "cast", inputs: [ids])[0])
    #expect(try refusal(integers) == "input ids is int64[1,4], expected float32")

    var loose = Graph(name: "loose")
    let x = loose.addInput("x", TensorType(.float32, [1, 3, 4, 4]))
    let w = loose.addInput("w", TensorType(.float32, [2, 3, 1, 1]))
    loose.addOutput(try loose.add(Conv(window: Window(kernel: [1, 1])), name: "conv", inputs: [x, w])[0])
    #expect(try refusal(loose).hasSuffix("weights that are computed at run time are not supported"))
  }

  @Test func preprocessingThatDoesNotFit() throws {
    let graph = try means([1, 3, 4, 4])
    #expect(try refusal(graph) == "")
    #expect(try refusal(graph, ["size": "large"]).contains("preprocessing"))
    #expect(
      try refusal(means([1, 3, 5, 4])) == "the preprocessing does not fit the input [1, 3, 5, 4]")
    // Without one, numbers can be given, but no image.
    let model = try model(graph, nil)
    #expect(try model.run([Float](repeating: 0.5, count: 48)) == [1, 1, 1])
    let error = #expect(throws: DermError.self) { try model.classify(imageAt: Self.image) }
    #expect(error?.description == "the bundle does not say how images become inputs; use run(_:)")
    let other = #expect(throws: DermError.self) { try model.preprocess(imageAt: Self.image) }
    #expect(other == error)
  }
}
