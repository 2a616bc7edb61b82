import Answers
import Bundles
import Explanations
import Hashing
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
  /// Of maps of where it looks; nil where it only answers.
  let activation: ClassActivation?
  /// Of how far images are from those fitted on; nil where the bundle tells nothing of it.
  let probe: DistanceProbe?
  private let keys: [PublicKey]?
  private let rootHash: SHA256

  /// - Parameters:
  ///   - keys: of whom one must have signed the bundle; nil asks for no signature
  ///   - threads: of a session whose memory counts
  init(_ path: String, keys: [PublicKey]?, threads: Int, maximumBytes: Int) throws(DermError) {
    try LoadedModel.check(threads: threads)
    let bundle: Bundle
    (plan, bundle, interface, rootHash, activation, probe) = try LoadedModel.load(path, keys, threads, maximumBytes)
    self.keys = keys
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

  /// The same with what maps of where it looks are made of, read again: what runs does not hold its graph.
  ///
  /// - Throws: where the file is another by now, or no maps can be made of the model
  init(explaining model: LoadedModel) throws(DermError) {
    let bundle: Bundle
    (plan, bundle, _, rootHash, activation, probe) = try LoadedModel.load(
      model.path, model.keys, 1, model.maximumBytes
    ) { (bundle, rootHash) throws(DermError) in
      guard rootHash == model.rootHash else {
        throw .unreadableFile("\(model.path): is another bundle than the model was loaded from: load it again")
      }
      do throws(Refusal) {
        let network = try ClassActivation(
          bundle.graph, input: model.image, output: model.interface.decision, model.interface.meaning)
        bundle.graph = network.graph
        return network
      } catch {
        throw .unsupportedModel("\(model.path): \(error)")
      }
    }
    interface = model.interface
    imageInput = try ImageInput(bundle, plan.inputs[model.image], model.path)
    (image, inputShape, labels, otherInputs) = (model.image, model.inputShape, model.labels, model.otherInputs)
    (path, maximumBytes, keys) = (model.path, model.maximumBytes, model.keys)
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
  ///
  /// - Parameter extend: adds to the graph what maps are made of. Handed over, so that programs that ask for none are
  ///   without what makes it.
  private static func load(
    _ path: String, _ keys: [PublicKey]?, _ threads: Int, _ maximumBytes: Int,
    extend: ((inout Bundle, SHA256) throws(DermError) -> ClassActivation)? = nil
  ) throws(DermError) -> (
    plan: Plan, records: Bundle, interface: Interface, rootHash: SHA256, activation: ClassActivation?,
    probe: DistanceProbe?
  ) {
    if let problem = InstructionSet.problem { throw .unsupportedProcessor(problem) }
    var (bundle, rootHash) = try read(path, keys, maximumBytes)
    Heap.trim()
    defer { Heap.trim() }
    try MemoryLimit.check(bundle.graph, maximumBytes, path)
    // Packed for this machine, weights take about as much again.
    try MemoryLimit.reserve(
      bundle.graph.valueIDs.reduce(0) { $0 + (bundle.graph[$1].constant?.buffer.count ?? 0) }, path)
    // Before there are outputs that nobody is to see.
    let interface = try Interface(bundle, path)
    let probe: DistanceProbe?
    do throws(Refusal) {
      probe = try interface.uncertainty?.distance.map { (distance) throws(Refusal) in
        try DistanceProbe(distance, in: &bundle.graph)
      }
    } catch {
      throw .unsupportedModel("\(path): \(error)")
    }
    let activation = try extend.map { (extend) throws(DermError) in try extend(&bundle, rootHash) }
    let plan: Plan
    do throws(Refusal) {
      plan = try Plan(bundle.graph, math: KernelMath(), rowFusion: .device, quantizesInputs: false)
    } catch {
      throw .unsupportedModel("\(path): \(error)")
    }
    try MemoryLimit.check(plan, threads: threads, maximumBytes, path)
    bundle.graph = Graph(name: "")
    return (plan, bundle, interface, rootHash, activation, probe)
  }

  private static func read(
    _ path: String, _ keys: [PublicKey]?, _ maximumBytes: Int
  ) throws(DermError) -> (Bundle, SHA256) {
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
      return (try file.read(selfTest: false, maximumBytes: maximumBytes), file.rootHash)
    } catch {
      throw DermError(error)
    }
  }
}
