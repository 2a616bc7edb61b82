import IR
import Operators
import Tensors

// What only copies elements.

extension ChannelShuffle: CCopies {}
extension Concat: CCopies {}
extension DepthToSpace: CCopies {}
extension Expand: CCopies {}
extension Pad: CCopies {}
extension Slice: CCopies {}
extension SpaceToDepth: CCopies {}
extension Split: CCopies {}
extension Tile: CCopies {}
extension Transpose: CCopies {}

/// An operator whose form is its copies.
protocol CCopies: CForm, CopyMaking {}

extension CCopies {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    for copy in try copies(for: site.site) {
      let source: CProgram.Pointer
      switch copy.source {
      case .input(let index): source = try site.input(index)
      case .element(let element):
        let constant = writer.constant("filling", element.element, element.withBytes { Array($0) })
        source = CProgram.Pointer(home: .constant(constant), element: element.element, offset: 0)
      }
      try writer.copy(copy.copy, from: source, to: site.outputs[copy.output])
    }
  }
}

extension Reshape: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    let count = site.site.outputs[0].count
    let copy = StridedCopy(
      extents: [count], source: [1], target: [1], elementSize: site.site.outputs[0].element.size)
    try writer.copy(copy, from: try site.input(), to: site.output)
  }
}

extension CallWriter {
  /// Calls what makes a strided copy.
  mutating func copy(_ copy: StridedCopy, from: CProgram.Pointer, to: CProgram.Pointer) throws(Refusal) {
    let strides = copy.strides
    guard !strides.extents.contains(0) else { return }
    let source = CProgram.Argument.pointer(from.advanced(bytes: strides.sourceOffset))
    let target = CProgram.Argument.pointer(to.advanced(bytes: strides.targetOffset))
    if let (rows, columns) = strides.transposition, let routine = CRoutine.transpose(elementSize: strides.elementSize) {
      return call(routine, .int(rows), .int(columns), source, target)
    }
    let rank = 8
    guard strides.extents.count <= rank else { throw Refusal("copies of so many dimensions have no form in plain C") }
    let fill = rank - strides.extents.count
    let record = record(
      .strides,
      [
        .int(strides.bytes), .ints([Int](repeating: 1, count: fill) + strides.extents),
        .ints([Int](repeating: 0, count: fill) + strides.source),
        .ints([Int](repeating: 0, count: fill) + strides.target),
      ])
    call(.copy, record, source, target)
  }
}

extension CRoutine {
  /// What turns a matrix of elements of a size; nil for others.
  fileprivate static func transpose(elementSize: Int) -> CRoutine? {
    switch elementSize {
    case 1: .transpose8
    case 4: .transpose32
    default: nil
    }
  }
}
