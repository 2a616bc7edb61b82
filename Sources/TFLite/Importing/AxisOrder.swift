/// In which order a tensor of rank 4 has its dimensions; others have theirs as stored.
enum AxisOrder: Hashable {
  /// As in the file: images are [N, H, W, C].
  case stored
  /// Images are [N, C, H, W], as the operators on images take them.
  case channelsFirst

  /// The permutation that makes this order of the other.
  var permutation: [Int] { self == .channelsFirst ? [0, 3, 1, 2] : [0, 2, 3, 1] }

  /// Where a dimension of the file stands in this order.
  func place(of axis: Int) -> Int { self == .channelsFirst ? [0, 2, 3, 1][axis] : axis }

  /// A list with an entry for each of the file's dimensions, in this order.
  func arrange<Element>(_ list: [Element]) -> [Element] {
    self == .channelsFirst ? permutation.map { list[$0] } : list
  }
}
