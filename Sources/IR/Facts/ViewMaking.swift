package import Tensors

/// An operator that, for some layouts, only gives the memory of its input another type: no step computes it.
package protocol ViewMaking: Operator {
  /// The layout to read the input in and the layout its memory then is the output in; nil where elements have to be
  /// moved.
  ///
  /// - Parameter source: the layout the input lies in; reading it in another one is a conversion before the view
  func view(of source: Layout) -> (reading: Layout, as: Layout)?
}
