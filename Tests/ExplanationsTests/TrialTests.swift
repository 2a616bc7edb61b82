import Answers
import Explanations
import IR
import Math
import Operators
import Tensors
import TestSupport
import Testing

/// Maps that are made by running a network on changed images.
struct TrialTests {
  /// A score that is the sum of one channel over a rectangle.
  private func score(_ image: InputImage) -> Float {
    var sum: Float = 0
    for row in 2..<4 { for column in 5..<7 { sum += image.values[(row * 10 + column) * 2 + 1] } }
    return sum
  }

  @Test func occlusionFindsWhatTheScoreIsMadeOf() throws {
    var values = [Float](repeating: 0, count: 10 * 10 * 2)
    for row in 2..<4 { for column in 5..<7 { values[(row * 10 + column) * 2 + 1] = 10 } }
    let image = InputImage(height: 10, width: 10, channels: 2, isChannelsFirst: false, values: values)
    let map = try Occlusion.map(image, score: score)
    #expect([map.height, map.width] == [10, 10])
    for row in 0..<10 {
      for column in 0..<10 {
        // Windows of 2 x 2 reach one place beyond the rectangle.
        let isNear = (1..<5).contains(row) && (4..<8).contains(column)
        #expect((map.values[row * 10 + column] > 0) == isNear)
      }
    }
    // A window on the rectangle takes all of it but for the mean colour: 40 - 4 * 0.4.
    let inside = map.values[2 * 10 + 5]
    #expect(inside > 0 && abs(inside - map.peak) < 1e-4)
  }

  @Test func channelsComeFirstOrLast() throws {
    let values = (0..<24).map(Float.init)
    let first = InputImage(height: 3, width: 4, channels: 2, isChannelsFirst: true, values: values)
    let last = InputImage(
      height: 3, width: 4, channels: 2, isChannelsFirst: false, values: (0..<24).map { Float($0 % 2 * 12 + $0 / 2) })
    let one = try Occlusion.map(first) { -$0.values[13] }
    let other = try Occlusion.map(last) { -$0.values[3] }
    #expect(one == other)
    #expect(one.values[1] == one.peak && one.peak > 0)
  }

  /// The softmax over channels of scores for the image seen through each, by the formula.
  @Test func scoreCAMWeighsChannelsByTheirScores() throws {
    var random = RandomNumbers(seed: 4)
    var graph = Graph(name: "two channels")
    let x = graph.addInput("x", TensorType(.float32, [1, 2, 2, 2]))
    let a = try graph.add(
      Conv(window: Window(kernel: [1, 1])), name: "conv",
      inputs: [x, graph.addConstant("w", random.tensor([2, 2, 1, 1]))])[0]
    let pool = try graph.add(GlobalAveragePool(), name: "pool", inputs: [a])[0]
    let flat = try graph.add(Reshape(shape: [1, 2]), name: "flat", inputs: [pool])[0]
    graph.addOutput(
      try graph.add(Gemm(), name: "fc", inputs: [flat, graph.addConstant("v", random.tensor([2, 2]))])[0])
    let network = try ClassActivation(
      graph, output: 0, OutputMeaning(output: "y", task: .multiclass, scores: .logits, count: 2))
    let activation: [Float] = [0, 1, 2, 4, 3, 3, 3, 5]
    let image = InputImage(height: 2, width: 2, channels: 2, isChannelsFirst: true, values: [1, 2, 3, 4, 5, 6, 7, 8])
    let map = try ScoreCAM.map(image, network, activation: activation) { $0.values.reduce(0, +) / 10 }
    // Masks 0, 1/4, 1/2, 1 and 0, 0, 0, 1 over sums 6, 8, 10, 12.
    let scores: [Double] = [(2 + 5 + 12) / 10, 12 / 10]
    let exponentials = scores.map { UnaryFunction.exp($0) }
    let weights = exponentials.map { Float($0 / (exponentials[0] + exponentials[1])) }
    for place in 0..<4 {
      #expect(abs(map.values[place] - (weights[0] * activation[place] + weights[1] * activation[4 + place])) < 1e-5)
    }
  }
}
