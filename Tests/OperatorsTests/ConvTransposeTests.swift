import IR
import Math
import Operators
import Tensors
import Testing

struct ConvTransposeTests {
  struct Case: Sendable {
    let window: Window
    let outputPadding: [Int]
    let group: Int

    init(_ window: Window, outputPadding: [Int] = [0, 0], group: Int = 1) {
      self.window = window
      self.outputPadding = outputPadding
      self.group = group
    }
  }

  @Test(arguments: [
    Case(Window(kernel: [2, 2], strides: [2, 2])),
    Case(Window(kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1]), outputPadding: [1, 0]),
    Case(Window(kernel: [3, 2], strides: [1, 3], dilations: [2, 1], pads: [0, 1, 2, 0]), group: 2),
    Case(Window(kernel: [1, 1]), group: 4),
    Case(Window(kernel: [4, 4], strides: [2, 3], pads: [3, 1, 0, 2]), group: 4),
  ])
  func scatters(_ test: Case) throws {
    let window = test.window
    let filters = 3
    let x = noise([2, 4, 5, 6])
    let w = noise([4, filters] + window.kernel, seed: 2)
    let b = noise([filters * test.group], seed: 3)
    let op = ConvTranspose(
      window: window, outputPadding: test.outputPadding, group: test.group, activation: .leakyRelu(alpha: 0.5))
    let y = try compute(op, [x, w, b], constants: [1, 2])[0]
    // The definition: every input adds its weights around its place.
    var sums: [[Int]: Double] = [:]
    let channels = 4 / test.group
    for n in 0..<2 {
      for c in 0..<4 {
        for i in 0..<5 {
          for j in 0..<6 {
            for m in 0..<filters {
              for p in 0..<window.kernel[0] {
                for q in 0..<window.kernel[1] {
                  let row = i * window.strides[0] - window.pads[0] + p * window.dilations[0]
                  let column = j * window.strides[1] - window.pads[1] + q * window.dilations[1]
                  let product = Double(x.at([n, c, i, j])) * Double(w.at([c, m, p, q]))
                  sums[[n, c / channels * filters + m, row, column], default: 0] += product
                }
              }
            }
          }
        }
      }
    }
    let expected = tensor(y.shape) { index in
      let value = sums[index, default: 0] + Double(b.at([index[1]]))
      return Float(value < 0 ? value / 2 : value)
    }
    expectClose(y.elements(as: Float.self), expected.elements(as: Float.self), tolerance: 1e-5)
    let size = (0..<2).map { axis in
      let spread = (x.shape[axis + 2] - 1) * window.strides[axis] + (window.kernel[axis] - 1) * window.dilations[axis]
      return spread + 1 + test.outputPadding[axis] - window.pads[axis] - window.pads[axis + 2]
    }
    #expect(y.shape == [2, filters * test.group] + size)
  }

  @Test func refuses() throws {
    let op = ConvTranspose(window: Window(kernel: [2, 2]))
    #expect(
      refusal(op, [float32(1, 3, 4, 4), float32(4, 1, 2, 2)])
        == "x has 3 channels, weights [4, 1, 2, 2] with group 1")
    #expect(
      refusal(op, [float32(1, 4, 4, 4), float32(4, 1, 3, 3)]) == "weights [4, 1, 3, 3] do not fit kernel_shape [2, 2]")
    let cropped = ConvTranspose(window: Window(kernel: [1, 1], pads: [1, 1, 1, 1]))
    #expect(refusal(cropped, [float32(1, 1, 2, 2), float32(1, 1, 1, 1)])?.contains("leaves no output") == true)
    #expect(throws: Refusal.self) { try compute(op, [noise([1, 1, 2, 2]), noise([1, 1, 2, 2])]) }
  }
}
