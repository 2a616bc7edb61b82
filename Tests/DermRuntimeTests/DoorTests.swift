import DermRuntime
import Platform
import Tensors
import TestSupport
import Testing

/// Swift's answers to what every door is asked.
@Suite struct DoorTests {
  @Test(arguments: try DoorCase.all()) func answersAsEveryDoorDoes(door: DoorCase) throws {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let scratch = "\(folder)/derm-door-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).derm"
    defer { unlink(scratch) }
    let bundle = try door.bundle(scratch: scratch)
    let found: [String]
    do {
      found = try answer(door, bundle)
    } catch let error as DermError {
      found = ["refused \(kind(of: error))"]
    }
    #expect(found == door.expected)
  }

  private func answer(_ door: DoorCase, _ bundle: String) throws -> [String] {
    func number(after word: String) -> Int? { door.words(after: word).flatMap { Int($0[0]) } }
    let limit = number(after: "limit") ?? 1 << 30
    let key = door.words(after: "key")?[0]
    let model =
      try key.map {
        try DermModel(
          path: bundle, trusting: [DermPublicKey(path: "\(DoorCase.root)/fixtures/doors/\($0)")], maximumBytes: limit)
      } ?? DermModel(path: bundle, maximumBytes: limit)
    let session = try DermSession(model, threads: number(after: "threads") ?? 1)

    var input = DoorCase.Digest()
    var images = 0
    func see(_ numbers: [Float]) {
      for number in numbers { input.add(number) }
      images += 1
    }
    for words in door.given {
      switch words[0] {
      case "file":
        let path = "\(DoorCase.root)/\(words[1])"
        see(try model.preprocess(imageAt: path))
        try session.write(imageAt: path, position: images - 1)
      case "bytes":
        var bytes = try MappedFile.contents(of: "\(DoorCase.root)/\(words[1])")
        if words.count > 2 { bytes = Array(bytes.prefix(try #require(Int(words[2])))) }
        see(try model.preprocess(imageBytes: bytes))
        try session.write(imageBytes: bytes.span.bytes, position: images - 1)
      case "pixels":
        let (bytes, layout) = try pixels(words)
        see(try model.preprocess(pixels: bytes.span.bytes, layout))
        try session.write(pixels: bytes.span.bytes, layout, position: images - 1)
      case "numbers":
        try session.write(DoorCase.numbers(try #require(Int(words[1])), words.dropFirst(2).first).span)
      case "other":
        let numbers = DoorCase.numbers(try #require(Int(words[2])), words.dropFirst(3).first)
        try session.write(numbers.span, toInput: words[1])
      default: #expect(["bundle", "limit", "threads", "key"].contains(words[0]))
      }
    }
    try session.run()

    var output = DoorCase.Digest()
    for index in model.outputNames.indices {
      try session.withOutput(index) { numbers in
        for place in numbers.indices { output.add(numbers[place]) }
      }
    }
    let decided = try (0..<model.batch).flatMap { position in
      let answer = try session.answer(position: position)
      let labels = answer.decisions.map(\.label)
      #expect((answer.certainty != nil) == model.tellsCertainty)
      let certainty = answer.certainty.map { certainty in
        DoorCase.certainty(
          probabilities: certainty.probabilities, confidence: certainty.confidence, energy: certainty.energy,
          distance: certainty.distance, set: certainty.set.map(\.label), why: certainty.why)
      }
      return ["decided \(labels.isEmpty ? "none" : labels.joined(separator: ", "))"] + (certainty ?? [])
    }
    return (images > 0 ? ["input \(input)"] : []) + ["output \(output)"] + decided
  }

  private func pixels(_ words: [String]) throws -> (bytes: [UInt8], layout: DermPixels) {
    let formats: [String: (format: DermPixels.Format, bytes: Int, chromaPlanes: Int)] = [
      "gray": (.gray, 1, 0), "rgb": (.rgb, 3, 0), "bgr": (.bgr, 3, 0), "rgba": (.rgba, 4, 0), "bgra": (.bgra, 4, 0),
      "nv12": (.nv12, 1, 1), "nv21": (.nv21, 1, 1), "i420": (.i420, 1, 2),
    ]
    let (format, bytes, chromaPlanes) = try #require(formats[words[1]])
    var rest = words[2...]
    func next() throws -> Int { try #require(rest.popFirst().flatMap { Int($0) }) }
    var layout = DermPixels(format, width: try next(), height: try next())
    while let word = rest.popFirst() {
      switch word {
      case "full": layout.matrix = .bt601Full
      case "stride": layout.stride = try next()
      case "chroma": layout.chromaStride = try next()
      case "turn": layout.rotation = try #require(DermPixels.Rotation(rawValue: try next()))
      case "crop": layout.crop = DermPixels.Crop(x: try next(), y: try next(), width: try next(), height: try next())
      default: Issue.record("\(word)")
      }
    }
    let luma = (layout.stride ?? layout.width * bytes) * layout.height
    let chromaStride = layout.chromaStride ?? (layout.width + 1) / 2 * (chromaPlanes == 2 ? 1 : 2)
    let chroma = chromaStride * ((layout.height + 1) / 2)
    return (DoorCase.pixels(luma + chromaPlanes * chroma), layout)
  }

  /// As `derm_status_name` calls it.
  private func kind(of error: DermError) -> String {
    switch error {
    case .unreadableFile: "unreadable file"
    case .notABundle: "not a bundle"
    case .unsupportedVersion: "unsupported version"
    case .damaged: "damaged"
    case .untrusted: "untrusted"
    case .invalidKey: "invalid key"
    case .unsupportedModel: "unsupported model"
    case .unsupportedProcessor: "unsupported processor"
    case .memoryLimit: "memory limit"
    case .outOfMemory: "out of memory"
    case .invalidThreads: "invalid threads"
    case .inputDoesNotFit: "input does not fit"
    case .unreadableImage: "unreadable image"
    case .notFinite: "not finite"
    case .inUse: "in use"
    }
  }
}
