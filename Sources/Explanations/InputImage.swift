/// One image as the network is given it: floats, channels first or last.
package struct InputImage: Sendable {
  package let height: Int
  package let width: Int
  package let channels: Int
  package let isChannelsFirst: Bool
  package var values: [Float]

  package init(height: Int, width: Int, channels: Int, isChannelsFirst: Bool, values: [Float]) {
    precondition(values.count == height * width * channels, "an image has a number for each place and channel")
    self.height = height
    self.width = width
    self.channels = channels
    self.isChannelsFirst = isChannelsFirst
    self.values = values
  }

  func index(_ row: Int, _ column: Int, _ channel: Int) -> Int {
    isChannelsFirst ? (channel * height + row) * width + column : (row * width + column) * channels + channel
  }

  /// The mean of each channel.
  var means: [Float] {
    (0..<channels).map { channel in
      var sum = 0.0
      for row in 0..<height { for column in 0..<width { sum += Double(values[index(row, column, channel)]) } }
      return Float(sum / Double(height * width))
    }
  }

  /// With a rectangle of one colour.
  func covered(_ rows: Range<Int>, _ columns: Range<Int>, with colour: [Float]) -> InputImage {
    var image = self
    for channel in 0..<channels {
      for row in rows { for column in columns { image.values[index(row, column, channel)] = colour[channel] } }
    }
    return image
  }

  /// With each place multiplied by a number.
  func multiplied(_ map: ActivationMap) -> InputImage {
    var image = self
    for channel in 0..<channels {
      for row in 0..<height {
        for column in 0..<width { image.values[index(row, column, channel)] *= map.values[row * width + column] }
      }
    }
    return image
  }
}
