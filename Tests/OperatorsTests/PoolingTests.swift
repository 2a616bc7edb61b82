import IR
import Math
import Operators
import Tensors
import Testing

struct PoolingTests {
  struct Case: Sendable {
    let window: Window
    let ceiling: Bool
    let size: [Int]

    init(_ window: Window, _ size: [Int], ceiling: Bool = false) {
      self.window = window
      self.size = size
      self.ceiling = ceiling
    }
  }

  static let cases = [
    Case(Window(kernel: [2, 2], strides: [2, 2]), [6, 8]),
    Case(Window(kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1]), [7, 8]),
    Case(Window(kernel: [3, 2], strides: [1, 3], pads: [0, 1, 2, 0]), [5, 6]),
    Case(Window(kernel: [3, 3], strides: [2, 2]), [6, 6], ceiling: true),
    Case(Window(kernel: [2, 2], strides: [2, 2], pads: [1, 1, 1, 1]), [4, 5], ceiling: true),
    Case(Window(kernel: [2, 3], dilations: [2, 2], pads: [1, 2, 1, 2]), [5, 6]),
    Case(Window(kernel: [1, 1]), [1, 1]),
  ]

  /// The positions of a window that lie inside the image, and how many lie inside the padded image.
  private func taps(_ test: Case, _ index: [Int]) -> (inside: [[Int]], counted: Int) {
    let window = test.window
    var inside: [[Int]] = []
    var counted = 0
    for i in 0..<window.kernel[0] {
      for j in 0..<window.kernel[1] {
        let y = index[2] * window.strides[0] - window.pads[0] + i * window.dilations[0]
        let x = index[3] * window.strides[1] - window.pads[1] + j * window.dilations[1]
        if y < test.size[0] + window.pads[2] && x < test.size[1] + window.pads[3] { counted += 1 }
        if y >= 0 && y < test.size[0] && x >= 0 && x < test.size[1] { inside.append([index[0], index[1], y, x]) }
      }
    }
    return (inside, counted)
  }

  @Test(arguments: cases)
  func takesMaxima(_ test: Case) throws {
    let x = noise([2, 3] + test.size)
    let y = try compute(MaxPool(window: test.window, ceiling: test.ceiling), [x])[0]
    let expected = tensor(y.shape) { index in taps(test, index).inside.map { x.at($0) }.max() ?? .nan }
    #expect(y.isIdentical(to: expected))

    let q = quantized(x.elements(as: Float.self).map { Int8($0 * 127) }, x.shape, scale: 0.1, zeroPoint: 5)
    let z = try compute(MaxPool(window: test.window, ceiling: test.ceiling), [q])[0]
    #expect(z.type.quantization == q.type.quantization)
    #expect(z.elements(as: Int8.self) == expected.elements(as: Float.self).map { Int8($0 * 127) })
  }

  @Test(arguments: cases, [true, false])
  func takesMeans(_ test: Case, _ countsPadding: Bool) throws {
    let x = noise([2, 3] + test.size)
    let op = AveragePool(window: test.window, ceiling: test.ceiling, countIncludePad: countsPadding)
    let y = try compute(op, [x])[0]
    let expected = tensor(y.shape) { index in
      let (inside, counted) = taps(test, index)
      let sum = inside.reduce(0.0) { $0 + Double(x.at($1)) }
      return Float(sum / Double(countsPadding ? counted : inside.count))
    }
    expectClose(y.elements(as: Float.self), expected.elements(as: Float.self), tolerance: 1e-6)
  }

  @Test func poolsWholeImages() throws {
    let x = noise([2, 3, 4, 5])
    let maxima = try compute(GlobalMaxPool(), [x])[0]
    let means = try compute(GlobalAveragePool(), [x])[0]
    #expect(maxima.shape == [2, 3, 1, 1])
    for image in 0..<2 {
      for channel in 0..<3 {
        let start = (image * 3 + channel) * 20
        let plane = x.elements(as: Float.self)[start..<(start + 20)]
        #expect(maxima.at([image, channel, 0, 0]) == plane.max())
        expectClose([means.at([image, channel, 0, 0])], [plane.reduce(0, +) / 20], tolerance: 1e-6)
      }
    }
  }

  @Test func refuses() {
    let plain = Window(kernel: [2, 2])
    #expect(refusal(MaxPool(window: plain), [float32(1, 2, 4)]) == "x has shape [1, 2, 4], expected 4 dimensions")
    #expect(
      refusal(MaxPool(window: plain), [operand(.int64, 1, 1, 4, 4)]) == "x is int64, expected float32 or int8")
    #expect(refusal(MaxPool(window: plain), [float32(1, 1, 1, 1)])?.contains("larger than the padded input") == true)
    #expect(refusal(MaxPool(window: plain), [float32(0, 1, 4, 4)]) == "x with shape [0, 1, 4, 4] is empty")
    let outside = Window(kernel: [2, 2], pads: [2, 0, 0, 0])
    #expect(refusal(AveragePool(window: outside), [float32(1, 1, 4, 4)])?.contains("wholly outside") == true)
    let apart = Window(kernel: [2, 2], dilations: [3, 3], pads: [1, 1, 1, 1])
    #expect(refusal(AveragePool(window: apart), [float32(1, 1, 2, 2)])?.contains("wholly outside") == true)
    #expect(refusal(GlobalAveragePool(), [float32(1, 2, 3)]) == "x has shape [1, 2, 3], expected 4 dimensions")
  }
}
