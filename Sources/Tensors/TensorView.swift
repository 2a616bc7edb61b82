/// A tensor in memory that something else owns (an arena, a constant), as kernels see it.
package struct TensorView {
  package let type: TensorType
  package let layout: Layout
  package let base: UnsafeMutableRawPointer

  package init(_ type: TensorType, layout: Layout = .rowMajor, base: UnsafeMutableRawPointer) {
    self.type = type
    self.layout = layout
    self.base = base
  }

  /// A view of a tensor for reading; its memory must not be written and must outlive the view.
  package init(reading tensor: Tensor) {
    self.init(tensor.type, base: tensor.buffer.readOnlyBase)
  }

  package var shape: [Int] { type.shape }
  package var count: Int { type.count }
  package var strides: [Int] { layout.strides(of: type.shape) }

  /// The elements in physical order. The caller knows the element type.
  package func elements<Element: TensorElement>(_: Element.Type = Element.self) -> UnsafeMutableBufferPointer<Element> {
    UnsafeMutableBufferPointer(start: base.assumingMemoryBound(to: Element.self), count: type.count)
  }

  package func pointer<Element: TensorElement>(_: Element.Type = Element.self) -> UnsafeMutablePointer<Element> {
    base.assumingMemoryBound(to: Element.self)
  }

  package var bytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base, count: type.byteCount) }
}
