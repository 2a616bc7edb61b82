import Platform

/// The memory of the process.
package enum Memory {
  /// Whether so many bytes more can be had at this moment.
  ///
  /// Swift ends the process where there is no memory; what needs much of it asks first, so that an app gets an error. A
  /// system that promises more than it has (overcommit) may still not keep it.
  package static func has(_ bytes: Int) -> Bool {
    guard bytes > 0 else { return true }
    let place = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let place, place != MAP_FAILED else { return false }
    munmap(place, bytes)
    return true
  }
}
