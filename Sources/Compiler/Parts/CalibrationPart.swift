import Bundles
import CanonicalJSON
import Hashing
import IR
import Quantization
import Tensors

/// How often a model's values were what, counted on parts of a data set.
///
/// Counts are integers in grids that follow from the values, so that putting parts together is exact, and the order
/// does not matter: what is merged is what one run over all samples counts, and so are the bytes of its file.
struct CalibrationPart: MergeablePart {
  static let kind = "calibration"
  /// The version of what such a file holds.
  static let version = 1

  let origin: PartOrigin
  var origins: [PartOrigin] { [origin] }
  private(set) var data: PooledData
  /// The names of values, in the graph's order.
  let values: [String]
  /// What was seen of each.
  private(set) var observations: [Observation]

  /// - Parameter observed: by the values of a graph that calibration observes
  init(_ origin: PartOrigin, _ data: PartData, _ graph: Graph, _ observed: [ValueID: Observation]) {
    self.origin = origin
    self.data = PooledData(data)
    let ids = CalibrationPart.values(of: graph)
    values = ids.map { graph[$0].name }
    observations = ids.map { observed[$0] ?? Observation() }
  }

  /// The values that are counted, in their order.
  static func values(of graph: Graph) -> [ValueID] { Quantizer.valuesToObserve(graph).sorted() }

  mutating func merge(_ other: CalibrationPart) throws(Refusal) {
    try check(other)
    guard values == other.values else { throw Refusal(.malformed, reason: "holds counts of other values") }
    for index in observations.indices {
      guard observations[index].canTake(other.observations[index]) else {
        throw Refusal(.malformed, reason: "value \(values[index]) has another number of channels")
      }
      observations[index].merge(other.observations[index])
      guard !observations[index].isBeyondReading else {
        throw Refusal(.malformed, reason: "value \(values[index]) was counted more often than any data set is large")
      }
    }
    try data.add(other.data)
  }

  // MARK: Files

  init(_ file: PartFile) throws(Refusal) {
    let count: Int
    do throws(JSONError) {
      let node = file.description
      try CalibrationPart.check(node)
      try node.allowOnly("kind", "version", "origin", "data", "values")
      origin = try PartOrigin(node["origin"])
      data = try PooledData(node["data"])
      values = try node["values"].strings()
      count = values.count
    } catch {
      throw file.malformed("\(error)")
    }
    do throws(Refusal) {
      observations = try CalibrationPart.observations(file[.counts], count: count)
      var data = data
      try data.readFiles(file)
      self.data = data
    } catch {
      throw error.of(file: file.path)
    }
  }

  private static func observations(_ buffer: Buffer, count: Int) throws(Refusal) -> [Observation] {
    try buffer.withBytes { (bytes) throws(Refusal) in
      var reader = CountReader(bytes, name: PartFile.Content.counts.rawValue)
      var observations: [Observation] = []
      var histograms = 0
      for _ in 0..<count {
        observations.append(try Observation(reading: &reader))
        histograms += observations[observations.count - 1].histogramCount
        guard histograms <= Observation.mostHistograms else {
          throw reader.malformed("has more than \(Observation.mostHistograms) histograms")
        }
      }
      guard reader.isAtEnd else { throw reader.malformed("goes on after the last value") }
      return observations
    }
  }

  /// Writes a file aside.
  func stage(for path: String) throws(Refusal) -> StagedFile {
    guard observations.reduce(0, { $0 + $1.histogramCount }) <= Observation.mostHistograms else {
      throw Refusal(file: path, reason: "would hold more than \(Observation.mostHistograms) histograms")
    }
    var counts = CountWriter()
    for observation in observations { observation.write(to: &counts) }
    let description: JSON = [
      "kind": .string(CalibrationPart.kind), "version": .int(CalibrationPart.version), "origin": origin.json,
      "data": data.json, "values": .strings(values),
    ]
    var contents: [PartFile.Content: [UInt8]] = [.counts: counts.bytes]
    contents[.files] = data.fileBytes
    return try PartFile.stage(description, contents, for: path)
  }
}
