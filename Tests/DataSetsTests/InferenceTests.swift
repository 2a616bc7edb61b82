import DataSets
import IR
import Math
import NumPyFiles
import Operators
import Runtime
import Synchronization
import Tensors
import Testing

/// Models over many samples: results in the order they were asked for, the same on any number of threads.
@Suite struct InferenceTests {
  /// y = x * 2, z = x + 1, for inputs of two numbers.
  private func plan() throws -> Plan {
    var graph = Graph(name: "two outputs")
    let x = graph.addInput("x", TensorType(.float32, [1, 2]))
    let two = graph.addConstant("two", Tensor(scalar: Float(2)))
    let one = graph.addConstant("one", Tensor(scalar: Float(1)))
    graph.addOutput(try graph.add(Binary(.mul), name: "y", inputs: [x, two])[0])
    graph.addOutput(try graph.add(Binary(.add), name: "z", inputs: [x, one])[0])
    return try Plan(graph, math: KernelMath())
  }

  /// Files whose numbers are their position and 1; the third is no tensor.
  private func loader(_ folder: Folder) throws -> SampleLoader {
    for index in 0..<6 { try folder.tensor([Float(index), 1], "\(index).npy") }
    try folder.write("no tensor", "2.npy")
    let inputs = ModelInputs(TensorType(.float32, [1, 2]))
    return try SampleLoader(
      try SampleFolder.samples(at: folder.path, inputs: inputs), for: inputs, order: nil, preprocessing: nil)
  }

  @Test(arguments: [1, 3, 9]) func resultsAreInOrder(threads: Int) throws {
    let folder = try Folder()
    let loader = try loader(folder)
    let order = [5, 2, 0, 3, 3]
    let told = Mutex(0)
    let first = Inference.run(try plan(), on: loader, samples: order, threads: threads) {
      told.withLock { $0 += 1 }
    }
    #expect(first == [[10, 2], nil, [0, 2], [6, 2], [6, 2]] && told.withLock { $0 } == 5)
    let second = Inference.run(try plan(), on: loader, samples: order, threads: threads, output: 1)
    #expect(second == [[6, 2], nil, [1, 2], [4, 2], [4, 2]])
    let both = Inference.run(try plan(), on: loader, samples: order, threads: threads, outputs: [1, 0, 1])
    #expect(both[0] == [[6, 2], [10, 2], [6, 2]] && both[1] == nil && both.count == 5)
    #expect(loader.problems.map(\.index) == [2] && loader.problems[0].sample.name == "2.npy")
  }

  @Test func nothingToRun() throws {
    let folder = try Folder()
    let loader = try loader(folder)
    #expect(Inference.run(try plan(), on: loader, samples: [], threads: 4).isEmpty)
    #expect(Inference.run(try plan(), on: loader, samples: [4], threads: 4) == [[8, 2]])
  }
}
