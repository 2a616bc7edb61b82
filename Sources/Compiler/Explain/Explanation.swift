package import CanonicalJSON
import Explanations
import Images
import Reports
import Tensors
import Texts

/// Where a model looked for a class in one sample.
package struct Explanation: Sendable {
  let index: Int
  let label: String
  let probability: Double?
  let method: ExplanationMethod
  let map: ActivationMap
  /// The part of the sample's photo that the model sees; nil where the sample is no photo.
  let view: InputView?
  /// Whether that is less than all of it.
  let isCropped: Bool
  /// What the map was written to.
  let file: String

  /// The largest number's place in pixels of the upright photo.
  private var pixel: (x: Int, y: Int)? {
    guard let view else { return nil }
    let place = map.peakPlace
    return (Int(view.x + place.x * view.width), Int(view.y + place.y * view.height))
  }

  package var json: JSON {
    let place = map.peakPlace
    var peak: JSONObject = ["value": .finite(Double(map.peak)), "x": .finite(place.x), "y": .finite(place.y)]
    if let pixel { peak["pixel"] = .ints([pixel.x, pixel.y]) }
    return .object([
      "class": .string(label), "index": .int(index), "probability": .finite(probability),
      "method": .string(method.rawValue), "grid": .array([.int(map.height), .int(map.width)]),
      "peak": map.isEmpty ? .null : .object(peak),
      "file": .string(file),
    ])
  }

  /// A line for people.
  package func text(_ name: String) -> String {
    let shown = "\(Printable.name(name, limit: 200)): where it looks for \(Printable.name(label)) (\(method.rawValue)"
    guard !map.isEmpty else {
      return shown + "): nowhere: no place speaks for the class, so there is no map to see -> \(file)"
    }
    let place = map.peakPlace
    // Of a crop, fractions are not those of the photo.
    let crop = isCropped ? pixel.map { " of the crop, at pixel \($0.x), \($0.y) of the photo" } ?? "" : ""
    return shown + ", \(map.height)x\(map.width)): most at \(Figures.percent(place.x, 0)) from the left, "
      + "\(Figures.percent(place.y, 0)) from the top\(crop) -> \(file)"
  }

  /// Writes the map over the sample's image.
  ///
  /// - Parameters:
  ///   - path: of the image, for messages
  ///   - photo: turned upright where the model takes it so
  func draw(over path: String, _ photo: Image, _ preprocessing: Preprocessing, isPNG: Bool) throws(Refusal) {
    let bytes: [UInt8]
    do throws(ImageError) {
      let figure = probability.map { " \(Figures.percent($0))" } ?? ""
      let caption =
        map.isEmpty
        ? "no place speaks for \(label): nothing to show"
        : "\(method.rawValue) \(map.height)x\(map.width), white line: 0.5"
      // The network has seen the map at its own size: what is between its places is interpolated there.
      let overlay = try Overlay(
        photo, map.resized(height: preprocessing.height, width: preprocessing.width),
        view: preprocessing.view(of: (photo.width, photo.height)), title: label + figure, caption: caption)
      bytes = isPNG ? try overlay.image.png() : try overlay.image.jpeg(quality: 90)
    } catch {
      throw Refusal(file: path, reason: "\(error)")
    }
    try OutputFile.write(bytes, to: file)
  }
}
