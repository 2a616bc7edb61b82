/// An immutable tensor: type, and its elements row-major in a shared buffer.
package struct Tensor: Sendable {
  package let type: TensorType
  package let buffer: Buffer
  /// What the elements are multiples of, where the model that stores them says so.
  package private(set) var grid: Grid?

  /// Nil when the buffer's size does not fit the type.
  package init?(_ type: TensorType, _ buffer: Buffer) {
    guard Limits.count(type.shape) != nil, buffer.count == type.byteCount else { return nil }
    self.type = type
    self.buffer = buffer
  }

  /// A tensor of new memory, zeroed, then written by `fill`.
  package init(_ type: TensorType, fill: (UnsafeMutableRawBufferPointer) -> Void) {
    self.type = type
    buffer = Buffer(count: type.byteCount, fill: fill)
  }

  /// A tensor of the given elements, as many as the shape has: who gets the two from outside compares them before.
  package init<Element: TensorElement>(_ elements: [Element], shape: [Int]? = nil) {
    let type = TensorType(Element.elementType, shape ?? [elements.count])
    precondition(type.count == elements.count, "\(elements.count) elements are no tensor of shape \(type.shape)")
    self.init(type) { bytes in elements.withUnsafeBytes { bytes.copyMemory(from: $0) } }
  }

  /// A tensor of rank 0.
  package init<Element: TensorElement>(scalar: Element) {
    self.init([scalar], shape: [])
  }

  package var element: ElementType { type.element }
  package var shape: [Int] { type.shape }
  package var count: Int { type.count }

  /// Lends the elements' memory.
  package func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try buffer.withBytes(body)
  }

  /// Lends the elements as kernels take them: of a type the caller knows, at an address that is fit for it.
  package func withPointer<Element: TensorElement, Result, Failure: Error>(
    to _: Element.Type, _ body: (UnsafePointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(Element.elementType == element, "a tensor of \(element) is read as \(Element.elementType)")
    return try buffer.withBytes { (bytes) throws(Failure) in
      guard let base = bytes.baseAddress, Int(bitPattern: base) % MemoryLayout<Element>.alignment == 0 else {
        preconditionFailure("the tensor's memory is not aligned: `owned` gives one that is")
      }
      return try body(base.assumingMemoryBound(to: Element.self))
    }
  }

  /// The elements as an array of their own type, which the caller knows; `floats` and `integers` look at it.
  package func elements<Element: TensorElement>(as _: Element.Type = Element.self) -> [Element] {
    precondition(Element.elementType == element, "a tensor of \(element) is read as \(Element.elementType)")
    return [Element](unsafeUninitializedCapacity: count) { target, filled in
      // Mapped bytes may be misaligned for their type, so they are copied as bytes.
      withBytes { UnsafeMutableRawBufferPointer(target).copyMemory(from: $0) }
      filled = count
    }
  }

  /// Any numeric tensor's elements as Double.
  package func doubles() -> [Double] {
    switch element {
    case .float32: elements(as: Float.self).map(Double.init)
    case .float64: elements(as: Double.self)
    case .int8: elements(as: Int8.self).map(Double.init)
    case .uint8: elements(as: UInt8.self).map(Double.init)
    case .int16: elements(as: Int16.self).map(Double.init)
    case .uint16: elements(as: UInt16.self).map(Double.init)
    case .int32: elements(as: Int32.self).map(Double.init)
    case .uint32: elements(as: UInt32.self).map(Double.init)
    case .int64: elements(as: Int64.self).map(Double.init)
    case .uint64: elements(as: UInt64.self).map { Double($0) }
    case .bool: elements(as: UInt8Bool.self).map { $0.value == 0 ? 0 : 1 }
    }
  }

  /// An integer tensor's elements as Int; nil for floats, and where one is beyond Int.
  package func integers() -> [Int]? {
    switch element {
    case .int8: elements(as: Int8.self).map(Int.init)
    case .uint8: elements(as: UInt8.self).map(Int.init)
    case .int16: elements(as: Int16.self).map(Int.init)
    case .uint16: elements(as: UInt16.self).map(Int.init)
    case .int32: elements(as: Int32.self).map(Int.init)
    case .uint32: elements(as: UInt32.self).map(Int.init)
    case .int64: elements(as: Int64.self).map(Int.init)
    case .uint64: all(elements(as: UInt64.self).map(Int.init(exactly:)))
    case .bool: elements(as: UInt8Bool.self).map { $0.value == 0 ? 0 : 1 }
    case .float32, .float64: nil
    }
  }

  /// The numbers, where there is each.
  private func all(_ numbers: [Int?]) -> [Int]? {
    let known = numbers.compactMap(\.self)
    return known.count == numbers.count ? known : nil
  }

  /// A float tensor's elements as Float; nil for integers.
  package func floats() -> [Float]? {
    switch element {
    case .float32: elements(as: Float.self)
    case .float64: elements(as: Double.self).map(Float.init)
    default: nil
    }
  }

  /// The same elements under another shape of as many elements; nil when the numbers differ.
  package func reshaped(_ shape: [Int]) -> Tensor? {
    let result = Tensor(TensorType(element, shape, quantization: type.quantization), buffer)
    // An axis stays where all dimensions up to it do.
    guard let result, let grid else { return result }
    return result.on(grid.moved(toAxis: shape.starts(with: self.shape.prefix(grid.axis + 1)) ? grid.axis : nil))
  }

  /// The same tensor, known to lie on a grid.
  package func on(_ grid: Grid?) -> Tensor {
    var tensor = self
    tensor.grid = grid
    return tensor
  }

  /// The same tensor in memory that kernels may read directly: aligned, padded.
  package func owned() -> Tensor { Tensor(type: type, buffer: buffer.owned()) }

  private init(type: TensorType, buffer: Buffer) {
    self.type = type
    self.buffer = buffer
  }

  /// Whether two tensors have the same type and the same bits.
  package func isIdentical(to other: Tensor) -> Bool {
    type == other.type && hasSameBytes(as: other)
  }

  /// Whether the elements of two tensors have the same bits, whatever their shapes.
  package func hasSameBytes(as other: Tensor) -> Bool {
    withBytes { own in other.withBytes { own.elementsEqual($0) } }
  }
}

/// A byte that came from a file as a truth value: any bit pattern is allowed, unlike in Bool.
private struct UInt8Bool: TensorElement {
  let value: UInt8
  static var elementType: ElementType { .bool }
}
