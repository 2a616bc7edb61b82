import DataSets
import IR
package import Quantization
import Reports
import Tensors

/// The int8 network in which second moments are gathered: its ranges come from counts.
package struct MomentRequest {
  /// The file of counts.
  package let counts: String
  package var estimator = RangeEstimator.mse
  /// Names of nodes that stay float.
  package var keptFloat: [String] = []

  package init(counts: String) { self.counts = counts }

  /// As far as a recipe says what network is made of counts.
  fileprivate var recipe: Recipe {
    var recipe = Recipe()
    recipe.int8 = true
    recipe.estimator = estimator
    recipe.keptFloat = keptFloat
    return recipe
  }
}

/// Gathers second moments of what layers multiply, on a shard of the samples that were counted before.
struct MomentCount {
  private let request: MomentRequest
  let counts: CountedCalibration
  private let listing: PartData

  /// Reads the counts.
  ///
  /// - Parameter site: whose samples are looked at
  init(_ request: MomentRequest, site: String?) throws(Refusal) {
    self.request = request
    guard let counts = try CountedCalibration(at: request.counts) else {
      throw Refusal(file: request.counts, reason: "holds no counts (dermc calibrate MODEL DATA)")
    }
    guard let listing = counts.data.sites.first(where: { $0.site == site }) else {
      let names = counts.data.names
      throw .usage(
        names.isEmpty
          ? "--site \(site ?? ""): \(request.counts) holds counts of no site: leave it out"
          : "\(request.counts): holds counts of the sites \(names.joined(separator: ", ")): say with --site whose the "
            + "samples are")
    }
    (self.counts, self.listing) = (counts, listing)
  }

  /// The choice of samples, which was made when they were counted.
  func choice(_ samples: Int?, _ seed: UInt64) throws(Refusal) -> (samples: Int?, seed: UInt64) {
    if let samples, samples != listing.asked { throw chosen("--samples \(samples)") }
    if seed != 0, seed != listing.seed { throw chosen("--seed \(seed)") }
    return (listing.asked, listing.seed)
  }

  private func chosen(_ option: String) -> Refusal {
    .usage("\(option): samples were chosen when they were counted, for \(request.counts): leave it out")
  }

  /// How many of the site's chosen samples are looked at, those that come first: sums of more would not fit.
  private var most: Int {
    let sites = counts.data.sites
    let before = counts.data.firstNumber(of: listing.site)
    return sites.reduce(0) { $0 + $1.chosen } <= InputMoments.mostRows ? .max : InputMoments.mostRows - before
  }

  /// What to warn of where not all are looked at.
  private var limitWarning: String? {
    guard counts.data.chosen > InputMoments.mostRows else { return nil }
    let most = Figures.grouped(InputMoments.mostRows)
    return "second moments are of the first \(most) of \(Figures.grouped(counts.data.chosen)) samples: to have them of "
      + "some from everywhere, count --samples \(InputMoments.mostRows) or fewer"
  }

  /// Runs the int8 network on a shard of the chosen samples.
  func gather(
    _ count: CalibrationCount, _ origin: PartOrigin, _ float: FloatNetwork, _ loader: SampleLoader, chosen: [Int],
    observer: any WorkObserver
  ) throws(Refusal) -> MomentPart {
    func refuse(_ difference: String) -> Refusal {
      Refusal(
        file: request.counts, reason: "does not belong to what is gathered now, which is \(difference)",
        remedy: "give the model, data and options it was counted with")
    }
    if let difference = origin.difference(from: counts.origin) { throw refuse(difference) }
    if count.shard.index == 1 { try observer.warn(limitWarning, isStrict: count.isStrict) }
    let (network, identity) = try counts.network(float, request.recipe, threads: count.threads)
    let gatherer = MomentGatherer(
      try Preparation.plan(network.nearest.graph), of: network.nearest, samples: counts.data.chosen)
    let part = count.shard.positions(of: chosen.count).clamped(to: 0..<max(0, most)).map { chosen[$0] }
    observer.begin("Gathering moments", count: part.count)
    let found = gatherer.run(
      loader, samples: part, numberedFrom: counts.data.firstNumber(of: listing.site), threads: count.threads
    ) { _ in observer.advance() }
    observer.end()
    let data = PartData(
      loader, chosen: chosen, asked: listing.asked, seed: listing.seed, shard: count.shard,
      isAnonymous: count.isAnonymous, site: count.site, atMost: most)
    if let difference = data.differenceOfSamples(from: listing) { throw refuse(difference) }
    let layers = MomentPart.layers(of: gatherer, float.graph)
    let moments = gatherer.forms.map { found[$0.layer] ?? InputMoments($0.form) }
    if count.isAnonymous || count.site != nil, data.used >= count.fewestSamples {
      try observer.warn(MomentCount.tellingWarning(layers, moments), isStrict: count.isStrict)
    }
    return MomentPart(origin, identity, data, layers, moments)
  }

  /// What to warn of where so few inputs were seen that their sums of products tell them.
  private static func tellingWarning(_ layers: [MomentPart.Layer], _ moments: [InputMoments]) -> String? {
    var least: (name: String, rows: Int, columns: Int)?
    for (layer, moments) in zip(layers, moments) where moments.rows > 0 {
      let (rows, columns) = (moments.rows, moments.blocks.map(\.count).max() ?? 0)
      guard rows < columns, rows * (least?.columns ?? 1) < columns * (least?.rows ?? 1) else { continue }
      least = (layer.name, rows, columns)
    }
    return least.map {
      "so few samples may be told from second moments: what \($0.name) is given is \(Figures.grouped($0.rows)) rows "
        + "of \(Figures.grouped($0.columns)) numbers; gather more in a part that leaves the house (--min-samples)"
    }
  }
}
