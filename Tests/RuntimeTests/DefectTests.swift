import HeapMemory
import IR
import Math
import Operators
import Runtime
import Tensors
import Testing
import Threads

/// What no data can reach ends the process: going on would compute with memory that nobody wrote.
@Suite struct DefectTests {
  @Test func anInputOfAnotherSize() async {
    await #expect(processExitsWith: .failure) {
      var graph = Graph(name: "g")
      let x = graph.addInput("x", TensorType(.float32, [4]))
      graph.addOutput(try graph.add(Unary(.relu), name: "y", inputs: [x])[0])
      let executor = Executor(try Plan(graph, math: KernelMath()), workers: Workers(threads: 1))
      executor.write(Tensor([Float(1), 2, 3]), toInput: 0)
    }
  }

  @Test func floatsForAnInputOfIntegers() async {
    await #expect(processExitsWith: .failure) {
      var graph = Graph(name: "g")
      let x = graph.addInput("x", TensorType(.int64, [4]))
      graph.addOutput(try graph.add(Cast(to: .float32), name: "y", inputs: [x])[0])
      let executor = Executor(try Plan(graph, math: KernelMath()), workers: Workers(threads: 1))
      [Float](repeating: 1, count: 4).withUnsafeBufferPointer { FloatInput(executor, 0).write($0) }
    }
  }

  @Test func anInputThatTypeInferenceDidNotAskFor() async {
    await #expect(processExitsWith: .failure) {
      Arena(count: 64).withMemory { memory in
        let output = MutableTensorView(TensorType(.float32, [1]), base: memory)
        let call = Call(
          inputs: [nil], outputs: [output], workers: Workers(threads: 1), scratch: memory, scratchStride: 0)
        _ = call.input(0)
      }
    }
  }

  @Test func anOutputReadAsAnotherType() async {
    await #expect(processExitsWith: .failure) {
      var graph = Graph(name: "g")
      let x = graph.addInput("x", TensorType(.float32, [4]))
      graph.addOutput(try graph.add(Cast(to: .int32), name: "y", inputs: [x])[0])
      let executor = Executor(try Plan(graph, math: KernelMath()), workers: Workers(threads: 1))
      _ = executor.floats(ofOutput: 0)
    }
  }
}
