package import CanonicalJSON
import Tensors

extension Preprocessing {
  /// Reads the members of `json`; all but `size` have defaults: scale 1/255, mean 0, std 1, rgb, direct, images not
  /// turned.
  ///
  /// `{"size": [96, 96], "scale": 0.0039, "mean": [0.5], "std": [0.25], "channels": "rgb", "resize": "direct",
  /// "exif_orientation": true}` with the size as height and width. Unknown members are refused.
  ///
  /// - Parameter size: The model's height and width, taken where the JSON has none.
  package init(json: JSONNode, size: (height: Int, width: Int)? = nil) throws(JSONError) {
    try json.allowOnly("size", "scale", "mean", "std", "channels", "resize", "exif_orientation")
    let sides: [Int]
    if let size, try json.optional("size") == nil {
      sides = [size.height, size.width]
    } else {
      sides = try json["size"].ints()
    }
    guard sides.count == 2 else { throw json.error("size needs two numbers, height and width") }
    let scale = try json.optional("scale")?.double() ?? 1.0 / 255
    let mean = try json.optional("mean")?.doubles() ?? [0]
    let std = try json.optional("std")?.doubles() ?? [1]
    let channels: Channels = try json.optional("channels")?.choice() ?? .rgb
    let resize: Resize = try json.optional("resize")?.choice() ?? .direct
    let exifOrientation = try json.optional("exif_orientation")?.bool() ?? false
    do throws(Refusal) {
      try self.init(
        height: sides[0], width: sides[1], scale: scale, mean: mean, std: std, channels: channels, resize: resize,
        exifOrientation: exifOrientation)
    } catch {
      throw json.error(error.description)
    }
  }

  /// The object that `init(json:)` reads; `exif_orientation` is in it where images are turned.
  package var json: JSON {
    var json: JSON = [
      "size": [.int(height), .int(width)], "scale": .double(scale), "mean": .doubles(mean), "std": .doubles(std),
      "channels": .string(channels.rawValue), "resize": .string(resize.rawValue),
    ]
    if exifOrientation, case .object(var members) = json {
      members["exif_orientation"] = .bool(true)
      json = .object(members)
    }
    return json
  }
}
