import CanonicalJSON

/// One layer of the compiled model.
package struct LayerReport: Sendable, Equatable {
  package var name: String
  /// The operator as the float model has it: `Conv`, also where it runs in int8.
  package var op: String
  package var output: [Int]
  package var macs: Int
  /// `int8`, `float32` or `pass-through`.
  package var precision: String
  /// Bits of a weight; nil for layers without weights.
  package var bits: Int?
  /// How many weights the layer has, biases not counted.
  package var weights: Int
  /// Bytes of the layer's constants before any coding.
  package var bytes: Int
  /// The fraction of weights that are zero; nil for layers without weights.
  package var sparsity: Double?
  /// Signal to quantization noise of the output in dB, against the float model; nil where both are equal or it was not
  /// measured.
  package var outputSQNR: Double?
  /// Why the layer stays float; empty otherwise.
  package var reason: String
  /// Channels whose weight scale was raised so that the bias fits int32.
  package var raisedScales: Int
  /// What the layer's constants take in the bundle; nil where nothing tells.
  package var stored: StoredBytes?

  package init(
    name: String, op: String, output: [Int], macs: Int = 0, precision: String, bits: Int? = nil, weights: Int = 0,
    bytes: Int = 0, sparsity: Double? = nil, outputSQNR: Double? = nil, reason: String = "", raisedScales: Int = 0
  ) {
    self.name = name
    self.op = op
    self.output = output
    self.macs = macs
    self.precision = precision
    self.bits = bits
    self.weights = weights
    self.bytes = bytes
    self.sparsity = sparsity
    self.outputSQNR = outputSQNR
    self.reason = reason
    self.raisedScales = raisedScales
  }

  var isInt8: Bool { precision == "int8" }
  package var isFloat: Bool { precision == "float32" }

  /// Bits of the bundle that a weight takes; nil for layers without weights.
  package var storedBits: Double? {
    stored.flatMap { weights > 0 ? 8 * Double($0.weights) / Double(weights) : nil }
  }

  var json: JSON {
    var members: JSONObject = [
      "name": .string(name), "op": .string(op), "output": .ints(output), "macs": .int(macs),
      "precision": .string(precision), "bits": bits.map { .int($0) } ?? .null, "weights": .int(weights),
      "bytes": .int(bytes), "sparsity": .finite(sparsity), "output_sqnr_db": .finite(outputSQNR),
      "reason": .string(reason), "raised_scales": .int(raisedScales),
    ]
    if let stored {
      members["stored"] = [
        "weights": .int(stored.weights), "steps": .int(stored.steps), "biases": .int(stored.biases),
        "other": .int(stored.other),
      ]
      members["stored_bits"] = .finite(storedBits)
    }
    return .object(members)
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(
      name: try node["name"].string(), op: try node["op"].string(), output: try node.optional("output")?.ints() ?? [],
      macs: try node.count("macs"), precision: try node["precision"].string(), bits: try node.optional("bits")?.int(),
      weights: try node.count("weights"), bytes: try node.count("bytes"),
      sparsity: try node.optional("sparsity")?.double(), outputSQNR: try node.optional("output_sqnr_db")?.double(),
      reason: try node.optional("reason")?.string() ?? "", raisedScales: try node.count("raised_scales"))
    stored = try node.optional("stored").map { (node) throws(JSONError) in
      StoredBytes(
        weights: try node.count("weights"), steps: try node.count("steps"), biases: try node.count("biases"),
        other: try node.count("other"))
    }
  }
}
