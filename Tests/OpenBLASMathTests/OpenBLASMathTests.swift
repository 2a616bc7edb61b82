import CKernels
import HeapMemory
import Math
import OpenBLASMath
import Testing
import Threads

private struct Case: CustomStringConvertible {
  let description: String
  let shape: ConvolutionShape

  init(_ size: Int, _ channels: Int, _ outputs: Int, kernel: Int, stride: Int = 1, pad: Int = 0, groups: Int = 1) {
    let output = (size + 2 * pad - kernel) / stride + 1
    description =
      "\(size)x\(size)x\(channels) -> \(outputs), \(kernel)x\(kernel) stride \(stride) pad \(pad) groups \(groups)"
    shape = ConvolutionShape(
      in_h: Int32(size), in_w: Int32(size), in_c: Int32(channels), out_h: Int32(output), out_w: Int32(output),
      out_c: Int32(outputs), kernel_h: Int32(kernel), kernel_w: Int32(kernel), stride_h: Int32(stride),
      stride_w: Int32(stride), dilation_h: 1, dilation_w: 1, pad_top: Int32(pad), pad_left: Int32(pad),
      groups: Int32(groups))
  }
}

private let cases = [
  Case(1, 5, 3, kernel: 1), Case(7, 17, 9, kernel: 1), Case(23, 16, 33, kernel: 1), Case(9, 3, 8, kernel: 3, pad: 1),
  Case(11, 4, 7, kernel: 3, stride: 2, pad: 1), Case(13, 2, 5, kernel: 5, pad: 2), Case(8, 6, 4, kernel: 1, stride: 2),
  Case(6, 8, 8, kernel: 3, pad: 1, groups: 8),
]

private func numbers(_ count: Int, _ seed: UInt64) -> [Float] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(state >> 40) / Float(1 << 23) - 1
  }
}

/// OpenBLAS is the independent check of dermc's own float kernels.
@Suite struct OpenBLASMathTests {
  @Test(arguments: cases.indices, [1, 2]) func agreesWithTheKernels(index: Int, threads: Int) throws {
    let shape = cases[index].shape
    let workers = Workers(threads: threads)
    let weights = numbers(
      Int(shape.out_c) * Int(shape.in_c / shape.groups) * Int(shape.kernel_h * shape.kernel_w), 3)
    let bias = numbers(Int(shape.out_c), 4)
    let input = PackedMemory(count: shape.inputCount * 4) {
      $0.copyMemory(from: numbers(shape.inputCount, 5), byteCount: shape.inputCount * 4)
    }
    let results = ([KernelMath(), try OpenBLASMath()] as [any FloatMath]).map { math in
      let prepared = math.convolution(shape, weights: weights, bias: bias, activation: .relu6)
      let stride = (prepared.scratch + 63) / 64 * 64
      return Arena(count: stride * workers.count).withMemory { scratch in
        Arena(count: shape.outputCount * 4).withMemory { output in
          let values = output.assumingMemoryBound(to: Float.self)
          input.withPointer(to: Float.self) { prepared.run($0, values, workers, scratch, stride) }
          return Array(UnsafeBufferPointer(start: values, count: shape.outputCount))
        }
      }
    }
    let largest = results[0].reduce(Float(0)) { max($0, abs($1)) }
    for (a, b) in zip(results[0], results[1]) {
      #expect(abs(a - b) <= 1e-5 * max(1, largest), "\(cases[index])")
    }
  }
}
