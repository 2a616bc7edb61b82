package import IR
package import Tensors

/// All operators, by name. Adding one is a file beside this one and a line here.
package enum OperatorSet {
  package static let all: [any Operator.Type] = [
    AddInt8.self,
    ArgMax.self,
    AveragePool.self,
    AveragePoolInt8.self,
    BatchNormalization.self,
    Binary.self,
    Cast.self,
    ChannelShuffle.self,
    Compare.self,
    Concat.self,
    ConcatInt8.self,
    ConstantOfShape.self,
    Conv.self,
    ConvInt8.self,
    ConvTranspose.self,
    DepthToSpace.self,
    DequantizeLinear.self,
    Expand.self,
    Gather.self,
    Gemm.self,
    GemmInt8.self,
    GlobalAveragePool.self,
    GlobalMaxPool.self,
    GridSample.self,
    InstanceNormalization.self,
    LRN.self,
    LayerNormalization.self,
    LogSoftmax.self,
    LookupInt8.self,
    MatMul.self,
    MatMulInt8.self,
    MaxPool.self,
    MulInt8.self,
    PRelu.self,
    Pad.self,
    QuantizeLinear.self,
    RangeOperator.self,
    Reduce.self,
    Reshape.self,
    Resize.self,
    ScaleShift.self,
    Shape.self,
    Slice.self,
    Softmax.self,
    SpaceToDepth.self,
    Split.self,
    Tile.self,
    TopK.self,
    Transpose.self,
    Unary.self,
    Where.self,
  ]

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  package static var names: [String] { all.map { $0.name } }

  package static func contains(_ name: String) -> Bool { byName[name] != nil }

  /// Makes an operator from its name and attributes; every attribute must be known to it.
  package static func make(_ name: String, _ attributes: [String: Attribute]) throws(Refusal) -> any Operator {
    guard let type = byName[name] else { throw Refusal("operator \(name) is not known") }
    var reader = AttributeReader(attributes)
    let op = try type.init(reading: &reader)
    try reader.finish()
    return op
  }
}
