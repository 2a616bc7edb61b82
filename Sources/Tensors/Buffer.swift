import Platform

/// Immutable bytes shared by tensors: owned memory, or part of a mapped file or of another buffer, which it keeps
/// alive.
///
/// Owned memory is 64-byte aligned and readable `Buffer.padding` bytes past its end, as kernels require; other memory
/// need be neither.
package final class Buffer: MemoryOwner {
  /// Readable bytes after the end of owned memory.
  package static let padding = 64
  package static let alignment = 64

  package let count: Int
  // Nobody writes to it once the initializer is done.
  nonisolated(unsafe) private let base: UnsafeRawPointer
  private let owner: Owner

  private enum Owner {
    case itself
    case file(MappedFile)
    case buffer(Buffer)
  }

  /// The mapped file the bytes lie in; nil for other memory.
  package var file: MappedFile? {
    switch owner {
    case .itself: nil
    case .file(let file): file
    case .buffer(let buffer): buffer.file
    }
  }

  /// Whether the memory is aligned and padded as kernels need it.
  package var isOwned: Bool { if case .itself = owner { true } else { false } }

  /// Allocates memory and lets `fill` write it.
  ///
  /// - Parameter isZeroed: whether it is zero before; else `fill` must write all of it
  package init(count: Int, isZeroed: Bool = true, fill: (UnsafeMutableRawBufferPointer) -> Void = { _ in }) {
    self.count = count
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) + Buffer.padding, alignment: Buffer.alignment)
    memset(isZeroed ? memory : memory + count, 0, isZeroed ? count + Buffer.padding : Buffer.padding)
    fill(UnsafeMutableRawBufferPointer(start: memory, count: count))
    base = UnsafeRawPointer(memory)
    owner = .itself
  }

  /// A range of another buffer, which lives as long as this one; nil when it is not inside.
  package init?(_ buffer: Buffer, offset: Int, count: Int) {
    guard offset >= 0, count >= 0, offset <= buffer.count - count else { return nil }
    self.count = count
    base = buffer.base + offset
    owner = .buffer(buffer)
  }

  /// A range of a mapped file, which stays mapped as long as the buffer lives; nil when it is not inside the file.
  package init?(_ file: MappedFile, offset: Int, count: Int) {
    guard offset >= 0, count >= 0, offset <= file.count - count else { return nil }
    self.count = count
    base = file.unmanagedBytes.baseAddress.map { $0 + offset } ?? Buffer.nothing
    owner = .file(file)
  }

  /// Where an empty file is.
  nonisolated(unsafe) private static let nothing = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: padding, alignment: alignment))

  deinit {
    if isOwned { base.deallocate() }
  }

  package var unmanagedBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Whether no byte has a value.
  package func isFree(of byte: UInt8) -> Bool { count == 0 || memchr(base, Int32(byte), count) == nil }

  /// Lets the pages of a mapped file that the bytes lie in leave memory: for whoever has read them and made something
  /// else of them. They come back from the file when they are touched.
  package func releasePages() {
    guard let file, let start = file.unmanagedBytes.baseAddress else { return }
    let offset = base - start
    file.releasePages(of: offset..<offset + count)
  }

  /// This buffer if it is owned and aligned, else an owned copy of it.
  package func owned() -> Buffer {
    if isOwned { return self }
    return withBytes { bytes in Buffer(count: count, isZeroed: false) { $0.copyMemory(from: bytes) } }
  }
}
