package import CanonicalJSON
package import IR
package import Tensors

/// Finds out what a graph's outputs mean: from what the user says, else from what the graph ends in.
package struct OutputReading: Sendable {
  /// What is said about the output; what is nil is read from the graph.
  package struct Request: Sendable {
    /// The name of the output that decides.
    package var output: String?
    package var task: OutputMeaning.Task?
    package var scores: OutputMeaning.Scores?
    /// How many class names there are, where they are known.
    package var labels: Int?

    package init() {}
  }

  package let meaning: OutputMeaning
  /// The position of the decision among the graph's outputs.
  package let position: Int
  /// Names of outputs that could decide as well as the one chosen; empty where the choice is clear.
  package let rivals: [String]

  /// - Throws: where there is no such output, or none with scores
  package init(_ graph: Graph, _ request: Request = Request()) throws(Refusal) {
    let candidates = graph.outputs.indices.map { Candidate(graph, $0) }
    var chosen = candidates
    if let name = request.output {
      chosen = candidates.filter { $0.name == name }
      guard !chosen.isEmpty else {
        let known = candidates.map(\.name).joined(separator: ", ")
        throw Refusal.usage("has no output \(name); it has \(known)")
      }
    } else {
      chosen = try OutputReading.narrowed(candidates, graph, labels: request.labels)
    }
    guard let decision = chosen.first else { throw Refusal("has no output") }
    try decision.checkScores(request.task)
    position = decision.position
    rivals = chosen.dropFirst().map(\.name)
    meaning = try decision.meaning(request)
  }

  /// The outputs that can be the decision, by what parts them in turn: numbers at all, one for each class, an ending in
  /// probabilities, being computed from the others as a decision is from an embedding.
  private static func narrowed(_ all: [Candidate], _ graph: Graph, labels: Int?) throws(Refusal) -> [Candidate] {
    var candidates = all
    func keep(_ isKept: (Candidate) -> Bool) {
      let kept = candidates.filter(isKept)
      if !kept.isEmpty, candidates.count > 1 { candidates = kept }
    }
    keep { $0.type.element == .float32 && $0.ending != .rounded }
    keep { $0.rows.isList }
    if let labels { keep { $0.rows.count == labels || $0.rows.count == 1 && labels == 2 } }
    keep { $0.ending == .softmax || $0.ending == .sigmoid || $0.ending == .logSoftmax }
    if candidates.count > 1 {
      let ancestors = candidates.map { Ancestors(of: graph.outputs[$0.position], in: graph) }
      let last = candidates.indices.filter { index in
        candidates.indices.allSatisfy {
          $0 == index || ancestors[index].contain(graph.outputs[candidates[$0].position])
        }
      }
      if let only = last.first, last.count == 1 { candidates = [candidates[only]] }
    }
    return candidates
  }
}

/// One output of a graph.
private struct Candidate {
  let position: Int
  let name: String
  let type: TensorType
  let rows: OutputRows
  let ending: OutputEnding

  init(_ graph: Graph, _ position: Int) {
    let value = graph.outputs[position]
    self.position = position
    name = graph[value].name
    type = graph.type(of: value)
    rows = OutputRows(graph, output: position)
    ending = OutputEnding(of: value, in: graph)
  }

  /// Scores must be numbers that can be compared.
  func checkScores(_ task: OutputMeaning.Task?) throws(Refusal) {
    let remedy = "export the model without what turns scores into a decision"
    guard type.element == .float32 else {
      throw Refusal("output \(name) is \(type), expected float32 scores; \(remedy)")
    }
    guard task != OutputMeaning.Task.none else { return }
    switch ending {
    case .rounded: throw Refusal("output \(name) is rounded to whole numbers, expected scores; \(remedy)")
    case .softmaxOverBatch:
      throw Refusal(
        "output \(name) is a Softmax along the batch: the answer for one image depends on the others; export it along "
          + "the classes")
    default: break
    }
  }

  func meaning(_ request: OutputReading.Request) throws(Refusal) -> OutputMeaning {
    let meaning = OutputMeaning(
      output: name, task: request.task ?? usualTask(labels: request.labels), scores: request.scores ?? usualScores,
      count: rows.count)
    try OutputReading.check(meaning)
    return meaning
  }

  private func usualTask(labels: Int?) -> OutputMeaning.Task {
    guard rows.isList, rows.count > 0 else { return .none }
    switch rows.count {
    case 1:
      // Always 1, or never below zero: neither is a logit or a probability.
      let isQuantity = ending == .softmax || ending == .notNegative
      return isQuantity || labels != nil && labels != 2 ? .none : .binary
    case 2 where ending != .sigmoid: return .binary
    default: return ending == .sigmoid ? .multilabel : .multiclass
    }
  }

  private var usualScores: OutputMeaning.Scores {
    switch ending {
    case .softmax, .sigmoid: .probabilities
    case .softmaxOverBatch, .logSoftmax, .rounded, .notNegative, .other: .logits
    }
  }
}

/// The values a value is computed from.
private struct Ancestors {
  private var seen: Set<ValueID> = []

  init(of value: ValueID, in graph: Graph) {
    var stack = [value]
    while let next = stack.popLast() {
      for input in graph.producer(of: next)?.inputs ?? [] {
        if let input, graph.constant(input) == nil, seen.insert(input).inserted { stack.append(input) }
      }
    }
  }

  func contain(_ value: ValueID) -> Bool { seen.contains(value) }
}

extension OutputReading {
  /// Refuses a task that does not go with the output's count of numbers.
  package static func check(_ meaning: OutputMeaning) throws(Refusal) {
    let count = meaning.count
    let what: String? =
      switch meaning.task {
      case .binary: count == 1 || count == 2 ? nil : "a binary one has 1 or 2"
      case .multiclass: count >= 2 ? nil : "a multi-class one has 2 or more; is it binary?"
      case .multilabel: count >= 1 ? nil : "a multi-label one has one for each label"
      case .none: nil
      }
    guard let what else { return }
    throw Refusal.usage("output \(meaning.output) has \(count) numbers, \(what)")
  }

  /// What a bundle stores about its decision, held against its graph; read from the graph where it stores nothing.
  package static func stored(
    _ json: JSON?, in graph: Graph, labels: Int?
  ) throws(Refusal) -> (meaning: OutputMeaning, position: Int) {
    guard let json else {
      var request = Request()
      request.labels = labels
      let reading = try OutputReading(graph, request)
      return (reading.meaning, reading.position)
    }
    let meaning: OutputMeaning
    do throws(JSONError) {
      meaning = try OutputMeaning(json: JSONNode(json, name: "answer"))
    } catch {
      throw Refusal("\(error)")
    }
    guard let position = graph.outputs.firstIndex(where: { graph[$0].name == meaning.output }) else {
      throw Refusal("section answer names the output \(meaning.output), which the graph does not have")
    }
    let type = graph.type(of: graph.outputs[position])
    guard type.element == .float32, OutputRows(graph, output: position).count == meaning.count else {
      throw Refusal("section answer says that output \(meaning.output) has \(meaning.count) numbers, it is \(type)")
    }
    return (meaning, position)
  }
}
