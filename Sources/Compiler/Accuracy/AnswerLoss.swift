import Answers
import Math
import Metrics
import Reports

/// What a compiled model's answers lose against the float model's: what a limit on them is of.
///
/// No labels are needed. Of the classes that are decided, a change loses what the float model's own probabilities say:
/// p of its class minus p of the other. Decisions hang on few samples, those near a border, so that counting them says
/// little where there are few: 64 samples know a share of 5 % to 3 %. So they are foretold as well, from each sample's
/// margin and the errors that all samples' margins have: as if a sample could have had any other's error, of either
/// sign. Margins are the float model's, so that samples which had a part in making the network tell theirs as well.
/// That says as much as several times the samples. A limit has to hold with a standard error to spare, since of many
/// networks that are tried some are lucky.
struct AnswerLoss {
  enum Measure: String {
    /// The mean of `OutputCost`.
    case cost
    /// The share of samples that are decided otherwise.
    case changes
    /// The accuracy that is lost if the float model's probabilities are right.
    case drop
  }

  /// What answers lost.
  struct Found {
    /// What a limit is held against: the larger one of what was seen and what is foretold, with its error.
    var loss: Double { max(seen.value, foretold.map { $0.mean + $0.standardError } ?? 0) }
    /// The mean over samples, and where it lies.
    let seen: Estimate
    /// From margins and their errors; nil of costs, which are no decisions.
    let foretold: MeanCost?
  }

  let measure: Measure
  private let meaning: OutputMeaning
  private let rows: OutputRows
  /// Of samples that no network is judged on.
  private var others: [[Border]] = []

  /// - Parameter others: the float model's outputs on samples that no network is judged on
  init(_ measure: Measure, _ meaning: OutputMeaning, _ rows: OutputRows, others: [[Float]] = []) {
    self.measure = measure
    self.meaning = meaning
    self.rows = rows
    self.others = others.flatMap(rows.rows).map { borders(meaning.answer($0)) }
  }

  /// - Parameter runs: outputs of both models on the same samples
  func callAsFunction(_ runs: [OutputJudge.Run]) -> Found {
    guard measure != .cost else {
      let cost = MeanCost(runs.map(\.cost))
      return Found(seen: AnswerLoss.estimate(cost), foretold: nil)
    }
    var losses: [Double] = []
    var borders: [[Border]] = []
    var errors: [[Double]] = []
    for run in runs {
      for (float, other) in zip(rows.rows(run.float), rows.rows(run.other)) {
        let before = meaning.answer(float)
        losses.append(loss(before, meaning.answer(other)))
        let own = self.borders(before)
        let p = meaning.probabilities(other)
        borders.append(own)
        errors.append(own.map { $0.margin(p) - $0.margin })
      }
    }
    let foretold = foretold(borders + others, errors)
    guard measure == .changes else {
      return Found(seen: AnswerLoss.estimate(MeanCost(losses)), foretold: foretold)
    }
    let seen = Estimate(share: losses.count { $0 > 0 }, of: losses.count)
    return Found(seen: seen, foretold: foretold)
  }

  /// The share of samples that both models decide alike.
  func agreement(_ runs: [OutputJudge.Run]) -> Double {
    let alike = runs.flatMap { run in
      zip(rows.rows(run.float), rows.rows(run.other)).map { meaning.answer($0).decided == meaning.answer($1).decided }
    }
    return Double(alike.count { $0 }) / Double(max(1, alike.count))
  }

  private static func estimate(_ cost: MeanCost) -> Estimate {
    let margin = 1.96 * cost.standardError
    return Estimate(cost.mean, low: max(0, cost.mean - margin), high: cost.mean + margin)
  }

  // MARK: What was seen

  private func loss(_ float: Answer, _ other: Answer) -> Double {
    if float.decided == other.decided { return 0 }
    guard measure == .drop else { return 1 }
    let p = float.probabilities
    switch meaning.task {
    case .none: return 0
    case .multilabel:
      let changed = p.indices.filter { float.decided.contains($0) != other.decided.contains($0) }
      return changed.reduce(0) { $0 + regret(p[$1], threshold: meaning.threshold(ofLabel: $1)) } / Double(p.count)
    case .binary where meaning.threshold != nil:
      return regret(p[meaning.positive], threshold: meaning.threshold ?? OutputMeaning.usualThreshold)
    case .binary, .multiclass: return max(0, p[float.decided[0]] - p[other.decided[0]])
    }
  }

  /// What is lost where a finding is decided otherwise: at a threshold of one half p - (1 - p) or its opposite, at
  /// others with errors of both kinds as heavy as the threshold makes them.
  private func regret(_ p: Double, threshold: Double) -> Double { 2 * abs(p - threshold) }

  // MARK: What is foretold

  /// Where an answer would become another.
  private struct Border {
    /// The class decided for and a rival; of a finding that is there or not itself and no rival.
    let own: Int
    let rival: Int?
    /// The log-odds from which a finding is there, and on which side of them the answer is.
    var threshold = 0.0
    var side = 1.0
    /// What is lost beyond it.
    let loss: Double
    /// The float model's.
    var margin = 0.0

    /// How far an answer is from it in log-probabilities, or log-odds; negative beyond it.
    func margin(_ p: [Double]) -> Double {
      let distance =
        if let rival { Border.log(p[own]) - Border.log(p[rival]) } else { side * (Border.odds(p[own]) - threshold) }
      return distance.isNaN ? -.infinity : distance
    }

    static func odds(_ p: Double) -> Double { log(p) - log(1 - p) }

    private static func log(_ p: Double) -> Double { PortableFunctions.log(max(p, 1e-12)) }
  }

  /// Rivals beyond the second hardly ever win.
  private static let rivals = 2
  /// So many samples' errors tell what errors are like.
  private static let mostErrors = 256

  private func borders(_ answer: Answer) -> [Border] {
    bordersAlone(answer).map { border in
      var border = border
      border.margin = border.margin(answer.probabilities)
      return border
    }
  }

  private func bordersAlone(_ answer: Answer) -> [Border] {
    let p = answer.probabilities
    func finding(_ index: Int, _ threshold: Double, of count: Int) -> Border {
      Border(
        own: index, rival: nil, threshold: Border.odds(threshold), side: answer.decided.contains(index) ? 1 : -1,
        loss: measure == .drop ? regret(p[index], threshold: threshold) / Double(count) : 1)
    }
    switch meaning.task {
    case .none: return []
    case .multilabel: return p.indices.map { finding($0, meaning.threshold(ofLabel: $0), of: p.count) }
    case .binary, .multiclass:
      if let threshold = meaning.threshold { return [finding(meaning.positive, threshold, of: 1)] }
      let own = answer.decided[0]
      return answer.ranking.filter { $0 != own }.prefix(AnswerLoss.rivals).map {
        Border(own: own, rival: $0, loss: measure == .drop ? max(0, p[own] - p[$0]) : 1)
      }
    }
  }

  /// What samples lose in the mean, each with the errors of all.
  ///
  /// - Parameters:
  ///   - borders: of each sample
  ///   - errors: of the margins of some, border by border
  private func foretold(_ borders: [[Border]], _ errors: [[Double]]) -> MeanCost {
    let count = min(errors.count, AnswerLoss.mostErrors)
    return MeanCost(
      borders.map { borders in
        var sum = 0.0
        for other in 0..<count {
          let errors = errors[other * errors.count / count]
          for sign in [1.0, -1] { sum += loss(beyond: borders, zip(borders, errors).map { $0.margin + sign * $1 }) }
        }
        return sum / Double(2 * count)
      })
  }

  private func loss(beyond borders: [Border], _ margins: [Double]) -> Double {
    // Of labels each may change; of classes the rival that is ahead wins.
    if meaning.task == .multilabel, measure == .drop {
      return zip(borders, margins).reduce(0) { $0 + ($1.1 < 0 ? $1.0.loss : 0) }
    }
    guard let least = margins.indices.min(by: { margins[$0] < margins[$1] }), margins[least] < 0 else { return 0 }
    return borders[least].loss
  }
}
