/// An object that owns memory and lends it: pointers are handed to a closure and are valid while that runs.
package protocol MemoryOwner: AnyObject, Sendable {
  /// The memory for whoever holds its owner as long as the pointer, as a plan does with its constants. All others use
  /// `withBytes`: that they hold it is nothing to the optimizer, which lets objects go after their last use.
  var unmanagedBytes: UnsafeRawBufferPointer { get }
}

extension MemoryOwner {
  /// Lends the memory.
  package func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(unmanagedBytes)
  }
}

extension Array where Element: MemoryOwner {
  /// Lends the memory of all of them, in their order.
  package func withBytes<Result, Failure: Error>(
    _ body: ([UnsafeRawBufferPointer]) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(map(\.unmanagedBytes))
  }
}
