import Images
import Reports
package import Tensors

/// Which recipes a sweep compiles: every fraction of pruning in float, in int8 with each effort, and with each ratio.
package struct SweepGrid: Sendable {
  package enum Precision: String, Sendable, CaseIterable {
    case float
    case int8
  }

  /// A recipe, the name of its bundle, and the options that make it.
  struct Entry: Sendable {
    let name: String
    let options: [String]
    let recipe: Recipe
  }

  private let precisions: [Precision]
  private let efforts: [Effort]
  /// Nil stands for the steps of plain int8.
  private let ratios: [Double?]
  private let prunes: [Double]

  /// Parses the options of the command line, lists with commas in them.
  ///
  /// - Parameter ratios: times smaller than the model, or `plain`
  package init(precisions: String, efforts: String, ratios: String, prunes: String) throws(Refusal) {
    self.precisions = try SweepGrid.list(precisions, "--precisions", "float and int8") { Precision(rawValue: $0) }
    self.efforts = try SweepGrid.list(efforts, "--efforts", "fast, default and max") { Effort(rawValue: $0) }
    self.ratios = try SweepGrid.list(ratios, "--ratios", "plain, and numbers above 1") { text -> Double?? in
      if text == "plain" { return .some(nil) }
      return (try? Preprocessing.number(text)).flatMap { $0 > 1 && $0.isFinite ? .some($0) : nil }
    }
    self.prunes = try SweepGrid.list(prunes, "--prunes", "fractions from 0 to below 1") { text in
      (try? Preprocessing.number(text)).flatMap { $0 >= 0 && $0 < 1 ? $0 : nil }
    }
  }

  /// The values of a list, each once.
  private static func list<Value: Equatable>(
    _ text: String, _ option: String, _ expected: String, _ parse: (String) -> Value?
  ) throws(Refusal) -> [Value] {
    var values: [Value] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let value = parse(String(part)) else {
        throw .usage("\(option) \(text): expected a list of \(expected), with commas between them")
      }
      if !values.contains(value) { values.append(value) }
    }
    return values
  }

  /// All recipes. Those that prune alike follow each other, as they share most work.
  ///
  /// A ratio is reached with the most thorough of the efforts: what is chosen for size is worth it.
  ///
  /// - Parameter base: what is common to all
  func entries(_ base: Recipe) throws(Refusal) -> [Entry] {
    var entries: [Entry] = []
    let thorough = Effort.allCases.last { efforts.contains($0) } ?? .default
    for prune in prunes {
      if precisions.contains(.float), ratios.contains(nil) { entries.append(SweepGrid.float(base, prune)) }
      guard precisions.contains(.int8) else { continue }
      for ratio in ratios {
        for effort in ratio == nil ? efforts : [thorough] {
          entries.append(SweepGrid.int8(base, prune, effort, ratio))
        }
      }
    }
    guard !entries.isEmpty else {
      throw .usage("--ratios without plain need --precisions int8: there is nothing to compile")
    }
    return entries
  }

  private static func float(_ base: Recipe, _ prune: Double) -> Entry {
    var recipe = base
    // What is asked of int8 says nothing here.
    (recipe.int8, recipe.keptFloat) = (false, [])
    return entry("float", [], recipe, prune)
  }

  private static func int8(_ base: Recipe, _ prune: Double, _ effort: Effort, _ ratio: Double?) -> Entry {
    var recipe = base
    recipe.int8 = true
    recipe.estimator = effort.estimator
    recipe.rounding = effort.rounding
    recipe.biases = effort.biases
    recipe.equalizes = effort.equalizes
    recipe.learnsAgain = effort == .max
    let usual = effort == .default
    var options = ["--int8"] + (usual ? [] : ["--effort", effort.rawValue])
    guard let ratio else { return entry("int8-\(effort.rawValue)", options, recipe, prune) }
    recipe.target = .ratio(ratio)
    options += ["--target-ratio", text(ratio)]
    return entry("ratio-\(text(ratio))" + (usual ? "" : "-\(effort.rawValue)"), options, recipe, prune)
  }

  private static func entry(_ name: String, _ options: [String], _ recipe: Recipe, _ prune: Double) -> Entry {
    guard prune > 0 else { return Entry(name: name, options: options, recipe: recipe) }
    var recipe = recipe
    recipe.pruneFraction = prune
    return Entry(name: "\(name)-prune-\(text(prune))", options: options + ["--prune", text(prune)], recipe: recipe)
  }

  /// A number as short as it can be said.
  private static func text(_ number: Double) -> String {
    let text = "\(number)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
