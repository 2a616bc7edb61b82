import Images

/// Image files, changed segment by segment, chunk by chunk and tag by tag, and prepared for a model.
package enum ImagesTarget: FuzzTarget {
  package static let name = "images"

  package static func run(_ bytes: [UInt8]) {
    let image: Image
    do throws(ImageError) {
      image = try Image(decoding: bytes)
    } catch {
      return requireLine("\(error)")
    }
    require(image.pixels.count == image.width * image.height * image.channels, "an image of another size than it says")
    guard image.pixels.count < 1 << 18 else { return }
    for resize in Preprocessing.Resize.allCases {
      for channels in Preprocessing.Channels.allCases {
        let preprocessing = try? Preprocessing(
          height: 7, width: 5, scale: 1, mean: [0], std: [1], channels: channels, resize: resize, exifOrientation: true)
        do throws(ImageError) { _ = try preprocessing?.apply(image) } catch { requireLine("\(error)") }
      }
    }
  }

  package static func mutated(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8]? {
    if var file = PNGParts(bytes), !file.chunks.isEmpty {
      file.mutate(&dice)
      return file.bytes
    }
    if var file = JPEGParts(bytes), !file.segments.isEmpty {
      file.mutate(&dice)
      return file.bytes
    }
    if var file = TIFFParts(bytes) {
      file.mutate(&dice)
      return file.bytes
    }
    return nil
  }

  package static func seeds(root: String) throws -> [[UInt8]] {
    let goldens = "\(root)/Tests/ImagesTests/Goldens"
    var seeds: [[UInt8]] = []
    for ending in [".png", ".jpg", ".webp", ".tif", ".bmp"] { seeds += try contents(of: goldens, ending: ending) }
    return seeds.filter { $0.count < largestInput } + PNGParts.seeds
  }
}
