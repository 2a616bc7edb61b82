import HeapMemory
package import IR
package import Math
package import Tensors
package import Threads

/// Computes an operator on constant tensors: its meaning for constant folding and tests.
///
/// Tensors are row-major in and out. An operator that works channels-last has its first input converted and takes the
/// others as its constants. What only moves keeps its grid.
package func evaluateConstants(
  _ op: any Operator, inputs: [Tensor?], math: any FloatMath = KernelMath()
) throws(Refusal) -> [Tensor] {
  let isChannelsLast = op.layout == .channelsLast
  let outputs = try evaluate(
    op, inputs: inputs, layout: isChannelsLast ? .channelsLast : .rowMajor, math: math, workers: Workers(threads: 1)
  ) { isChannelsLast ? $0 > 0 : true }
  guard let first = inputs.first.flatMap(\.self), let grid = first.grid, let move = op as? any ElementMoving,
    move.movesElements, inputs.dropFirst().allSatisfy({ $0?.element.isFloat != true })
  else { return outputs }
  let axis = (op as? Transpose)?.order(rank: first.type.rank).firstIndex(of: grid.axis)
  return outputs.map { $0.on(grid.moved(toAxis: axis)) }
}

/// Computes an operator whose inputs a reader of models knows: a Reshape moves nothing, so weights stay in the mapped
/// file.
///
/// - Parameter spend: counts what is made against what a model may ask for
package func foldConstants(
  _ op: any Operator, inputs: [Tensor?], spend: (TensorType) throws(Refusal) -> Void
) throws(Refusal) -> [Tensor] {
  let types = try op.inferTypes(inputs.map { tensor in tensor.map { Operand($0) } })
  if op is Reshape, let tensor = inputs.first.flatMap(\.self), let result = tensor.reshaped(types[0].shape) {
    return [result]
  }
  for type in types { try spend(type) }
  return try evaluateConstants(op, inputs: inputs)
}

/// Computes an operator as an executor would in a given layout, telling constants from values that flow.
///
/// - Parameter isConstant: whether the input at a position is a constant to the operator
package func evaluate(
  _ op: any Operator, inputs: [Tensor?], layout: Layout, math: any FloatMath = KernelMath(), workers: Workers,
  isConstant: (Int) -> Bool
) throws(Refusal) -> [Tensor] {
  let tensors = inputs.map { $0?.owned() }
  var operands: [Operand?] = []
  for (index, tensor) in tensors.enumerated() {
    operands.append(tensor.map { isConstant(index) ? Operand($0) : Operand($0.type) })
  }
  let types = try op.inferTypes(operands)
  let site = Site(inputs: operands, outputs: types, layout: layout, math: math)
  let kernel = try op.kernel(for: site)

  // Inputs that the kernel takes turned, outputs, scratch memory.
  let turned = tensors.indices.map { site.layout(ofInput: $0) == .rowMajor ? 0 : tensors[$0]?.type.byteCount ?? 0 }
  let stride = (kernel.scratch + Buffer.alignment - 1) / Buffer.alignment * Buffer.alignment
  let places = Places(of: turned + types.map(\.byteCount) + [stride * workers.count])
  return Arena(count: places.end).withMemory { memory in
    tensors.compactMap { $0?.buffer }.withBytes { lent in
      var lent = lent.makeIterator()
      let inputs = tensors.enumerated().map { index, tensor -> TensorView? in
        guard let tensor, let start = lent.next()?.baseAddress else { return nil }
        let layout = site.layout(ofInput: index)
        guard layout != .rowMajor else { return TensorView(tensor.type, base: start) }
        let base = memory + places.offsets[index]
        StridedCopy(tensor.type, from: .rowMajor, to: layout).run(from: start, to: base, workers: workers)
        return TensorView(tensor.type, layout: layout, base: base)
      }
      let outputs = types.enumerated().map { index, type in
        MutableTensorView(
          type, layout: site.layout(ofOutput: index), base: memory + places.offsets[tensors.count + index])
      }
      let scratch = memory + places.offsets[tensors.count + types.count]
      kernel.run(Call(inputs: inputs, outputs: outputs, workers: workers, scratch: scratch, scratchStride: stride))
      return outputs.map { view in
        Tensor(view.type) { bytes in
          guard let base = bytes.baseAddress else { return }
          StridedCopy(view.type, from: view.layout, to: .rowMajor).run(from: view.base, to: base, workers: workers)
        }
      }
    }
  }
}

/// Places of several sizes one after the other.
private struct Places {
  private(set) var offsets: [Int] = []
  private(set) var end = 0

  init(of sizes: [Int]) {
    for size in sizes {
      offsets.append(end)
      end += (size + Buffer.padding + Buffer.alignment - 1) / Buffer.alignment * Buffer.alignment
    }
  }
}
