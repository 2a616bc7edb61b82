import Answers
import IR
import Math
import Operators
import Tensors
import Testing

/// Graphs of a batch of feature rows, built up from their end.
private struct Network {
  var graph = Graph(name: "network")
  private var x: ValueID
  private var count = 0

  init(features: Int = 8) {
    x = graph.addInput("x", TensorType(.float32, [1, features]))
    graph.hasFreeBatch = true
  }

  /// A dense layer on a value, or on the input.
  mutating func dense(_ count: Int, of value: ValueID? = nil) throws -> ValueID {
    let value = value ?? x
    self.count += 1
    let inputs = graph.type(of: value).shape[1]
    let weights = graph.addConstant(
      "w\(self.count)", Tensor(Array(repeating: Float(0.1), count: inputs * count), shape: [count, inputs]))
    return try add(Gemm(transB: true), value, weights)
  }

  mutating func add(_ op: any Operator, _ inputs: ValueID...) throws -> ValueID {
    count += 1
    return try graph.add(op, name: "n\(count)", inputs: inputs)[0]
  }

  func with(outputs: ValueID...) -> Graph {
    var graph = graph
    for output in outputs { graph.addOutput(output) }
    return graph
  }
}

@Suite struct OutputReadingTests {
  @Test(arguments: [(1, OutputMeaning.Task.binary), (2, .binary), (3, .multiclass), (7, .multiclass)])
  func countsTellWhatLogitsDecide(count: Int, task: OutputMeaning.Task) throws {
    var network = Network()
    let output = try network.dense(count)
    let meaning = try OutputReading(network.with(outputs: output)).meaning
    #expect(meaning.task == task && meaning.scores == .logits && meaning.count == count)
  }

  @Test(arguments: [(1, OutputMeaning.Task.binary), (2, .multilabel), (5, .multilabel)])
  func aSigmoidGivesEachNumberAProbability(count: Int, task: OutputMeaning.Task) throws {
    var network = Network()
    let output = try network.add(Unary(.sigmoid), network.dense(count))
    let meaning = try OutputReading(network.with(outputs: output)).meaning
    #expect(meaning.task == task && meaning.scores == .probabilities)
  }

  /// What only moves elements, or keeps them within 0 to 1, does not hide what a graph ends in.
  @Test func looksThroughWhatMovesElements() throws {
    var network = Network()
    var output = try network.add(Softmax(), network.dense(4))
    output = try network.add(Unary(.clip(lower: 1e-7, upper: 1)), output)
    output = try network.add(Reshape(shape: [0, 4, 1, 1]), output)
    output = try network.add(Reshape(shape: [0, 4]), output)
    let meaning = try OutputReading(network.with(outputs: output)).meaning
    #expect(meaning.task == .multiclass && meaning.scores == .probabilities)
  }

  @Test func aSoftmaxInPartsIsOne() throws {
    var network = Network()
    let exponentials = try network.add(Unary(.exp), network.dense(4))
    let sum = try network.add(Reduce(.sum, axes: [1]), exponentials)
    let output = try network.add(Binary(.div), exponentials, sum)
    #expect(try OutputReading(network.with(outputs: output)).meaning.scores == .probabilities)
  }

  @Test func aLogSoftmaxStaysLogits() throws {
    var network = Network()
    let output = try network.add(LogSoftmax(), network.dense(4))
    #expect(try OutputReading(network.with(outputs: output)).meaning.scores == .logits)
  }

  @Test func aMapDecidesNothing() throws {
    var graph = Graph(name: "map")
    let x = graph.addInput("x", TensorType(.float32, [1, 3, 4, 4]))
    graph.addOutput(try graph.add(Unary(.sigmoid), name: "s", inputs: [x])[0])
    #expect(try OutputReading(graph).meaning.task == .none)
  }

  /// One number is no decision between seven classes.
  @Test func oneNumberDecidesBetweenTwo() throws {
    var network = Network()
    let output = try network.dense(1)
    let graph = network.with(outputs: output)
    var request = OutputReading.Request()
    request.labels = 7
    #expect(try OutputReading(graph, request).meaning.task == .none)
    request.labels = 2
    #expect(try OutputReading(graph, request).meaning.task == .binary)
  }

  @Test func theDecisionIsComputedFromTheEmbedding() throws {
    var network = Network()
    let embedding = try network.dense(5)
    let logits = try network.dense(3, of: embedding)
    for outputs in [network.with(outputs: embedding, logits), network.with(outputs: logits, embedding)] {
      let reading = try OutputReading(outputs)
      #expect(reading.meaning.output == outputs[logits].name && reading.meaning.count == 3)
      #expect(outputs.outputs[reading.position] == logits && reading.rivals.isEmpty)
    }
  }

  @Test func labelsTellWhichOfTwoHeadsDecides() throws {
    var network = Network()
    let (first, second) = (try network.dense(5), try network.dense(3))
    let graph = network.with(outputs: first, second)
    let unclear = try OutputReading(graph)
    #expect(unclear.position == 0 && unclear.rivals == [graph[second].name])
    var request = OutputReading.Request()
    request.labels = 3
    let clear = try OutputReading(graph, request)
    #expect(clear.position == 1 && clear.rivals.isEmpty)
  }

  @Test func whatIsToldGoesFirst() throws {
    var network = Network()
    let (first, second) = (try network.dense(5), try network.dense(3))
    let graph = network.with(outputs: first, second)
    var request = OutputReading.Request()
    request.output = graph[second].name
    request.task = .multilabel
    request.scores = .probabilities
    let reading = try OutputReading(graph, request)
    #expect(
      reading.meaning == OutputMeaning(output: graph[second].name, task: .multilabel, scores: .probabilities, count: 3))
    request.output = "absent"
    #expect(throws: Refusal.self) { try OutputReading(graph, request) }
    request.output = nil
    request.task = .binary
    #expect(throws: Refusal.self) { try OutputReading(graph, request) }
  }

  /// Scores that were rounded are a decision: no probability comes back from it.
  @Test func refusesDecisions() throws {
    var network = Network()
    let rounded = try network.add(Unary(.round), network.add(Unary(.sigmoid), network.dense(1)))
    #expect(throws: Refusal.self) { try OutputReading(network.with(outputs: rounded)) }
    let whole = try network.add(ArgMax(axis: 1), network.dense(3))
    #expect(throws: Refusal.self) { try OutputReading(network.with(outputs: whole)) }
  }

  /// No logit stays above zero, and a softmax of one number is always 1.
  @Test func quantitiesDecideNothing() throws {
    for op: any Operator in [Unary(.clip(lower: 0, upper: .infinity)), Softmax(), Unary(.softplus)] {
      var network = Network()
      let output = try network.add(op, network.dense(1))
      #expect(try OutputReading(network.with(outputs: output)).meaning.task == .none)
    }
  }

  @Test func oneLessAProbabilityIsOne() throws {
    var network = Network()
    let one = network.graph.addConstant("one", Tensor([1] as [Float], shape: [1]))
    let sigmoid = try network.add(Unary(.sigmoid), network.dense(1))
    let output = try network.add(Binary(.sub), one, sigmoid)
    let meaning = try OutputReading(network.with(outputs: output)).meaning
    #expect(meaning.task == .binary && meaning.scores == .probabilities)
  }

  @Test func refusesASoftmaxAlongTheBatch() throws {
    var network = Network()
    let output = try network.add(Softmax(axis: 0), network.dense(3))
    let graph = network.with(outputs: output)
    #expect(throws: Refusal.self) { try OutputReading(graph) }
    var request = OutputReading.Request()
    request.task = OutputMeaning.Task.none
    #expect(try OutputReading(graph, request).meaning.task == .none)
  }

  /// Names from a file cannot forge a line of an error.
  @Test func errorsAreOneLine() throws {
    var graph = Graph(name: "odd")
    let x = graph.addInput("x", TensorType(.float32, [1, 4]))
    graph.addOutput(try graph.add(ArgMax(axis: 1), name: "arg", inputs: [x], outputNames: ["a\nb\u{1B}"])[0])
    let error = try #require(throws: Refusal.self) { try OutputReading(graph) }
    #expect(error.description.hasPrefix("output a?b? is int64"), "\(error)")
  }

  @Test func refusesWhatABundleSaysOfAnotherGraph() throws {
    var network = Network()
    let output = try network.dense(3)
    let graph = network.with(outputs: output)
    let stored = try OutputReading(graph).meaning
    #expect(try OutputReading.stored(stored.json, in: graph, labels: nil).meaning == stored)
    for wrong in [
      OutputMeaning(output: "other", task: .multiclass, scores: .logits, count: 3),
      OutputMeaning(output: stored.output, task: .multiclass, scores: .logits, count: 4),
    ] {
      #expect(throws: Refusal.self) { try OutputReading.stored(wrong.json, in: graph, labels: nil) }
    }
  }
}
