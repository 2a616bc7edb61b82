import Explanations
import Images

/// A map over the photograph it explains, with a legend below.
///
/// The colour is the more opaque the larger the number, so that where nothing speaks for the class there is the photo
/// as it is; a white line goes round what is above half of the largest number. What the model does not see of the photo
/// is darkened.
struct Overlay {
  /// The longer side of the photo in the picture: photos are brought to these limits.
  private static let sides = 448...1280
  private var picture: Canvas
  /// Pixels of the picture for one of the font.
  private let unit: Int
  private static let lines = 5

  /// - Parameters:
  ///   - photo: as it is before the model's preprocessing crops and resizes it
  ///   - map: in the model's view of it
  ///   - view: the part of the photo that is the model's view
  ///   - title: the first line of the legend
  ///   - caption: its last line
  init(_ photo: Image, _ map: ActivationMap, view: InputView, title: String, caption: String) throws(ImageError) {
    let (scaled, factor) = try Overlay.scaled(photo, to: Overlay.sides)
    unit = max(2, scaled.width / 320)
    let strip = unit * (PixelFont.height + 4) * Overlay.lines
    picture = Canvas(width: scaled.width, height: scaled.height + strip, background: (255, 255, 255))
    paint(scaled, factor, map, view)
    drawLegend(below: scaled.height, title, caption, hasScale: !map.isEmpty)
  }

  /// Without a legend, of a size for pages.
  ///
  /// - Parameter side: pixels of the longer side
  init(_ photo: Image, _ map: ActivationMap, view: InputView, side: Int) throws(ImageError) {
    let (scaled, factor) = try Overlay.scaled(photo, to: side...side)
    unit = 2
    picture = Canvas(width: scaled.width, height: scaled.height, background: (255, 255, 255))
    paint(scaled, factor, map, view)
  }

  var image: Image { picture.image }

  /// The photo at a size that maps and letters can be seen on, and by how much each side was enlarged.
  private static func scaled(
    _ photo: Image, to sides: ClosedRange<Int>
  ) throws(ImageError) -> (Image, (x: Double, y: Double)) {
    let longer = max(photo.width, photo.height)
    let side = min(max(longer, sides.lowerBound), sides.upperBound)
    func length(_ value: Int) -> Int { max(16, (value * side + longer / 2) / longer) }
    let scaled = try photo.resized(width: length(photo.width), height: length(photo.height))
    return (
      scaled, (Double(scaled.width) / Double(photo.width), Double(scaled.height) / Double(photo.height))
    )
  }

  private mutating func paint(
    _ scaled: Image, _ factor: (x: Double, y: Double), _ map: ActivationMap, _ view: InputView
  ) {
    let pixels = scaled.rgb().pixels
    let map = map.normalized
    var levels = [Float](repeating: -1, count: scaled.width * scaled.height)
    for row in 0..<scaled.height {
      let y = ((Double(row) + 0.5) / factor.y - view.y) / view.height
      for column in 0..<scaled.width {
        let x = ((Double(column) + 0.5) / factor.x - view.x) / view.width
        let index = row * scaled.width + column
        let isSeen = (0...1).contains(x) && (0...1).contains(y)
        if isSeen { levels[index] = map.value(x: x, y: y) }
        let below = (Float(pixels[3 * index]), Float(pixels[3 * index + 1]), Float(pixels[3 * index + 2]))
        if isSeen {
          picture.set(column, row, Overlay.mix(below, ColourMap.colour(levels[index]), 0.75 * levels[index]))
        } else {
          picture.set(column, row, Overlay.mix(below, (0, 0, 0), 0.6))
        }
      }
    }
    if !map.isEmpty { drawContour(levels, scaled.width, scaled.height) }
  }

  private static func mix(
    _ a: (Float, Float, Float), _ b: (Float, Float, Float), _ share: Float
  ) -> (UInt8, UInt8, UInt8) {
    func mix(_ a: Float, _ b: Float) -> UInt8 { UInt8(min(max(a + (b - a) * share, 0), 255).rounded()) }
    return (mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
  }

  private mutating func drawContour(_ levels: [Float], _ width: Int, _ height: Int) {
    let half = max(1, unit / 2)
    for row in 0..<height - 1 {
      for column in 0..<width - 1 {
        let index = row * width + column
        let isAbove = levels[index] >= 0.5
        guard isAbove != (levels[index + 1] >= 0.5) || isAbove != (levels[index + width] >= 0.5) else { continue }
        for y in row..<min(height, row + half) {
          for x in column..<min(width, column + half) { picture.set(x, y, (255, 255, 255)) }
        }
      }
    }
  }

  private mutating func drawLegend(below top: Int, _ title: String, _ caption: String, hasScale: Bool) {
    let line = unit * (PixelFont.height + 4)
    let margin = 4 * unit
    let width = picture.width - 2 * margin
    picture.write(title, x: margin, y: top + margin, unit: unit, width: width)
    if hasScale {
      for x in 0..<width {
        let colour = ColourMap.colour(Float(x) / Float(max(1, width - 1)))
        let bytes = Overlay.mix(colour, colour, 0)
        for y in 0..<8 * unit { picture.set(margin + x, top + margin + line + y, bytes) }
      }
      for (label, share) in [("0", 0.0), ("0.25", 0.25), ("0.5", 0.5), ("0.75", 0.75), ("1", 1.0)] {
        let letters = label.unicodeScalars.count * PixelFont.advance * unit
        let x = margin + Int(share * Double(width)) - Int(share * Double(letters))
        picture.write(label, x: x, y: top + margin + 2 * line - unit, unit: unit, width: width)
      }
    }
    picture.write(caption, x: margin, y: top + margin + 3 * line + unit, unit: unit, width: width)
  }
}

/// Red, green and blue pixels to draw on.
private struct Canvas {
  let width: Int
  let height: Int
  private var pixels: [UInt8]

  init(width: Int, height: Int, background: (UInt8, UInt8, UInt8)) {
    self.width = width
    self.height = height
    pixels = []
    pixels.reserveCapacity(3 * width * height)
    for _ in 0..<width * height { pixels += [background.0, background.1, background.2] }
  }

  var image: Image {
    guard let image = Image(width: width, height: height, channels: 3, pixels: pixels) else {
      preconditionFailure("a picture of \(width) x \(height) pixels is drawn on \(pixels.count) bytes")
    }
    return image
  }

  mutating func set(_ x: Int, _ y: Int, _ colour: (UInt8, UInt8, UInt8)) {
    let index = 3 * (y * width + x)
    (pixels[index], pixels[index + 1], pixels[index + 2]) = colour
  }

  /// A line of text, cut where it is too long.
  mutating func write(_ text: String, x: Int, y: Int, unit: Int, width: Int) {
    var letters = Array(text.unicodeScalars)
    let most = max(3, width / (PixelFont.advance * unit))
    if letters.count > most { letters = Array(letters.prefix(most - 2)) + Array("..".unicodeScalars) }
    for (place, letter) in letters.enumerated() {
      for row in 0..<PixelFont.height * unit {
        for column in 0..<5 * unit
        where PixelFont.hasPixel(letter, column: column / unit, row: row / unit) {
          let (px, py) = (x + place * PixelFont.advance * unit + column, y + row)
          if px < self.width, py < height { set(px, py, (32, 32, 32)) }
        }
      }
    }
  }
}
