import Bundles
import CanonicalJSON
import DermRuntime
import IR
import Images
import Math
import Operators
import Platform
import Runtime
import Signing
import Synchronization
import Tensors
import Testing
import Threads

/// A bundle of one 1x1 convolution over a 3-channel 4x4 image, averaged: two classes.
private func writeBundle(to path: String) throws -> Graph {
  var graph = Graph(name: "tiny")
  let x = graph.addInput("x", TensorType(.float32, [1, 3, 4, 4]))
  let w = graph.addConstant("w", Tensor([1, 0, -1, 0.5, 0.25, 2] as [Float], shape: [2, 3, 1, 1]))
  let y = try graph.add(Conv(window: Window(kernel: [1, 1])), name: "conv", inputs: [x, w])[0]
  let pooled = try graph.add(GlobalAveragePool(), name: "pool", inputs: [y])[0]
  graph.addOutput(try graph.add(Reshape(shape: [0, -1]), name: "flat", inputs: [pooled])[0])
  var bundle = Bundle(kind: .compiled, graph: graph)
  bundle.labels = ["benign", "malignant"]
  bundle.preprocessing = [
    "size": [4, 4], "scale": 0.00392156862745098, "mean": [0], "std": [1], "channels": "rgb", "resize": "direct",
  ]
  try BundleWriter.write(bundle, to: path)
  return graph
}

/// The same in int8: what quantizes the input may be left to whoever writes it.
private func writeInt8Bundle(to path: String, size: Int) throws -> (graph: Graph, preprocessing: Preprocessing) {
  var graph = Graph(name: "tiny")
  let x = graph.addInput("x", TensorType(.float32, [1, 3, size, size]))
  let quantized = try graph.add(
    QuantizeLinear(Quantization(scale: 0.017, zeroPoint: -11)), name: "quantize", inputs: [x])[0]
  let w = graph.addConstant("w", Tensor((0..<54).map { Int8($0 * 5 % 227 - 100) }, shape: [2, 3, 3, 3]))
  let scales = graph.addConstant("s", Tensor([0.004, 0.002] as [Float], shape: [2]))
  let window = Window(kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1])
  let y = try graph.add(
    ConvInt8(window: window, group: 1, output: nil), name: "conv", inputs: [quantized, w, scales])[0]
  let pooled = try graph.add(GlobalAveragePool(), name: "pool", inputs: [y])[0]
  graph.addOutput(try graph.add(Reshape(shape: [0, -1]), name: "flat", inputs: [pooled])[0])
  var bundle = Bundle(kind: .compiled, graph: graph)
  let preprocessing = try Preprocessing(
    height: size, width: size, scale: 1.0 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])
  bundle.preprocessing = preprocessing.json
  try BundleWriter.write(bundle, to: path)
  return (graph, preprocessing)
}

/// Images of the fixtures.
private let images =
  #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
  + "/fixtures/images/eval"
private let mole = images + "/nv/001.jpg"
private let nevus = images + "/nv/002.jpg"

private func temporaryPath() -> String {
  let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
  return "\(folder)/derm-model-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).derm"
}

/// A model as long as others have it.
private final class Weak {
  weak var value: DermModel?

  init(_ value: DermModel?) { self.value = value }
}

@Suite struct DermModelTests {
  /// One image cannot fill a batch of two: what the second would be is anybody's guess.
  @Test func refusesAnImageForABatch() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    var graph = Graph(name: "batch")
    let x = graph.addInput("x", TensorType(.float32, [2, 3, 4, 4]))
    let pooled = try graph.add(GlobalAveragePool(), name: "pool", inputs: [x])[0]
    graph.addOutput(try graph.add(Reshape(shape: [2, 3]), name: "flat", inputs: [pooled])[0])
    var bundle = Bundle(kind: .compiled, graph: graph)
    bundle.preprocessing = try Preprocessing(height: 4, width: 4).json
    try BundleWriter.write(bundle, to: path)
    let model = try DermModel(path: path)
    #expect(try model.run([Float](repeating: 0.5, count: 96)) == [Float](repeating: 0.5, count: 6))
    let error = #expect(throws: DermError.self) { try model.classify(imageAt: mole) }
    #expect(
      error == .inputDoesNotFit("the model takes batches of 2: use classify(imagesAt:), or write and run"))
    let session = try DermSession(model)
    let both = try session.classify(imagesAt: [mole, nevus, nevus, mole])
    #expect(both.count == 4 && both[0] == both[3] && both[1] == both[2] && both[0] != both[1])
    #expect(throws: DermError.inputDoesNotFit("3 images do not fill batches of 2, which the model takes")) {
      try session.classify(imagesAt: [mole, nevus, mole])
    }
    try session.write(imageAt: mole, position: 1)
    #expect(throws: DermError.inputDoesNotFit("image 0 is missing: the model takes batches of 2")) {
      try session.run()
    }
    #expect(throws: DermError.inputDoesNotFit("image 2 of a batch: the model takes 0 to 1")) {
      try session.write(imageAt: mole, position: 2)
    }
    try session.write(imageAt: nevus)
    try session.run()
    #expect(try session.answer(position: 0) == both[1] && session.answer(position: 1) == both[0])
    #expect(throws: DermError.inputDoesNotFit("answer 2 of a batch: the model gives 0 to 1")) {
      try session.decision(position: 2)
    }
  }

  @Test func keepsToTheMemoryItIsGiven() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    var graph = Graph(name: "wide")
    let x = graph.addInput("x", TensorType(.float32, [1, 1 << 18]))
    let c = graph.addConstant("c", Tensor((0..<1 << 18).map(Float.init), shape: [1, 1 << 18]))
    graph.addOutput(try graph.add(Binary(.add), name: "add", inputs: [x, c])[0])
    try BundleWriter.write(Bundle(kind: .compiled, graph: graph), to: path)
    // The constant, and at least one more of its size: 2 MiB, and what the JSON takes.
    _ = try DermModel(path: path, maximumBytes: 4 << 20)
    for limit in [0, 1000, 1 << 20 - 1, 3 << 19] {
      let error = #expect(throws: DermError.self) { try DermModel(path: path, maximumBytes: limit) }
      #expect(error.map { "\($0)" }?.contains("limit of \(limit)") ?? false, "\(String(describing: error))")
    }
    // Nothing to read, much to compute with: 6 GB of activations.
    var large = Graph(name: "large")
    let y = large.addInput("y", TensorType(.float32, [1, 1, 30_000, 25_000]))
    large.addOutput(try large.add(Unary(.sigmoid), name: "sigmoid", inputs: [y])[0])
    try BundleWriter.write(Bundle(kind: .compiled, graph: large), to: path)
    #expect(throws: DermError.self) { try DermModel(path: path) }
  }

  @Test func runsABundle() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    _ = try writeBundle(to: path)
    let model = try DermModel(path: path)
    #expect(model.labels == ["benign", "malignant"])
    #expect(model.inputShape == [1, 3, 4, 4])
    #expect(model.outputShape == [1, 2])
    let input = [Float](repeating: 1, count: 16) + [Float](repeating: 2, count: 16) + [Float](repeating: 3, count: 16)
    #expect(try model.run(input) == [-2, 7])
    #expect(try model.run(input) == model.run(input))
  }

  /// Inputs quantized while they are written give the bits of a plan that quantizes floats.
  @Test(arguments: [16, 19]) func int8InputsSkipFloats(size: Int) throws {
    let path = temporaryPath()
    defer { unlink(path) }
    let (graph, preprocessing) = try writeInt8Bundle(to: path, size: size)
    let model = try DermModel(path: path)
    #expect(model.inputShape == [1, 3, size, size])
    let pixels = try preprocessing.apply(try Image(path: mole), layout: .rowMajor)

    let plan = try Plan(graph, math: KernelMath())
    #expect(plan.inputs[0].type.element == .float32)
    let executor = Executor(plan, workers: Workers(threads: 1))
    pixels.withUnsafeBytes { executor.write($0, toInput: 0) }
    executor.run()
    let expected = executor.floats(ofOutput: 0)
    #expect(expected[0] != expected[1])
    #expect(try model.run(pixels) == expected)
    let exponentials = expected.map { exp(Double($0) - Double(max(expected[0], expected[1]))) }
    let answer = try model.classify(imageAt: mole)
    #expect(answer.classes.map(\.probability) == exponentials.map { $0 / (exponentials[0] + exponentials[1]) })
    #expect(answer.decision?.index == (expected[0] < expected[1] ? 1 : 0) && answer.output == expected)
  }

  @Test func refusesWhatDoesNotFit() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    _ = try writeBundle(to: path)
    let model = try DermModel(path: path)
    #expect(throws: DermError.self) { try model.run([1, 2, 3]) }
    #expect(throws: DermError.self) { try model.classify(imageAt: "no such image") }
    #expect(throws: DermError.self) { try model.classify(imageBytes: [1, 2, 3]) }
    #expect(throws: DermError.self) { try DermModel(path: "no such bundle") }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity, .signalingNaN, Float(bitPattern: 0xFFFF_FFFF)])
  func refusesInputsThatAreNotNumbers(value: Float) throws {
    let path = temporaryPath()
    defer { unlink(path) }
    for write in [{ _ = try writeBundle(to: path) }, { _ = try writeInt8Bundle(to: path, size: 4) }] {
      try write()
      let model = try DermModel(path: path)
      var input = [Float](repeating: -Float.greatestFiniteMagnitude, count: 48)
      input[0] = 0
      for index in [0, 7, 47] {
        var changed = input
        changed[index] = value
        #expect {
          try model.run(changed)
        } throws: {
          "\($0)" == "the input holds \(value) (number \(index)): only finite numbers have an answer"
        }
      }
      // The model is as good as before.
      #expect(try model.run([Float](repeating: 1, count: 48)).allSatisfy(\.isFinite))
    }
  }

  @Test func refusesAnswersThatAreNotNumbers() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    _ = try writeBundle(to: path)
    let model = try DermModel(path: path)
    // 3e38 - 3e38 is 0, but 0.5, 0.25 and 2 times as much is more than a float holds.
    #expect {
      try model.run([Float](repeating: 3e38, count: 48))
    } throws: {
      "\($0)" == "the model answers inf (output flat_out0, number 1): its numbers overflow with this input"
    }
    #expect(try model.run([Float](repeating: 1, count: 48)) == [0, 2.75])
  }

  @Test func refusesThreadsOutOfRange() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    _ = try writeBundle(to: path)
    for threads in [Int.min, -1, 0, 257, 1000, Int.max] {
      #expect {
        try DermModel(path: path, threads: threads)
      } throws: {
        $0 as? DermError == .invalidThreads("\(threads) threads: expected 1 to 256")
      }
      let model = try DermModel(path: path)
      #expect(throws: DermError.invalidThreads("\(threads) threads: expected 1 to 256")) {
        try DermSession(model, threads: threads)
      }
    }
    #expect(try DermModel(path: path, threads: 3).run([Float](repeating: 1, count: 48)) == [0, 2.75])
  }

  /// A model and its sessions on several threads: every answer is right.
  @Test func isSharedByThreads() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    let (_, preprocessing) = try writeInt8Bundle(to: path, size: 64)
    let model = try DermModel(path: path)
    let inputs = (0..<4).map { thread in
      (0..<preprocessing.count).map { Float($0 % (17 + thread)) / 4 - 2 }
    }
    let expected = try inputs.map { try model.run($0) }
    #expect(Set(expected).count == 4)
    let answered = Atomic(0)
    Workers(threads: 4).run(units: 4) { _, threads in
      for thread in threads {
        do {
          let session = try DermSession(model, threads: 1 + thread % 2)
          for round in 0..<50 {
            let isRight =
              try round % 2 == 0
              ? session.run(inputs[thread]) == expected[thread] : model.run(inputs[thread]) == expected[thread]
            if isRight { answered.wrappingAdd(1, ordering: .relaxed) }
          }
        } catch {
          Issue.record(error)
        }
      }
    }
    #expect(answered.load(ordering: .relaxed) == 200)
  }

  /// A model that ran goes when nobody has it; a session goes on without.
  @Test func isFreedWithItsSession() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    _ = try writeBundle(to: path)
    let input = [Float](repeating: 1, count: 48)
    var model: DermModel? = try DermModel(path: path)
    #expect(try model?.run(input) == [0, 2.75])
    let session = try model.map { (model) throws(DermError) in try DermSession(model) }
    let released = Weak(model)
    model = nil
    #expect(released.value == nil)
    #expect(try session?.run(input) == [0, 2.75])
  }

  /// Two threads with one session: each answer is right, or there is none.
  @Test func aSessionIsUsedByOneThreadAtATime() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    let (_, preprocessing) = try writeInt8Bundle(to: path, size: 64)
    // The compiler would not allow it: an app in an older language mode is not asked.
    let model = try DermModel(path: path)
    nonisolated(unsafe) let session = try DermSession(model)
    let input = (0..<preprocessing.count).map { Float($0 % 17) / 4 - 2 }
    let message = "the session is in use by another thread: give each thread a DermSession of its own"
    let refused = Atomic(0)
    let wrong = Atomic(0)
    let answered = Atomic(0)
    let workers = Workers(threads: 2)
    var rounds = 0
    // On one processor it takes a while until a thread is stopped at work.
    while refused.load(ordering: .relaxed) < 10 || answered.load(ordering: .relaxed) < 10, rounds < 10_000 {
      workers.run(units: 2) { _, threads in
        for _ in threads {
          for _ in 0..<10 {
            do throws(DermError) {
              try session.write(imageAt: mole)
              answered.wrappingAdd(1, ordering: .relaxed)
            } catch {
              refused.wrappingAdd(1, ordering: .relaxed)
              if error != .inUse(message) { wrong.wrappingAdd(1, ordering: .relaxed) }
            }
          }
        }
      }
      rounds += 1
    }
    #expect(refused.load(ordering: .relaxed) >= 10 && wrong.load(ordering: .relaxed) == 0)
    try session.write(input.span)
    try session.run()
    #expect(try session.answer().output == model.run(input))
  }
}

/// Apps that say whose signature a bundle must have.
@Suite struct TrustTests {
  @Test func runsOnlyWhatATrustedKeySigned() throws {
    let path = temporaryPath()
    let (keyPath, otherPath) = (path + ".key", path + ".other")
    defer { for name in [path, keyPath, keyPath + ".pub", otherPath, otherPath + ".pub"] { unlink(name) } }
    _ = try writeBundle(to: path)
    let key = try SecretKey.create(at: keyPath).key
    _ = try SecretKey.create(at: otherPath)
    let trusted = try DermPublicKey(path: keyPath + ".pub")
    let other = try DermPublicKey(pem: String(decoding: MappedFile.contents(of: otherPath + ".pub"), as: UTF8.self))
    func problem(_ keys: [DermPublicKey]) -> String {
      do throws(DermError) {
        let model = try DermModel(path: path, trusting: keys)
        return try model.run([Float](repeating: 1, count: 48)) == [0, 2.75] ? "none" : "another answer"
      } catch {
        return error.description
      }
    }
    #expect(problem([trusted]) == "\(path): is not signed; a signature by key \(trusted) is demanded")
    let file = try BundleReader.open(path)
    try file.write(signature: BundleSignature(of: file.rootHash, by: key), to: path)
    #expect(problem([trusted]) == "none" && problem([other, trusted]) == "none")
    #expect(problem([other]) == "\(path): is signed by key \(trusted), which is not trusted; trusted: \(other)")
    #expect(problem([]) == "\(path): a signature is demanded, but no key is trusted")
    // Who does not ask is not held up.
    #expect(try DermModel(path: path).run([Float](repeating: 1, count: 48)) == [0, 2.75])
    #expect(throws: DermError.self) { try DermPublicKey(path: keyPath) }
    #expect(throws: DermError.self) { try DermPublicKey(pem: "key") }
    #expect("\(trusted)".count == 16 && trusted != other)
  }
}
