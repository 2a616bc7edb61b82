import IR
import Tensors

extension NodeImport {
  // MARK: Windows

  /// Attributes of a convolution's or pooling's window, with explicit pads.
  mutating func window(_ x: Symbol, kernel known: [Int]? = nil) throws(Failure) -> [String: Attribute] {
    guard x.shape.count == 4 else {
      throw Failure("x has shape \(x.shape): only 2-D windows over [N, C, H, W] are supported")
    }
    guard let kernel = try ints("kernel_shape") ?? known else { throw Failure("attribute kernel_shape is missing") }
    let strides = try ints("strides") ?? [1, 1]
    let dilations = try ints("dilations") ?? [1, 1]
    let given = try ints("pads") ?? [0, 0, 0, 0]
    // Checked before anything is computed with them: a file may hold any number.
    let range = 0...(1 << 15)
    guard kernel.count == 2, strides.count == 2, dilations.count == 2, given.count == 4,
      (kernel + strides + dilations + given).allSatisfy(range.contains), !(kernel + strides + dilations).contains(0)
    else {
      throw Failure(
        "kernel_shape \(kernel), strides \(strides), dilations \(dilations), pads \(given) are not those of a 2-D window"
      )
    }
    var pads = given
    let mode = try string("auto_pad", default: "NOTSET")
    switch mode {
    case "NOTSET": break
    case "VALID": pads = [0, 0, 0, 0]
    case "SAME_UPPER", "SAME_LOWER":
      // The output is as large as the input divided by the stride, rounded up.
      for axis in 0..<2 {
        let extent = x.shape[axis + 2]
        let output = (extent + strides[axis] - 1) / strides[axis]
        let total = max(0, (output - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1 - extent)
        pads[axis] = mode == "SAME_UPPER" ? total / 2 : total - total / 2
        pads[axis + 2] = total - pads[axis]
      }
    default: throw Failure("attribute auto_pad is \"\(printable(mode))\", which is not known")
    }
    return [
      "kernel_shape": .ints(kernel), "strides": .ints(strides), "dilations": .ints(dilations), "pads": .ints(pads),
    ]
  }

  mutating func conv() throws(Failure) -> [Symbol] {
    let x = try input(0, "x")
    let w = try input(1, "weights")
    var attributes = try window(x, kernel: Array(w.shape.dropFirst(2)))
    attributes["group"] = .int(try int("group", default: 1))
    return try add("Conv", attributes, [x, w, optional(2)])
  }

  mutating func convTranspose() throws(Failure) -> [Symbol] {
    let x = try input(0, "x")
    let w = try input(1, "weights")
    let mode = try string("auto_pad", default: "NOTSET")
    let outputShape = try ints("output_shape")
    var outputPadding = try ints("output_padding") ?? [0, 0]
    var attributes = try window(x, kernel: Array(w.shape.dropFirst(2)))
    guard case .ints(let kernel)? = attributes["kernel_shape"], case .ints(let strides)? = attributes["strides"],
      case .ints(let dilations)? = attributes["dilations"], case .ints(var pads)? = attributes["pads"],
      outputPadding.count == 2, outputPadding.allSatisfy((0...(1 << 15)).contains)
    else { throw Failure("output_padding \(outputPadding) is not that of a 2-D window") }
    let isSame = mode == "SAME_UPPER" || mode == "SAME_LOWER"
    if outputShape != nil || isSame {
      let target = Array((outputShape ?? [x.shape[2] * strides[0], x.shape[3] * strides[1]]).suffix(2))
      guard target.count == 2, target.allSatisfy((1...(1 << 15)).contains) else {
        throw Failure("output_shape \(target) is not that of an image")
      }
      for axis in 0..<2 {
        let reach = strides[axis] * (x.shape[axis + 2] - 1) + (kernel[axis] - 1) * dilations[axis] + 1
        let total = reach + outputPadding[axis] - target[axis]
        // What cannot be cut away at the edges must be added at the end.
        if total < 0 { outputPadding[axis] -= total }
        let cut = max(0, total)
        pads[axis] = mode == "SAME_UPPER" ? cut / 2 : cut - cut / 2
        pads[axis + 2] = cut - pads[axis]
      }
    }
    attributes["pads"] = .ints(pads)
    attributes["group"] = .int(try int("group", default: 1))
    if outputPadding != [0, 0] { attributes["output_padding"] = .ints(outputPadding) }
    return try add("ConvTranspose", attributes, [x, w, optional(2)])
  }

  mutating func maxPool() throws(Failure) -> [Symbol] {
    try expect("storage_order", 0)
    guard !usesOutput(1) else { throw Failure("the indices of MaxPool are not supported") }
    let x = try input(0, "x")
    var attributes = try window(x)
    attributes["ceil_mode"] = .int(try int("ceil_mode", default: 0))
    return try add("MaxPool", attributes, [x])
  }

  mutating func averagePool() throws(Failure) -> [Symbol] {
    let x = try input(0, "x")
    var attributes = try window(x)
    attributes["ceil_mode"] = .int(try int("ceil_mode", default: 0))
    attributes["count_include_pad"] = .int(try int("count_include_pad", default: 0))
    return try add("AveragePool", attributes, [x])
  }

  // MARK: Matrix products

  /// y = alpha * A' * B' + beta * C. Factors go into constants where they can.
  mutating func gemm() throws(Failure) -> [Symbol] {
    let alpha = try float("alpha", default: 1)
    let beta = try float("beta", default: 1)
    var a = try input(0, "A")
    var b = try input(1, "B")
    let transB = try bool("transB", default: false)
    ignore("broadcast")
    guard a.shape.count == 2, b.shape.count == 2 else {
      throw Failure("A has shape \(a.shape) and B \(b.shape), expected 2 dimensions each")
    }
    if try bool("transA", default: false) {
      a = try add(step: "transpose_a", "Transpose", ["perm": .ints([1, 0])], [a])
    }
    if alpha != 1 {
      let factor = constant("alpha", Tensor(scalar: alpha))
      if b.constant != nil || a.constant == nil {
        b = try binary(step: "alpha_b", "mul", b, factor)
      } else {
        a = try binary(step: "alpha_a", "mul", a, factor)
      }
    }
    var c = optional(2)
    if let given = c, beta != 1 {
      c = beta == 0 ? nil : try binary(step: "beta_c", "mul", given, constant("beta", Tensor(scalar: beta)))
    }
    guard b.constant != nil else {
      if transB { b = try add(step: "transpose_b", "Transpose", ["perm": .ints([1, 0])], [b]) }
      guard let c else { return try add("MatMul", [:], [a, b]) }
      let product = try add(step: "product", "MatMul", [:], [a, b])
      return try add("Binary", ["function": .string("add")], [product, c])
    }
    let attributes: [String: Attribute] = ["trans_b": .int(transB ? 1 : 0)]
    let columns = b.shape[transB ? 0 : 1]
    guard let c else { return try add("Gemm", attributes, [a, b]) }
    if let bias = c.constant, let row = biasRow(bias, columns) {
      let symbol = row.shape == bias.shape ? c : constant("bias", row)
      return try add("Gemm", attributes, [a, b, symbol])
    }
    let product = try add(step: "product", "Gemm", attributes, [a, b])
    return try add("Binary", ["function": .string("add")], [product, c])
  }

  /// A constant C as one bias for each column, if it is that.
  private func biasRow(_ c: Tensor, _ columns: Int) -> Tensor? {
    if c.count == columns && c.shape.last == columns { return c.reshaped([columns]) }
    guard c.count == 1, let value = c.floats()?.first else { return nil }
    return Tensor([Float](repeating: value, count: columns))
  }

  /// A product with a constant matrix is a fully connected layer.
  func matMul() throws(Failure) -> [Symbol] {
    let a = try input(0, "a")
    let b = try input(1, "b")
    if b.constant != nil, b.shape.count == 2, a.shape.count >= 2, a.constant == nil {
      return try add("Gemm", ["trans_b": .int(0)], [a, b])
    }
    return try add("MatMul", [:], [a, b])
  }

  // MARK: Normalisation

  mutating func batchNormalization() throws(Failure) -> [Symbol] {
    ignore("momentum", "consumed_inputs", "is_test")
    try expect("training_mode", 0)
    try expect("spatial", 1)
    guard !(1..<max(1, outputCount)).contains(where: usesOutput) else {
      throw Failure("is in training mode", remedy: "export the model in inference mode")
    }
    let epsilon = try float("epsilon", default: 1e-5)
    return try add(
      "BatchNormalization", ["epsilon": .float(epsilon)],
      [
        try input(0, "x"), try input(1, "scale"), try input(2, "bias"), try input(3, "mean"), try input(4, "variance"),
      ])
  }

  mutating func instanceNormalization() throws(Failure) -> [Symbol] {
    ignore("consumed_inputs")
    let epsilon = try float("epsilon", default: 1e-5)
    return try add(
      "InstanceNormalization", ["epsilon": .float(epsilon)],
      [try input(0, "x"), try input(1, "scale"), try input(2, "bias")])
  }

  mutating func layerNormalization() throws(Failure) -> [Symbol] {
    ignore("stash_type")
    guard !usesOutput(1), !usesOutput(2) else { throw Failure("its mean and deviation outputs are not supported") }
    let attributes: [String: Attribute] = [
      "axis": .int(try int("axis", default: -1)), "epsilon": .float(try float("epsilon", default: 1e-5)),
    ]
    return try add("LayerNormalization", attributes, [try input(0, "x"), try input(1, "scale"), optional(2)])
  }

  mutating func localResponseNormalization() throws(Failure) -> [Symbol] {
    let attributes: [String: Attribute] = [
      "size": .int(try int("size")), "alpha": .float(try float("alpha", default: 1e-4)),
      "beta": .float(try float("beta", default: 0.75)), "bias": .float(try float("bias", default: 1)),
    ]
    return try add("LRN", attributes, [try input(0, "x")])
  }

  /// Before opset 13 all dimensions from `axis` on count as one.
  mutating func softmax() throws(Failure) -> [Symbol] {
    let x = try input(0, "x")
    let rank = x.shape.count
    let given = try int("axis", default: opset < 13 ? 1 : -1)
    if opset >= 13 { return try add(record.opType, ["axis": .int(given)], [x]) }
    let axis = given == rank ? rank : try self.axis(given, rank: rank)
    if axis < rank, x.shape[(axis + 1)...].allSatisfy({ $0 == 1 }) {
      return try add(record.opType, ["axis": .int(axis)], [x])
    }
    let rows = x.shape[..<axis].reduce(1, *)
    let columns = x.shape[axis...].reduce(1, *)
    let matrix = try add(step: "matrix", "Reshape", ["shape": .ints([rows, columns])], [x])
    let result = try add(step: "rows", record.opType, ["axis": .int(1)], [matrix])
    return try add("Reshape", ["shape": .ints(x.shape)], [result])
  }

  // MARK: Reductions

  /// Axes are an attribute first, an input since the given opset.
  mutating func reduce(_ function: String, axesInputSince: Int) throws(Failure) -> [Symbol] {
    let x = try input(0, "x")
    let keeps = try int("keepdims", default: 1)
    let doesNothing = try bool("noop_with_empty_axes", default: false)
    var axes: [Int] = []
    for axis in try ints(input: 1, orAttribute: "axes") ?? [] { axes.append(try self.axis(axis, rank: x.shape.count)) }
    if axes.isEmpty {
      if doesNothing { return try identity() }
      axes = Array(x.shape.indices)
    }
    let attributes: [String: Attribute] = [
      "function": .string(function), "axes": .ints(axes), "keepdims": .int(keeps),
    ]
    guard let values = x.constant?.integers(), x.element == .int64 || x.element == .int32 else {
      return try add("Reduce", attributes, [x])
    }
    // Shape arithmetic: exact in float32 up to 2^24, which is checked.
    let exact = -1 << 24...1 << 24
    guard values.allSatisfy(exact.contains) else { throw Failure("the integers are too large to reduce") }
    let floats = try add(step: "float", "Cast", ["to": .string("float32")], [x])
    let result = try add(step: "reduced", "Reduce", attributes, [floats])
    guard result.constant?.doubles().allSatisfy({ $0.magnitude <= 0x1p24 }) ?? false else {
      throw Failure("the result of reducing integers is too large")
    }
    return try add("Cast", ["to": .string(x.element.rawValue)], [result])
  }

  mutating func argMax() throws(Failure) -> [Symbol] {
    let attributes: [String: Attribute] = [
      "axis": .int(try int("axis", default: 0)), "keepdims": .int(try int("keepdims", default: 1)),
      "select_last_index": .int(try int("select_last_index", default: 0)),
    ]
    return try add("ArgMax", attributes, [try input(0, "x")])
  }
}
