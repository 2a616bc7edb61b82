package import CanonicalJSON

extension FeatureDistance {
  /// The object that `init(json:)` reads.
  package var json: JSON {
    [
      "activation": .string(activation), "false_alarms": .double(falseAlarms), "threshold": .double(Double(threshold)),
      "samples": .int(samples), "variance": .double(Double(variance)), "mean": .object(mean.json),
      "axes": .array(
        axes.map { axis in
          var object = axis.numbers.json
          object["variance"] = .double(Double(axis.variance))
          return .object(object)
        }),
    ]
  }

  /// The same without the many numbers, for reports.
  package var summary: JSON {
    [
      "activation": .string(activation), "false_alarms": .double(falseAlarms), "threshold": .double(Double(threshold)),
      "samples": .int(samples), "channels": .int(channels), "axes": .int(axes.count),
    ]
  }

  /// Reads what a bundle stores.
  init(json: JSONNode) throws(JSONError) {
    try json.allowOnly("activation", "false_alarms", "threshold", "samples", "variance", "mean", "axes")
    let mean = try json["mean"]
    try mean.allowOnly("scale", "numbers")
    let center = try Numbers(mean, limit: FeatureDistance.meanLimit)
    guard !center.integers.isEmpty else { throw try mean["numbers"].error("expected a number for each channel") }
    let variance = try json["variance"].positive()
    let nodes = try json["axes"].elements()
    guard nodes.count <= FeatureDistance.mostAxes else {
      throw try json["axes"].error("\(nodes.count) axes, at most \(FeatureDistance.mostAxes) are known")
    }
    let axes = try nodes.map { (node) throws(JSONError) in
      try node.allowOnly("scale", "numbers", "variance")
      let numbers = try Numbers(node, limit: FeatureDistance.axisLimit)
      guard numbers.integers.count == center.integers.count else {
        throw try node["numbers"].error("\(numbers.integers.count) numbers for \(center.integers.count) channels")
      }
      let own = try node["variance"].positive()
      guard own > variance else { throw try node["variance"].error("expected more than that of other directions") }
      return Axis(numbers: numbers, variance: own)
    }
    let threshold = try json["threshold"].float()
    guard threshold >= 0 else { throw try json["threshold"].error("a distance is not negative") }
    guard
      let read = FeatureDistance(
        activation: try json["activation"].string(), mean: center, axes: axes, variance: variance,
        samples: try json["samples"].int(in: 1...1 << 30), falseAlarms: try json["false_alarms"].share(),
        threshold: threshold)
    else { throw json.error("its numbers make no covariance") }
    self = read
  }
}

extension FeatureDistance.Numbers {
  fileprivate var json: JSONObject { ["scale": .double(Double(scale)), "numbers": .ints(integers.map { Int($0) })] }

  fileprivate init(_ node: JSONNode, limit: Int16) throws(JSONError) {
    let limit = Int(limit)
    self.init(
      scale: try node["scale"].positive(), integers: try node["numbers"].ints(in: -limit...limit).map { Int16($0) })
  }
}

extension JSONNode {
  fileprivate func positive() throws(JSONError) -> Float {
    let value = try float()
    guard value > 0 else { throw error("expected a number above 0") }
    return value
  }
}
