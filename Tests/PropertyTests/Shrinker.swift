import IR

/// Makes a recipe whose graph does not hold a property smaller for as long as it still does not, for the same reason.
struct Shrinker {
  private let failure: (Graph) -> Property.Failure?
  private var attempts = 600

  /// - Parameter failure: why a property does not hold for a graph; nil where it does
  init(_ failure: @escaping (Graph) -> Property.Failure?) { self.failure = failure }

  init(_ property: Property) {
    self.init { graph in
      guard case .fails(let failure) = property.outcome(graph) else { return nil }
      return failure
    }
  }

  mutating func shrink(
    _ recipe: Recipe, _ found: Property.Failure
  ) -> (recipe: Recipe, failure: Property.Failure) {
    var best = (recipe: recipe, failure: found)
    var hasShrunk = true
    while hasShrunk, attempts > 0 {
      hasShrunk = false
      for candidate in candidates(best.recipe) where attempts > 0 {
        attempts -= 1
        if let other = failure(candidate.graph()), other.claim == best.failure.claim {
          best = (candidate, other)
          hasShrunk = true
          break
        }
      }
    }
    return best
  }

  /// Recipes a little smaller, those that leave out most first.
  private func candidates(_ recipe: Recipe) -> [Recipe] {
    var result: [Recipe] = []
    if recipe.outputs.count > 1 {
      for output in recipe.outputs {
        var less = recipe
        less.outputs = [output]
        result.append(less)
      }
    }
    // Late steps first: much before them may then be dead.
    for step in recipe.steps.reversed() { result.append(recipe.without(step.name)) }
    for axis in recipe.input.indices {
      for extent in [1, recipe.input[axis] / 2, recipe.input[axis] - 1]
      where extent >= 1 && extent < recipe.input[axis] {
        var less = recipe
        less.input[axis] = extent
        result.append(less)
      }
    }
    for (index, step) in recipe.steps.enumerated() {
      for position in step.operands.indices where step.operands[position] != 0 {
        var less = recipe
        less.steps[index].operands[position] = 0
        result.append(less)
      }
    }
    return result
  }
}
