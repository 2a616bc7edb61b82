import Explanations
import Testing

struct ActivationMapTests {
  @Test func whatSpeaksAgainstIsNothing() {
    let map = ActivationMap(height: 1, width: 3, values: [-2, 0, 4])
    #expect(map.values == [0, 0, 4])
    #expect(map.normalized.values == [0, 0, 1])
    #expect(!map.isEmpty)
    #expect(ActivationMap(height: 1, width: 2, values: [-1, 0]).isEmpty)
    #expect(ActivationMap(height: 1, width: 2, values: [-1, 0]).normalized.values == [0, 0])
  }

  /// As torch.nn.functional.interpolate(mode="bilinear", align_corners=False).
  @Test func resizingIsBilinearBetweenMiddles() {
    let map = ActivationMap(height: 2, width: 2, values: [0, 1, 2, 3])
    #expect(
      map.resized(height: 4, width: 4).values == [
        0, 0.25, 0.75, 1, 0.5, 0.75, 1.25, 1.5, 1.5, 1.75, 2.25, 2.5, 2, 2.25, 2.75, 3,
      ])
    #expect(map.resized(height: 1, width: 1).values == [1.5])
    #expect(map.value(x: 0.5, y: 0.5) == 1.5)
    #expect(map.value(x: 0, y: 1) == 2)
  }

  @Test func peakIsInTheMiddleOfItsPlace() {
    let place = ActivationMap(height: 2, width: 4, values: [0, 0, 0, 0, 0, 7, 0, 7]).peakPlace
    #expect(place.x == 0.375)
    #expect(place.y == 0.75)
  }
}
