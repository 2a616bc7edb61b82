import CDerm
import DermRuntime
import Images
import Tensors

/// Pixels as C describes them; what the caller says of its memory is believed, all else checked.
func frame(_ pixels: derm_pixels) throws(CallError) -> PixelFrame {
  let format: PixelFrame.Format =
    switch pixels.format {
    case DERM_GRAY: .gray
    case DERM_RGB: .rgb
    case DERM_BGR: .bgr
    case DERM_RGBA: .rgba
    case DERM_BGRA: .bgra
    case DERM_NV12: .nv12
    case DERM_NV21: .nv21
    case DERM_I420: .i420
    default: throw .invalidArgument("pixels.format is \(pixels.format.rawValue), which is none")
    }
  let matrix: YUVMatrix =
    switch pixels.matrix {
    case DERM_BT601_LIMITED: .bt601Limited
    case DERM_BT601_FULL: .bt601Full
    default: throw .invalidArgument("pixels.matrix is \(pixels.matrix.rawValue), which is none")
    }
  guard let rotation = PixelFrame.Rotation(rawValue: Int(pixels.rotation)) else {
    throw .invalidArgument("pixels.rotation is \(pixels.rotation), expected 0, 90, 180 or 270")
  }
  let (width, height) = (Int(pixels.width), Int(pixels.height))
  func plane(_ index: Int, _ start: UnsafeRawPointer?, _ stride: Int) throws(CallError) -> PixelFrame.Plane {
    guard index < format.planes else { return .none }
    guard let start else { throw .invalidArgument("pixels.planes[\(index)] is NULL") }
    let (rowBytes, rows) = format.plane(index, width: width, height: height)
    let stride = stride == 0 ? rowBytes : integer(stride)
    // As many bytes as there must be; of sizes that are refused none.
    let (before, overflow) = stride.multipliedReportingOverflow(by: max(0, rows - 1))
    let (count, isTooLong) = before.addingReportingOverflow(max(0, rowBytes))
    return PixelFrame.Plane(
      UnsafeRawBufferPointer(start: start, count: overflow || isTooLong ? 0 : count), stride: stride)
  }
  let planes = (
    try plane(0, pixels.planes.0, pixels.strides.0), try plane(1, pixels.planes.1, pixels.strides.1),
    try plane(2, pixels.planes.2, pixels.strides.2)
  )
  let isWhole = pixels.crop_width == 0 && pixels.crop_height == 0
  do throws(Refusal) {
    return try PixelFrame(
      format, width: width, height: height, planes: planes, matrix: matrix, rotation: rotation,
      crop: isWhole
        ? nil
        : PixelFrame.Rectangle(
          x: Int(pixels.crop_x), y: Int(pixels.crop_y), width: Int(pixels.crop_width), height: Int(pixels.crop_height)))
  } catch {
    throw .derm(.inputDoesNotFit("\(error)"))
  }
}
