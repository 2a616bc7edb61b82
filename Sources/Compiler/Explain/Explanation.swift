package import CanonicalJSON
import DataSets
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
  /// What the map was written to.
  let file: String

  package var json: JSON {
    let place = map.peakPlace
    return .object([
      "class": .string(label), "index": .int(index), "probability": .finite(probability),
      "method": .string(method.rawValue), "grid": .array([.int(map.height), .int(map.width)]),
      "peak": map.isEmpty
        ? .null
        : .object(["value": .finite(Double(map.peak)), "x": .finite(place.x), "y": .finite(place.y)]),
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
    return shown + ", \(map.height)x\(map.width)): most at \(Figures.percent(place.x, 0)) from the left, "
      + "\(Figures.percent(place.y, 0)) from the top -> \(file)"
  }

  /// Writes the map over the sample's image.
  func draw(over sample: Sample, _ preprocessing: Preprocessing, isPNG: Bool) throws(Refusal) {
    let stored = try sample.image()
    let bytes: [UInt8]
    do throws(ImageError) {
      let photo = preprocessing.exifOrientation ? stored.upright() : stored
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
      throw Refusal(file: sample.path, reason: "\(error)")
    }
    try OutputFile.write(bytes, to: file)
  }
}
