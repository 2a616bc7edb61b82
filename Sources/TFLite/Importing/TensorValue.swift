import IR
import Operators
import Tensors

/// What a tensor of the file stands for while it is imported: a constant, or a value of the graph, in either order of
/// its dimensions.
///
/// A quantized value is int8 in the graph, and real numbers to all that read it: each order has a DequantizeLinear.
/// What turns it into the other order stands before that, so that nothing comes between it and its reader.
final class TensorValue {
  /// The tensor's index in the file.
  let index: Int
  let name: String
  /// As stored.
  let shape: [Int]
  let element: ElementType
  let isConstant: Bool
  fileprivate var reals: [AxisOrder: Symbol] = [:]
  fileprivate var integers: [AxisOrder: Symbol] = [:]

  /// - Parameter symbol: what is known of it; of a quantized value the int8 one, of a constant of the file nothing
  init(_ index: Int, _ name: String, _ type: TensorType, _ symbol: (Symbol, AxisOrder)?) {
    self.index = index
    self.name = name
    shape = type.shape
    let isQuantized = type.quantization != nil
    element = isQuantized ? .float32 : type.element
    isConstant = symbol.map { $0.0.constant != nil } ?? true
    guard let (symbol, order) = symbol else { return }
    if isQuantized { integers[order] = symbol } else { reals[order] = symbol }
  }

  var rank: Int { shape.count }

  /// Whether the value is there with its channels first.
  var hasChannelsFirst: Bool { reals[.channelsFirst] != nil || integers[.channelsFirst] != nil }
}

extension GraphImporter {
  /// A tensor in an order of its dimensions; tensors of other ranks than 4 have one.
  func symbol(of value: TensorValue, _ order: AxisOrder) throws(Refusal) -> Symbol {
    if value.isConstant { return try constant(value, order) }
    let order = value.rank == 4 ? order : .stored
    if let symbol = value.reals[order] { return symbol }
    let other: AxisOrder = order == .stored ? .channelsFirst : .stored
    let turned = Transpose(perm: order.permutation)
    let suffix = order == .stored ? "channels_last" : "channels_first"
    if let integers = value.integers[order] ?? value.integers[other] {
      let own: Symbol
      if let known = value.integers[order] {
        own = known
      } else {
        own = try add(turned, name: "\(value.name)/\(suffix)", inputs: [integers])[0]
        value.integers[order] = own
      }
      let result = outputName(of: value.index, order) ?? "\(value.name)/\(suffix)_real"
      value.reals[order] = try add(DequantizeLinear(), name: result, inputs: [own])[0]
    } else if let known = value.reals[other] {
      let result = outputName(of: value.index, order) ?? "\(value.name)/\(suffix)"
      value.reals[order] = try add(turned, name: result, inputs: [known])[0]
    }
    guard let symbol = value.reals[order] else { throw Refusal("tensor \(printable(value.name)) has no value") }
    return symbol
  }

  private func constant(_ value: TensorValue, _ order: AxisOrder) throws(Refusal) -> Symbol {
    if let symbol = value.reals[order] { return symbol }
    let tensor: Tensor
    if let stored = value.reals[.stored]?.constant {
      tensor = order == .stored ? stored : try constants.channelsFirst(stored)
    } else {
      guard let stored = try constants.tensor(value.index, order) else {
        throw Refusal("tensor \(printable(value.name)) has no value")
      }
      tensor = stored
    }
    let symbol = Symbol(value.name, constant: tensor)
    value.reals[order] = symbol
    return symbol
  }
}
