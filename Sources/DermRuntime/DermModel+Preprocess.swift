package import Images
import Tensors

/// What images become before the network sees them, to compare with the preprocessing of a training, say.
///
/// The numbers are those of one image, laid out as `inputShape`, before they are quantized where a model's input is
/// int8. Given to `run(_:others:)` they have the answer that the image itself has, to the last bit.
extension DermModel {
  /// The numbers that an image file becomes, resized and normalised as the bundle says.
  ///
  /// - Throws: `DermError` where the image cannot be read, or the bundle does not say how images become inputs
  public func preprocess(imageAt path: String) throws(DermError) -> [Float] {
    let bytes: [UInt8]
    do throws(Refusal) { bytes = try MappedFile.contents(of: path) } catch { throw DermError(error) }
    return try bytes.span.withUnsafeBytes { (bytes) throws(DermError) in try preprocess(bytes, path: path) }
  }

  /// The same for the bytes of such a file.
  public func preprocess(imageBytes bytes: [UInt8]) throws(DermError) -> [Float] {
    try bytes.span.withUnsafeBytes { (bytes) throws(DermError) in try preprocess(imageBytes: bytes) }
  }

  /// The same for pixels; of formats with planes, these follow each other.
  public func preprocess(pixels: RawSpan, _ layout: DermPixels) throws(DermError) -> [Float] {
    try pixels.withUnsafeBytes { (bytes) throws(DermError) in
      try preprocess(layout.frame(layout.planes(of: bytes)))
    }
  }

  /// The same as `preprocess(imageBytes:)`.
  package func preprocess(imageBytes bytes: UnsafeRawBufferPointer) throws(DermError) -> [Float] {
    try preprocess(bytes, path: nil)
  }

  /// What the pixels of a frame become.
  package func preprocess(_ frame: PixelFrame) throws(DermError) -> [Float] {
    let input = try loaded.requiredImageInput()
    do throws(ImageError) {
      return try FrameFitter(input.preprocessing).fit(frame) { pixels in
        [Float](unsafeUninitializedCapacity: input.preprocessing.count) { target, filled in
          PixelTables(input.preprocessing).write(pixels, layout: input.order, into: target)
          filled = input.preprocessing.count
        }
      }
    } catch {
      throw DermError(error)
    }
  }

  private func preprocess(_ bytes: UnsafeRawBufferPointer, path: String?) throws(DermError) -> [Float] {
    let input = try loaded.requiredImageInput()
    do throws(ImageError) {
      return try input.preprocessing.apply(Image(decoding: bytes), layout: input.order)
    } catch {
      throw DermError(error, path: path)
    }
  }
}
