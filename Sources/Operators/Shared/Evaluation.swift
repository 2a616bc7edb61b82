import HeapMemory
package import IR
package import Math
package import Tensors
package import Threads

/// Computes an operator on constant tensors: its meaning for constant folding and tests.
///
/// Tensors are row-major in and out. An operator that works channels-last has its first input converted and takes the
/// others as its constants.
package func evaluateConstants(
  _ op: any Operator, inputs: [Tensor?], math: any FloatMath = KernelMath()
) throws(OperatorError) -> [Tensor] {
  let isChannelsLast = op.layout == .channelsLast
  return try evaluate(
    op, inputs: inputs, layout: isChannelsLast ? .channelsLast : .rowMajor, math: math, workers: Workers(threads: 1)
  ) { isChannelsLast ? $0 > 0 : true }
}

/// Computes an operator as an executor would in a given layout, telling constants from values that flow.
///
/// - Parameter isConstant: whether the input at a position is a constant to the operator
package func evaluate(
  _ op: any Operator, inputs: [Tensor?], layout: Layout, math: any FloatMath = KernelMath(), workers: Workers,
  isConstant: (Int) -> Bool
) throws(OperatorError) -> [Tensor] {
  let tensors = inputs.map { $0?.owned() }
  var operands: [Operand?] = []
  for (index, tensor) in tensors.enumerated() {
    operands.append(tensor.map { isConstant(index) ? Operand($0) : Operand($0.type) })
  }
  let types = try op.inferTypes(operands)
  let site = Site(inputs: operands, outputs: types, layout: layout, math: math)
  let kernel = try op.kernel(for: site)

  var held: [AlignedMemory] = []
  func memory(_ count: Int) -> UnsafeMutableRawPointer {
    let memory = AlignedMemory(count: count)
    held.append(memory)
    return memory.base
  }
  var inputViews: [TensorView?] = []
  for (index, tensor) in tensors.enumerated() {
    guard let tensor else {
      inputViews.append(nil)
      continue
    }
    let inputLayout = site.layout(ofInput: index)
    if inputLayout == .rowMajor {
      inputViews.append(TensorView(reading: tensor))
      continue
    }
    let converted = memory(tensor.type.byteCount)
    StridedCopy(tensor.type, from: .rowMajor, to: inputLayout)
      .run(from: tensor.buffer.readOnlyBase, to: converted, workers: workers)
    inputViews.append(TensorView(tensor.type, layout: inputLayout, base: converted))
  }
  let outputViews = types.enumerated().map { index, type in
    TensorView(type, layout: site.layout(ofOutput: index), base: memory(type.byteCount))
  }
  let stride = (kernel.scratch + Buffer.alignment - 1) / Buffer.alignment * Buffer.alignment
  let scratch = memory(stride * workers.count)
  kernel.run(
    Call(inputs: inputViews, outputs: outputViews, workers: workers, scratch: scratch, scratchStride: stride))
  let results = outputViews.map { view in
    Tensor(view.type) { bytes in
      guard let base = bytes.baseAddress else { return }
      StridedCopy(view.type, from: view.layout, to: .rowMajor).run(from: view.base, to: base, workers: workers)
    }
  }
  return withExtendedLifetime((tensors, held)) { results }
}
