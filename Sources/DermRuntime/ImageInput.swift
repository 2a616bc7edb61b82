import Bundles
import CanonicalJSON
import Images
import Runtime
import Tensors

/// How images become a model's input.
struct ImageInput: Sendable {
  let preprocessing: Preprocessing
  let tables: PixelTables
  /// The order of the input as the model has it.
  let order: Layout
  /// The order in which pixels are written.
  let layout: Layout
  /// Whether the plan reads another order than can be written at once: the numbers go through memory beside it.
  let isStaged: Bool

  /// Nil where the bundle does not say.
  init?(_ bundle: Bundle, _ place: Plan.Place, _ path: String) throws(DermError) {
    let shape = place.type.shape
    guard let stored = bundle.preprocessing, shape.count == 4 else { return nil }
    let isChannelsFirst = [1, 3].contains(shape[1]) && ![1, 3].contains(shape[3])
    let size = isChannelsFirst ? (height: shape[2], width: shape[3]) : (height: shape[1], width: shape[2])
    do throws(JSONError) {
      preprocessing = try Preprocessing(json: JSONNode(stored, name: "preprocessing"), size: size)
    } catch {
      throw .unsupportedModel("\(path): \(error)")
    }
    guard preprocessing.count == shape[1...].reduce(1, *), preprocessing.height == size.height,
      preprocessing.width == size.width
    else { throw .unsupportedModel("\(path): the preprocessing does not fit the input \(shape)") }
    isStaged = !isChannelsFirst && place.layout != .rowMajor
    order = isChannelsFirst ? .rowMajor : .channelsLast
    layout = isChannelsFirst ? place.layout : .channelsLast
    let quantization = isStaged ? nil : place.type.quantization
    tables = PixelTables(preprocessing, quantize: quantization.map { quantization in { quantization.quantize($0) } })
  }
}
