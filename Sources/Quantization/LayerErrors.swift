package import IR
import Math
import Operators
package import Runtime
import Tensors
import Threads

/// How far each value of the int8 graph is from its float original, measured on samples.
package struct LayerErrors: Sendable {
  /// Signal to quantization noise in dB of each value, by name: 10 log10(sum x^2 / sum (x - y)^2). Minus infinity where
  /// a number that the float model knows is NaN or infinite in the other; samples for which it knows none are left out.
  package private(set) var signalToNoise: [String: Double] = [:]

  /// Runs both graphs on the samples, one thread's worth at a time, and compares values of the same name.
  ///
  /// - Parameter factors: by the names of values whose channels the int8 graph has divided by them
  package init(
    float: Plan, floatGraph: Graph, int8: Plan, int8Graph: Graph, factors: [String: [Float]] = [:],
    source: any SampleSource, samples: [Int]
  ) {
    let first = Executor(int8, workers: Workers(threads: 1))
    let second = Executor(float, workers: Workers(threads: 1))
    var sums: [String: (signal: Double, noise: Double)] = [:]
    for sample in samples {
      guard second.withInputs({ source.write(sample, into: $0) }) else { continue }
      for index in 0..<second.inputCount { second.copyInput(index, to: first) }
      // The int8 values are kept first: they are a quarter of the float ones.
      var kept: [String: Kept] = [:]
      first.run { step, outputs in
        for (value, view) in zip(int8.steps[step].values, outputs) {
          let name = int8Graph[value].name
          if let copy = Kept(view, factors: factors[name]) { kept[name] = copy }
        }
      }
      second.run { step, outputs in
        for (value, view) in zip(float.steps[step].values, outputs) {
          let name = floatGraph[value].name
          guard view.type.element == .float32, let other = kept[name], other.layout == view.layout,
            other.count == view.count, let (signal, noise) = other.compare(view.elements(Float.self))
          else { continue }
          let known = sums[name] ?? (0, 0)
          sums[name] = (known.signal + signal, known.noise + noise)
        }
      }
    }
    signalToNoise = sums.compactMapValues { sum in
      sum.signal > 0 && sum.noise > 0 ? 10 * Decibel.log10(sum.signal / sum.noise) : nil
    }
  }

  /// A copy of a value of the int8 graph.
  private struct Kept {
    let layout: Layout
    let count: Int
    private let integers: [Int8]
    private let floats: [Float]
    private let quantization: Quantization?
    /// What each channel is to be multiplied by, the index of an element's channel being index / inner mod their
    /// number.
    private let factors: [Float]
    private let inner: Int

    init?(_ view: TensorView, factors: [Float]?) {
      layout = view.layout
      count = view.count
      quantization = view.type.quantization
      if let factors, view.type.rank > 1, view.shape[1] == factors.count {
        self.factors = factors
        inner = max(1, AxisSplit(view.shape, axis: 1, layout: view.layout).inner)
      } else {
        (self.factors, inner) = ([1], max(1, view.count))
      }
      switch view.type.element {
      case .int8:
        integers = Array(view.elements(Int8.self))
        floats = []
      case .float32:
        integers = []
        floats = Array(view.elements(Float.self))
      default: return nil
      }
    }

    /// Sums of the squares of the original and of the difference.
    func compare(_ original: UnsafeBufferPointer<Float>) -> (signal: Double, noise: Double)? {
      var signal = 0.0
      var noise = 0.0
      if let quantization, !integers.isEmpty {
        let scale = quantization.scale
        let zero = Float(quantization.zeroPoint)
        integers.withUnsafeBufferPointer { integers in
          for index in 0..<count {
            let x = original[index]
            let difference = Double(x - (Float(integers[index]) - zero) * scale * factor(index))
            signal += Double(x) * Double(x)
            noise += difference * difference
          }
        }
      } else if floats.count == count {
        for index in 0..<count {
          let x = Double(original[index])
          let difference = x - Double(floats[index] * factor(index))
          signal += x * x
          noise += difference * difference
        }
      } else {
        return nil
      }
      guard signal.isFinite else { return nil }
      return (signal, noise.isNaN ? .infinity : noise)
    }

    private func factor(_ index: Int) -> Float { factors[index / inner % factors.count] }
  }
}
