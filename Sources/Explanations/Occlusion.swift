package import Tensors

/// A map by covering the image piece by piece (Zeiler and Fergus 2014): at each place the mean, over the windows that
/// cover it, of what the class's score loses by that.
///
/// Windows are squares of a seventh of the shorter side, half a window apart, and have the image's mean colour. Nothing
/// is differentiated, so this works for any network, and checks maps that gradients give.
package enum Occlusion {
  /// - Parameter score: of the class, for an image
  package static func map(
    _ image: InputImage, score: (InputImage) throws(Refusal) -> Float
  ) throws(Refusal) -> ActivationMap {
    let side = max(1, (min(image.height, image.width) + 6) / 7)
    let step = max(1, side / 2)
    let colour = image.means
    let whole = try score(image)
    var sums = [Float](repeating: 0, count: image.height * image.width)
    var counts = sums
    for top in starts(image.height, side, step) {
      for left in starts(image.width, side, step) {
        let (rows, columns) = (top..<top + side, left..<left + side)
        let loss = whole - (try score(image.covered(rows, columns, with: colour)))
        for row in rows {
          for column in columns {
            sums[row * image.width + column] += loss
            counts[row * image.width + column] += 1
          }
        }
      }
    }
    return ActivationMap(height: image.height, width: image.width, values: zip(sums, counts).map { $0 / $1 })
  }

  /// Where windows begin; the last one ends with the image.
  private static func starts(_ length: Int, _ side: Int, _ step: Int) -> [Int] {
    let last = length - side
    let regular = Array(stride(from: 0, through: last, by: step))
    return regular.last == last ? regular : regular + [last]
  }
}
