import IR
import Quantization
import Reports
import Tensors

/// What `dermc calibrate --moments` gathered of samples that had been counted, in the place of the samples.
struct GatheredMoments {
  let path: String
  private let part: MomentPart

  var shards: Int { part.data.shardCount }

  /// Reads a file of second moments, which must be of the counted samples and of all of them.
  ///
  /// - Parameter counts: the file the counts are from
  init(at path: String, on counted: CalibrationPart, from counts: String) throws(Refusal) {
    self.path = path
    part = try MomentPart(path: path)
    try part.checkComplete(path, line: "dermc calibrate MODEL DATA --moments \(counts)")
    func refuse(_ reason: String) -> Refusal {
      Refusal(
        file: path, reason: reason, remedy: "gather them again (dermc calibrate MODEL DATA --moments \(counts))")
    }
    if let difference = part.origin.difference(from: counted.origin) {
      throw refuse("does not belong to \(counts): it is \(difference)")
    }
    if let difference = part.data.differenceOfSamples(from: counted.data) {
      throw refuse("does not belong to \(counts): it is \(difference)")
    }
    if let file = part.data.changedFile(since: counted.data) {
      throw refuse("is of another file than was counted (\(file)): the data changed meanwhile")
    }
    let counted = counted.data
    guard part.data.used == counted.used || counted.chosen > InputMoments.mostRows else {
      throw refuse(
        "is of \(Figures.count(part.data.used, "sample")), \(counts) of \(Figures.grouped(counted.used)): some could "
          + "be used only once")
    }
  }

  /// The moments of each layer, by the float graph's nodes.
  ///
  /// - Parameters:
  ///   - network: whose layers they are to be of
  ///   - identity: what tells the network from others
  ///   - graph: the float graph
  func byLayer(
    _ network: UnroundedNetwork, _ identity: MomentPart.Network, _ graph: Graph
  ) throws(Refusal) -> [NodeID: InputMoments] {
    if let difference = part.network.difference(from: identity) {
      throw Refusal(
        file: path, reason: "was gathered in a network \(difference)",
        remedy: "give the same options, or gather again (dermc calibrate --moments)")
    }
    let plan = try Preparation.plan(network.nearest.graph)
    let gatherer = MomentGatherer(plan, of: network.nearest, samples: part.data.chosen)
    guard part.layers == MomentPart.layers(of: gatherer, graph) else {
      throw Refusal(.malformed, file: path, reason: "holds moments of other layers than the network has")
    }
    let known = zip(gatherer.forms, part.moments).compactMap { layer, moments in moments.map { (layer.layer, $0) } }
    return Dictionary(uniqueKeysWithValues: known)
  }
}
