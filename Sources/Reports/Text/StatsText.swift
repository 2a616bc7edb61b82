import IR
import Runtime
import Tensors
import Texts

/// What `dermc stats` prints for people.
package enum StatsText {
  /// The figures of a model, and its layers where asked for; a line feed at the end.
  ///
  /// - Parameters:
  ///   - title: the file as the user named it
  ///   - fileBytes: size of the file
  package static func make(
    _ statistics: ModelStatistics, title: String, fileBytes: Int? = nil, perLayer: Bool = false
  ) -> String {
    var lines = [Printable.name(title, limit: 200)]
    var ends = TextTable([("", .left), ("", .left), ("", .left)])
    for input in statistics.inputs { ends.add(["input", Printable.name(input.name), type(input.type, statistics)]) }
    for output in statistics.outputs {
      ends.add(["output", Printable.name(output.name), type(output.type, statistics)])
    }
    lines += ends.lines(indent: 2) + [""]
    lines += figures(statistics, fileBytes: fileBytes).lines(indent: 2)
    if perLayer { lines += [""] + layers(statistics).lines(indent: 2) }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func type(_ type: TensorType, _ statistics: ModelStatistics) -> String {
    var shape = type.shape.map { "\($0)" }
    if statistics.hasFreeBatch, !shape.isEmpty { shape[0] = "N" }
    return "\(type.element.rawValue) [\(shape.joined(separator: ", "))]"
  }

  private static func figures(_ statistics: ModelStatistics, fileBytes: Int?) -> TextTable {
    var table = TextTable([("", .left), ("", .right), ("", .left)])
    func add(_ name: String, _ value: Int, _ remark: String = "") { table.add([name, Figures.grouped(value), remark]) }
    if let fileBytes { add("file bytes", fileBytes, Figures.bytes(fileBytes)) }
    add("parameters", statistics.parameters, "trainable")
    if statistics.runningStatistics > 0 {
      add("running statistics", statistics.runningStatistics, "BatchNorm means and variances")
    }
    add("constant bytes", statistics.weightBytes, Figures.bytes(statistics.weightBytes))
    let elements = statistics.bytesByElement.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
    if elements.count > 1 { for (element, bytes) in elements { add("  \(element.rawValue)", bytes) } }
    add("MACs", statistics.macs, "convolutions and matrix products")
    add("FLOPs", statistics.flops, "2 × MACs")
    add("element-wise operations", statistics.work.elementOperations, "activations, additions, pooling")
    add("peak activation bytes", statistics.peakActivationBytes, "alive at one step, layer by layer")
    if let memory = statistics.memory {
      add("memory bytes", memory.memoryBytes, "to run it here, on one thread")
      add("  arena", memory.arenaBytes, "activations, layers fused")
      add("  scratch", memory.scratchBytes, "rows and what kernels work with; each thread has its own")
      add("  packed", memory.packedBytes, "weights as kernels hold them")
    }
    return table
  }

  private static func layers(_ statistics: ModelStatistics) -> TextTable {
    var table = TextTable([
      ("layer", .left), ("operator", .left), ("output", .left), ("parameters", .right), ("MACs", .right),
      ("share", .right), ("element-wise", .right), ("bytes", .right),
    ])
    for layer in statistics.layers {
      let share = Double(layer.work.macs) / Double(max(1, statistics.macs))
      table.add([
        Printable.name(layer.name, limit: 48), layer.op, Figures.shape(layer.output.shape), blank(layer.parameters),
        blank(layer.work.macs), layer.work.macs == 0 ? "" : Figures.percent(share),
        blank(layer.work.elementOperations), blank(layer.weightBytes),
      ])
    }
    table.addTotal([
      Figures.count(statistics.layers.count, "layer"), "", "", Figures.grouped(statistics.parameters),
      Figures.grouped(statistics.macs), "", Figures.grouped(statistics.work.elementOperations),
      Figures.grouped(statistics.weightBytes),
    ])
    return table
  }

  private static func blank(_ n: Int) -> String { n == 0 ? "" : Figures.grouped(n) }
}
