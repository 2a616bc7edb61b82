import DataSets
import IR
import Quantization
import Runtime
import Tensors

/// What the values of a float graph are on samples, as far as its int8 form depends on them.
enum ObservedValues {
  /// - Parameter plan: of the graph
  static func gather(
    _ graph: Graph, _ plan: Plan, _ loader: SampleLoader, _ samples: [Int], threads: Int, observer: any WorkObserver
  ) -> [ValueID: Observation] {
    observer.begin("Calibrating", count: samples.count)
    defer { observer.end() }
    return Calibrator(plan, of: graph, observing: Quantizer.valuesToObserve(graph))
      .run(loader, samples: samples, threads: threads) { _ in observer.advance() }
  }

  /// Refuses values that are no numbers.
  static func check(_ observations: [ValueID: Observation], of graph: Graph, file: String) throws(Refusal) {
    for (value, observation) in observations.sorted(by: { $0.key < $1.key }) where observation.histograms.notFinite > 0
    {
      throw Refusal(
        file: file,
        reason: "value \(graph[value].name) became NaN or infinite on calibration samples; "
          + "check the preprocessing (--scale, --mean, --std)")
    }
  }
}
