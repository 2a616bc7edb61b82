package import Answers
package import IR
package import Runtime
package import Tensors

/// The features of an image: the mean of each channel of a network's activation over its rows and columns, which is put
/// out beside what the network puts out.
///
/// Of an int8 activation the integers are summed, so that features are the same on every processor; of a float one the
/// numbers, in double precision. Both in the order of places.
package struct PooledActivation: Sendable {
  /// The name of the activation.
  package let name: String
  package let channels: Int
  /// Its position among the outputs.
  private let output: Int

  /// The last activation, which maps are made of, too (`LastActivation`).
  ///
  /// - Parameters:
  ///   - graph: as it is executed; gets the activation as a further output
  ///   - input: the position of the input that takes images
  ///   - position: of the output that decides
  /// - Throws: where the network has none
  package init(lastOf graph: inout Graph, input: Int, output position: Int) throws(Refusal) {
    let found: LastActivation
    do throws(Refusal) {
      found = try LastActivation(of: graph, from: graph.inputs[input], to: graph.outputs[position])
    } catch {
      var reason = error
      reason.remedy = "use --unlike energy"
      throw reason
    }
    try self.init(graph[found.value].name, channels: found.channels, of: &graph)
  }

  /// - Parameters:
  ///   - name: of the activation
  ///   - channels: how many it is to have
  ///   - graph: as it is executed; gets the activation as a further output
  /// - Throws: where there is no such activation of one image
  package init(_ name: String, channels: Int, of graph: inout Graph) throws(Refusal) {
    guard
      let value = graph.valueIDs.first(where: { graph[$0].name == name && graph[$0].constant == nil }),
      !graph.isInput(value)
    else { throw Refusal("no activation is named \(name)") }
    let type = graph.type(of: value)
    guard type.rank == 4, type.shape[0] == 1, type.shape[1] == channels, type.shape[2] * type.shape[3] > 0 else {
      throw Refusal("\(name) is \(type), expected \(channels) channels of one image over rows and columns")
    }
    guard type.element == .float32 || type.element == .int8 && type.quantization != nil else {
      throw Refusal("\(name) is \(type), expected float32 or quantized int8")
    }
    self.name = name
    self.channels = channels
    output = graph.outputs.count
    graph.addOutput(value)
  }

  /// The features of what an executor of the graph has just run on.
  package func features(_ executor: Executor) -> [Double] {
    executor.withOutput(output) { view in
      let places = view.shape[2] * view.shape[3]
      guard let quantization = view.type.quantization else {
        let numbers = view.elements(Float.self)
        return (0..<channels).map { channel in
          var sum = 0.0
          for place in channel * places..<(channel + 1) * places { sum += Double(numbers[place]) }
          return sum / Double(places)
        }
      }
      let integers = view.elements(Int8.self)
      return (0..<channels).map { channel in
        var sum = 0
        for place in channel * places..<(channel + 1) * places { sum &+= Int(integers[place]) }
        return Double(quantization.scale) * Double(sum - places * quantization.zeroPoint) / Double(places)
      }
    }
  }
}

/// What tells how far an image is from those fitted on, while a network runs that a bundle tells it of.
package struct DistanceProbe: Sendable {
  private let pooled: PooledActivation
  private let distance: FeatureDistance

  /// - Parameters:
  ///   - distance: as the bundle tells it
  ///   - graph: as it is executed; gets the activation as a further output
  /// - Throws: where the network has no such activation
  package init(_ distance: FeatureDistance, in graph: inout Graph) throws(Refusal) {
    do throws(Refusal) {
      pooled = try PooledActivation(distance.activation, channels: distance.channels, of: &graph)
    } catch {
      throw error.about("section explanation.uncertainty.distance.activation")
    }
    self.distance = distance
  }

  /// Of what an executor of the graph has just run on.
  package func distance(_ executor: Executor) -> Float { distance.distance(pooled.features(executor)) }
}
