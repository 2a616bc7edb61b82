import Quantization
import Tensors
import TestSupport
import Testing

/// What calibration has seen, as bytes: the same for the same values, and read again as it was.
@Suite struct CountedObservationTests {
  /// One image's values, channels-last, of a scale of its own.
  private func image(_ random: inout RandomNumbers, channels: Int) -> [Float] {
    let scale = Float(sign: .plus, exponent: random.int(-20...9), significand: 1)
    return (0..<channels * 37).map { _ in scale * random.float(-1...2) }
  }

  private func observation(of images: [[Float]], channels: Int) -> Observation {
    let scratch = ObservationScratch(channels: channels)
    var observation = Observation()
    for image in images {
      image.withUnsafeBufferPointer { observation.add($0, channels: channels, scratch: scratch) }
    }
    return observation
  }

  private func bytes(_ observation: Observation) -> [UInt8] {
    var writer = CountWriter()
    observation.write(to: &writer)
    return writer.bytes
  }

  private func read(_ bytes: [UInt8]) throws -> Observation {
    try bytes.withUnsafeBytes { bytes in
      var reader = CountReader(bytes, name: "counts")
      let observation = try Observation(reading: &reader)
      #expect(reader.isAtEnd)
      return observation
    }
  }

  @Test(arguments: [1, 4, 33]) func doNotDependOnOrderOrOnWhoCounted(channels: Int) throws {
    var random = RandomNumbers(seed: UInt64(channels))
    var images = (0..<24).map { _ in image(&random, channels: channels) }
    // Zeros of both signs are one number, and an image may have nothing else.
    images += [[Float](repeating: -0.0, count: channels * 3), [Float](repeating: 0, count: channels * 2)]
    let whole = bytes(observation(of: images, channels: channels))
    for parts in [1, 2, 7, 26] {
      var merged = Observation()
      for part in (0..<parts).reversed() {
        let own = stride(from: part, to: images.count, by: parts).map { images[$0] }
        merged.merge(try read(bytes(observation(of: own.reversed(), channels: channels))))
      }
      #expect(bytes(merged) == whole, "\(parts) parts")
    }
    #expect(bytes(try read(whole)) == whole)
  }

  @Test func meansAndPeaksAndRangesAreThoseThatWereSeen() throws {
    var random = RandomNumbers(seed: 5)
    let seen = observation(of: (0..<9).map { _ in image(&random, channels: 6) }, channels: 6)
    let again = try read(bytes(seen))
    #expect(again.channelMeans == seen.channelMeans && again.channelPeaks == seen.channelPeaks)
    #expect(again.histograms.byExponent.keys.sorted() == seen.histograms.byExponent.keys.sorted())
    for estimator in RangeEstimator.allCases {
      #expect(estimator.range(of: again.histograms) == estimator.range(of: seen.histograms))
    }
  }

  @Test func emptyOnesTakeTwoBytes() throws {
    #expect(bytes(Observation()) == [0, 0])
    #expect(try read([0, 0]).histogramCount == 0)
  }

  /// Every cut and a change of every byte is read as something, and then writes itself, or is refused.
  @Test func changedBytesAreRefusedOrOtherCounts() {
    var random = RandomNumbers(seed: 8)
    let whole = bytes(observation(of: (0..<3).map { _ in image(&random, channels: 2) }, channels: 2))
    for end in 0..<whole.count {
      #expect(throws: Refusal.self) { try read(Array(whole[..<end])) }
    }
    for place in whole.indices {
      for change: UInt8 in [1, 0x80, 0xFF] {
        var changed = whole
        changed[place] ^= change
        changed.withUnsafeBytes { changed in
          var reader = CountReader(changed, name: "counts")
          guard let observation = try? Observation(reading: &reader), reader.isAtEnd else { return }
          #expect(bytes(observation).elementsEqual(changed), "byte \(place)")
        }
      }
    }
  }

  @Test func refusesWhatNoDataSetHas() throws {
    func refused(_ body: (inout CountWriter) -> Void) {
      var writer = CountWriter()
      body(&writer)
      #expect(throws: Refusal.self) { try read(writer.bytes) }
    }
    func histogram(_ writer: inout CountWriter, _ range: (Float, Float), first: UInt64, _ counts: [UInt64]) {
      writer.append(1)
      writer.append(signed: 0)
      writer.append(float: range.0)
      writer.append(float: range.1)
      writer.append(first)
      writer.append(UInt64(counts.count))
      for count in counts { writer.append(count) }
      writer.append(0)
    }
    // The form itself is sound.
    var sound = CountWriter()
    histogram(&sound, (0, 1), first: 0, [1, 2])
    #expect(try read(sound.bytes).histograms.combined.total == 3)
    refused { histogram(&$0, (0, 1), first: 2047, [1, 2]) }
    refused { histogram(&$0, (1, 0), first: 0, [1]) }
    refused { histogram(&$0, (0, .infinity), first: 0, [1]) }
    refused { histogram(&$0, (.nan, 1), first: 0, [1]) }
    refused { histogram(&$0, (0, 1), first: 0, [0, 1]) }
    refused { histogram(&$0, (0, 1), first: 0, []) }
    refused { histogram(&$0, (0, 1), first: 0, [.max, .max]) }
    refused { $0.append(513) }
    // A number of more bytes than it needs.
    #expect(throws: Refusal.self) { try read([0x80, 0, 0]) }
  }
}
