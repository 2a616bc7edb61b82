import IR
import Math
import Operators
import Tensors

/// RNN, GRU and LSTM, written out: the layers of each step of the sequence become part of the graph.
enum Recurrences: ONNXFamily {
  static let limits =
    "written out step by step; Sigmoid, Tanh and Relu; not clip, coupled gates or sequences of different lengths"
  static let readers: [String: NodeReader] = ["GRU": gru, "LSTM": lstm, "RNN": rnn]

  /// h = f(W x + Wb + R h + Rb)
  private static func rnn(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    try layer(&node, gates: 1, defaults: [.tanh]) { cell, input, state throws(Refusal) in
      let sum = try cell.step("sum", .add, input, try cell.recurrent(state.hidden))
      return State(hidden: try cell.activated(0, "hidden", sum))
    }
  }

  /// z = f(Wz x + Rz h), r = f(Wr x + Rr h), n = g(Wn x + r * Rn h) or, where `linear_before_reset` is 0,
  /// g(Wn x + Rn (r * h)), each with its biases: h = (1 - z) * n + z * h.
  private static func gru(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let isLinearFirst = try node.bool("linear_before_reset", default: false)
    return try layer(&node, gates: 3, defaults: [.sigmoid, .tanh]) { cell, input, state throws(Refusal) in
      let before = state.hidden
      let product = try cell.recurrent(before, gates: isLinearFirst ? 0..<3 : 0..<2)
      let update = try cell.activated(
        0, "update",
        try cell.step(
          "update_sum", .add, try cell.gate(0, "update_input", of: input),
          try cell.gate(0, "update_state", of: product)))
      let reset = try cell.activated(
        0, "reset",
        try cell.step(
          "reset_sum", .add, try cell.gate(1, "reset_input", of: input),
          try cell.gate(1, "reset_state", of: product)))
      let memory =
        isLinearFirst
        ? try cell.step("memory", .mul, reset, try cell.gate(2, "new_state", of: product))
        : try cell.recurrent(try cell.step("kept", .mul, reset, before), gates: 2..<3)
      let new = try cell.activated(
        1, "new", try cell.step("new_sum", .add, try cell.gate(2, "new_input", of: input), memory))
      // (1 - z) * n + z * h = n + z * (h - n)
      let change = try cell.step("change", .mul, update, try cell.step("difference", .sub, before, new))
      return State(hidden: try cell.step("hidden", .add, new, change))
    }
  }

  /// i, o, f = f(W x + R h + P * c), n = g(Wn x + Rn h), each with its biases, o with the new c:
  /// c = f * c + i * n, h = o * h(c).
  private static func lstm(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    guard try !node.bool("input_forget", default: false) else {
      throw Refusal("attribute input_forget is 1: gates that are coupled are not supported")
    }
    return try layer(&node, gates: 4, defaults: [.sigmoid, .tanh, .tanh]) { cell, input, state throws(Refusal) in
      guard let before = state.cell else { throw Refusal("has no state") }
      let sum = try cell.step("sum", .add, input, try cell.recurrent(state.hidden))
      func gate(_ index: Int, _ name: String, peephole: Int, _ memory: Symbol) throws(Refusal) -> Symbol {
        let own = try cell.gate(index, "\(name)_sum", of: sum)
        guard let weights = cell.peepholes else { return try cell.activated(0, name, own) }
        let seen = try cell.step(
          "\(name)_peephole", .mul, try cell.gate(peephole, "\(name)_weights", of: weights), memory)
        return try cell.activated(0, name, try cell.step("\(name)_seeing", .add, own, seen))
      }
      let taken = try cell.step(
        "taken", .mul, try gate(0, "input", peephole: 0, before),
        try cell.activated(1, "new", try cell.gate(3, "new_sum", of: sum)))
      let kept = try cell.step("kept", .mul, try gate(2, "forget", peephole: 2, before), before)
      let memory = try cell.step("cell", .add, kept, taken)
      let shown = try cell.activated(2, "shown", memory)
      return State(
        hidden: try cell.step("hidden", .mul, try gate(1, "output", peephole: 1, memory), shown), cell: memory)
    }
  }

  /// What goes from one step to the next, each [batch, hidden] or, before the first, [1, hidden].
  private struct State {
    var hidden: Symbol
    var cell: Symbol?
  }

  /// One step in one direction.
  private struct Cell {
    let node: NodeImport
    /// What its nodes' names begin with.
    let name: String
    let hidden: Int
    let activations: [UnaryFunction]
    /// R' [hidden, gates * hidden]
    let weights: Symbol
    /// [gates * hidden]
    let bias: Symbol?
    /// [3 * hidden]: of the input, output and forget gates.
    let peepholes: Symbol?

    func step(_ step: String, _ function: Binary.Function, _ a: Symbol, _ b: Symbol) throws(Refusal) -> Symbol {
      try node.step("\(name)/\(step)", function, a, b)
    }

    func activated(_ index: Int, _ step: String, _ x: Symbol) throws(Refusal) -> Symbol {
      try node.step("\(name)/\(step)", activations[index], x)
    }

    /// The numbers of one of the gates that stand side by side.
    func gate(_ index: Int, _ step: String, of x: Symbol) throws(Refusal) -> Symbol {
      try node.columns("\(name)/\(step)", of: x, index * hidden..<(index + 1) * hidden)
    }

    /// R h + Rb of some gates; of all unless they are said.
    func recurrent(_ state: Symbol, gates: Range<Int>? = nil) throws(Refusal) -> Symbol {
      let name = "\(name)/recurrent\(gates.map { "_\($0.lowerBound)" } ?? "")"
      let columns = gates.map { $0.lowerBound * hidden..<$0.upperBound * hidden } ?? 0..<weights.shape[1]
      let matrix = try node.columns("\(name)/weights", of: weights, columns)
      let product = try node.step(name, product: state, matrix)
      guard let bias else { return product }
      return try node.step("\(name)/biased", .add, product, try node.columns("\(name)/bias", of: bias, columns))
    }
  }

  /// Inputs: X [steps, batch, inputs], W and R [directions, gates * hidden, ...], B, sequence_lens, initial_h, and
  /// of an LSTM initial_c and P. Outputs: Y [steps, directions, batch, hidden], and of the last steps Y_h and Y_c
  /// [directions, batch, hidden]. With `layout` 1 the batch is the first dimension of all.
  private static func layer(
    _ node: inout NodeImport, gates: Int, defaults: [UnaryFunction],
    _ compute: (Cell, _ input: Symbol, State) throws(Refusal) -> State
  ) throws(Refusal) -> [Symbol] {
    let isBatchFirst = try node.bool("layout", default: false)
    let given = try node.input(0, "X")
    guard given.shape.count == 3 else { throw Refusal("X has shape \(given.shape), expected 3 dimensions") }
    let x = try node.step("steps_first", transposing: given, by: isBatchFirst ? [1, 0, 2] : [0, 1, 2])
    let steps = x.shape[0]
    guard steps > 0 else { throw Refusal("X has shape \(given.shape), which has no steps") }
    let directions = try directions(&node)
    let weights = try node.input(1, "W")
    let recurrences = try node.input(2, "R")
    guard recurrences.shape.count == 3, let hidden = recurrences.shape.last, hidden > 0,
      recurrences.shape == [directions.count, gates * hidden, hidden],
      weights.shape == [directions.count, gates * hidden, x.shape[2]],
      try node.int("hidden_size", default: hidden) == hidden
    else {
      throw Refusal("W with shape \(weights.shape) and R with shape \(recurrences.shape) do not fit X \(given.shape)")
    }
    let activations = try activations(&node, defaults, directions.count)
    if let lengths = try node.ints(input: 4, "sequence_lens"), lengths.contains(where: { $0 != steps }) {
      throw Refusal("sequence_lens are \(Listing.of(lengths.map { "\($0)" })), expected \(steps) for all sequences")
    }
    var sequences: [Symbol] = []
    var last: [State] = []
    for (index, isBackwards) in directions.enumerated() {
      let name = isBackwards ? "backward" : "forward"
      func part(_ input: Int, _ shape: [Int], axis: Int = 0) throws(Refusal) -> Symbol? {
        guard let all = node.optional(input) else { return nil }
        guard axis < all.shape.count, all.shape[axis] == directions.count else {
          throw Refusal("input \(input) has shape \(all.shape), expected \(directions.count) directions")
        }
        let which = node.constant("\(name)/direction", Tensor(scalar: Int64(index)))
        let own = try node.add(step: "\(name)/input_\(input)", Gather(axis: axis), [all, which])
        guard zip(own.shape, shape).allSatisfy({ $1 < 0 || $0 == $1 }), own.shape.count == shape.count else {
          throw Refusal("input \(input) has shape \(all.shape), which does not fit \(hidden) hidden numbers")
        }
        return own
      }
      guard let own = try part(1, [-1, -1]), let recurrent = try part(2, [-1, -1]) else {
        throw Refusal("W or R is missing")
      }
      let bias = try part(3, [2 * gates * hidden])
      let zeros = node.constant("\(name)/start", Tensor([Float](repeating: 0, count: hidden), shape: [1, hidden]))
      var state = State(hidden: try part(5, [-1, hidden], axis: isBatchFirst ? 1 : 0) ?? zeros)
      if gates == 4 { state.cell = try part(6, [-1, hidden], axis: isBatchFirst ? 1 : 0) ?? zeros }
      let peepholes = gates == 4 ? try part(7, [3 * hidden]) : nil
      // What the inputs give is the same product at all steps.
      var inputs = try node.step(
        "\(name)/inputs", product: x, try node.step("\(name)/input_weights", transposing: own, by: [1, 0]))
      if let bias {
        inputs = try node.step(
          "\(name)/biased_inputs", .add, inputs, try node.columns("\(name)/input_bias", of: bias, 0..<gates * hidden))
      }
      let matrix = try node.step("\(name)/recurrent_weights", transposing: recurrent, by: [1, 0])
      let offset = try bias.map { (bias) throws(Refusal) in
        try node.columns("\(name)/recurrent_bias", of: bias, gates * hidden..<2 * gates * hidden)
      }
      var outputs: [Symbol] = []
      for step in 0..<steps {
        let place = isBackwards ? steps - 1 - step : step
        let cell = Cell(
          node: node, name: "\(name)/\(place)", hidden: hidden,
          activations: Array(activations[index * defaults.count..<(index + 1) * defaults.count]), weights: matrix,
          bias: offset, peepholes: peepholes)
        let at = node.constant("\(cell.name)/at", Tensor(scalar: Int64(place)))
        let input = try node.add(step: "\(cell.name)/input", Gather(axis: 0), [inputs, at])
        state = try compute(cell, input, state)
        outputs.insert(state.hidden, at: isBackwards ? 0 : outputs.count)
      }
      if node.usesOutput(0) {
        sequences.append(try node.joined(outputs, axis: 0, isNew: true, step: "\(name)/sequence"))
      }
      last.append(state)
    }
    var results: [Symbol] = [x, x, x]
    if node.usesOutput(0) {
      let all = try node.joined(sequences, axis: 1, isNew: true, step: "sequences")
      results[0] = try node.step(
        "sequences_batch_first", transposing: all, by: isBatchFirst ? [2, 0, 1, 3] : [0, 1, 2, 3])
    }
    for (output, states) in [(1, last.map(\.hidden)), (2, last.compactMap(\.cell))] where node.usesOutput(output) {
      let all = try node.joined(states, axis: 0, isNew: true, step: "last_\(output)")
      results[output] = try node.step(
        "last_\(output)_batch_first", transposing: all, by: isBatchFirst ? [1, 0, 2] : [0, 1, 2])
    }
    return Array(results.prefix(gates == 4 ? 3 : 2))
  }

  /// Whether each direction goes backwards.
  private static func directions(_ node: inout NodeImport) throws(Refusal) -> [Bool] {
    let name = try node.string("direction", default: "forward")
    switch name {
    case "forward": return [false]
    case "reverse": return [true]
    case "bidirectional": return [false, true]
    default: throw Refusal("attribute direction is \"\(printable(name))\", expected forward, reverse or bidirectional")
    }
  }

  private static func activations(
    _ node: inout NodeImport, _ defaults: [UnaryFunction], _ directions: Int
  ) throws(Refusal) -> [UnaryFunction] {
    guard let names = try node.strings("activations") else {
      return (0..<directions).flatMap { _ in defaults }
    }
    let known: [String: UnaryFunction] = ["relu": .relu, "sigmoid": .sigmoid, "tanh": .tanh]
    let functions = names.compactMap { known[$0.lowercased()] }
    guard functions.count == names.count, names.count == directions * defaults.count else {
      throw Refusal(
        "attribute activations is \(printable(names.joined(separator: ", "))), expected \(defaults.count) of Relu, "
          + "Sigmoid and Tanh for each direction")
    }
    return functions
  }
}

extension NodeImport {
  /// Some of the numbers along the last dimension.
  fileprivate func columns(_ name: String, of x: Symbol, _ range: Range<Int>) throws(Refusal) -> Symbol {
    if range == 0..<(x.shape.last ?? 0) { return x }
    return try add(step: name, Slice(starts: [range.lowerBound], ends: [range.upperBound], axes: [-1]), [x])
  }
}
