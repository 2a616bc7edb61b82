/// A tensor in memory that something else owns and keeps meanwhile (an arena, a constant), for reading.
package struct TensorView {
  package let type: TensorType
  package let layout: Layout
  package let base: UnsafeRawPointer

  package init(_ type: TensorType, layout: Layout = .rowMajor, base: UnsafeRawPointer) {
    self.type = type
    self.layout = layout
    self.base = base
  }

  package var shape: [Int] { type.shape }
  package var count: Int { type.count }

  /// The elements in physical order. The caller knows the element type.
  package func elements<Element: TensorElement>(_: Element.Type = Element.self) -> UnsafeBufferPointer<Element> {
    UnsafeBufferPointer(start: pointer(), count: type.count)
  }

  package func pointer<Element: TensorElement>(_: Element.Type = Element.self) -> UnsafePointer<Element> {
    base.assumingMemoryBound(to: Element.self)
  }

  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: type.byteCount) }
}

/// The same for writing: where a kernel's output goes, or what is given to a model.
package struct MutableTensorView {
  package let type: TensorType
  package let layout: Layout
  package let base: UnsafeMutableRawPointer

  package init(_ type: TensorType, layout: Layout = .rowMajor, base: UnsafeMutableRawPointer) {
    self.type = type
    self.layout = layout
    self.base = base
  }

  /// The same memory for reading.
  package var reading: TensorView { TensorView(type, layout: layout, base: base) }

  package var shape: [Int] { type.shape }
  package var count: Int { type.count }

  /// The elements in physical order. The caller knows the element type.
  package func elements<Element: TensorElement>(_: Element.Type = Element.self) -> UnsafeMutableBufferPointer<Element> {
    UnsafeMutableBufferPointer(start: pointer(), count: type.count)
  }

  package func pointer<Element: TensorElement>(_: Element.Type = Element.self) -> UnsafeMutablePointer<Element> {
    base.assumingMemoryBound(to: Element.self)
  }

  package var bytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base, count: type.byteCount) }
}
