import Answers
import Bundles
import HeapMemory
import IR
import Math
import Platform
import Runtime
import Signing
import Tensors

/// What a bundle has become: what a model and its sessions share.
final class LoadedModel: Sendable {
  let path: String
  let plan: Plan
  let interface: Interface
  let labels: [String]
  let inputShape: [Int]
  let otherInputs: [String: Int]
  /// The position of the image among the inputs.
  let image: Int
  let imageInput: ImageInput?
  let maximumBytes: Int

  /// - Parameters:
  ///   - keys: of whom one must have signed the bundle; nil asks for no signature
  ///   - threads: of a session whose memory counts
  init(_ path: String, keys: [PublicKey]?, threads: Int, maximumBytes: Int) throws(DermError) {
    try LoadedModel.check(threads: threads)
    let bundle: Bundle
    (plan, bundle, interface) = try LoadedModel.load(path, keys, threads, maximumBytes)
    image = try interface.image(plan, path)
    imageInput = try ImageInput(bundle, plan.inputs[image], path)
    inputShape = plan.inputs[image].type.shape
    labels = bundle.labels ?? []
    var others: [String: Int] = [:]
    for (index, input) in plan.inputs.enumerated() where index != image {
      others[interface.inputs[index]] = input.type.count
    }
    otherInputs = others
    self.path = path
    self.maximumBytes = maximumBytes
  }

  static func check(threads: Int) throws(DermError) {
    guard (1...256).contains(threads) else { throw .invalidThreads("\(threads) threads: expected 1 to 256") }
  }

  var outputNames: [String] { interface.outputs }
  func outputShape(_ index: Int) -> [Int] { plan.outputs[index].type.shape }
  var classNames: [String] { interface.classNames }
  var task: DermAnswer.Task { DermAnswer.Task(interface.meaning.task) }
  /// How many images one run takes.
  var batch: Int { inputShape.count == 4 ? inputShape[0] : 1 }

  /// How images become inputs, which not every bundle says.
  func requiredImageInput() throws(DermError) -> ImageInput {
    guard let imageInput else {
      throw .inputDoesNotFit("the bundle does not say how images become inputs; use run(_:)")
    }
    return imageInput
  }

  /// A bundle's graph made ready to run, and the records beside it. What was needed to get there, the graph with its
  /// constants included, is gone when this returns, and the allocator has given its pages back: they would stay
  /// resident beside the packed weights.
  private static func load(
    _ path: String, _ keys: [PublicKey]?, _ threads: Int, _ maximumBytes: Int
  ) throws(DermError) -> (plan: Plan, records: Bundle, interface: Interface) {
    if let problem = InstructionSet.problem { throw .unsupportedProcessor(problem) }
    var bundle = try read(path, keys, maximumBytes)
    Heap.trim()
    defer { Heap.trim() }
    try MemoryLimit.check(bundle.graph, maximumBytes, path)
    // Packed for this machine, weights take about as much again.
    try MemoryLimit.reserve(
      bundle.graph.valueIDs.reduce(0) { $0 + (bundle.graph[$1].constant?.buffer.count ?? 0) }, path)
    let plan: Plan
    do throws(Refusal) {
      plan = try Plan(bundle.graph, math: KernelMath(), rowFusion: .device, quantizesInputs: false)
    } catch {
      throw .unsupportedModel("\(path): \(error)")
    }
    try MemoryLimit.check(plan, threads: threads, maximumBytes, path)
    let interface = try Interface(bundle, path)
    bundle.graph = Graph(name: "")
    return (plan, bundle, interface)
  }

  private static func read(
    _ path: String, _ keys: [PublicKey]?, _ maximumBytes: Int
  ) throws(DermError) -> Bundle {
    let file: BundleFile
    do throws(Refusal) { file = try BundleReader.open(path) } catch { throw DermError(error) }
    if let keys {
      do throws(Refusal) {
        try file.requireSignature(by: keys)
      } catch {
        // Whatever is wrong with a signature, nobody who is trusted has signed.
        throw .untrusted("\(error)")
      }
    }
    do throws(Refusal) {
      return try file.read(selfTest: false, maximumBytes: maximumBytes)
    } catch {
      throw DermError(error)
    }
  }
}
