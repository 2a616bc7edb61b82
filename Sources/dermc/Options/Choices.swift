import Answers
import ArgumentParser
import Compiler
import DataSets
import Explanations
import Images
import Quantization
import Reports

// Options whose value is one of a few words: help and errors list them.

extension GateFormat: ExpressibleByArgument {
  package static var allValueStrings: [String] { all.map(\.name) }

  package init?(argument: String) {
    guard let format = GateFormat.named(argument) else { return nil }
    self = format
  }
}
extension MathLibrary: ExpressibleByArgument {}
extension ModelInput.Order: ExpressibleByArgument {}
extension OutputMeaning.Scores: ExpressibleByArgument {}
extension OutputMeaning.Task: ExpressibleByArgument {}
extension PredictionSets.Method: ExpressibleByArgument {}
extension UncertaintySettings.Unlike: ExpressibleByArgument {}
extension Preprocessing.Channels: ExpressibleByArgument {}
extension Preprocessing.Resize: ExpressibleByArgument {}
extension ExplanationMethod: ExpressibleByArgument {}
extension Effort: ExpressibleByArgument {}
extension RangeEstimator: ExpressibleByArgument {}
extension Recipe.PruneMethod: ExpressibleByArgument {}
extension Recipe.PruneScope: ExpressibleByArgument {}
extension Recipe.Store: ExpressibleByArgument {}
extension BiasMethod: ExpressibleByArgument {}
extension WeightRounding.Method: ExpressibleByArgument {}
