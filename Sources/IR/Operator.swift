package import Math
package import Tensors
package import Threads

/// What a node computes. One struct in one file of `Operators` per conformer, listed in `OperatorSet`.
///
/// What only some operators have to say is in opt-in protocols: `Facts`, beside this file, holds those that passes,
/// plans and statistics ask, `Int8Convertible` the one that the quantizer asks.
package protocol Operator: Sendable {
  /// The operator's name in printed graphs and files; ONNX's where ONNX has one.
  static var name: String { get }

  /// Reads the typed attributes. Names are shared by ONNX import and bundles.
  init(reading attributes: inout AttributeReader) throws(Refusal)

  /// Fails when an attribute is out of range. `init(reading:)` ends with it; an importer that takes an attribute from
  /// elsewhere in a file calls it, as initializers that take values check none. Windows have a check of their own.
  func check() throws(Refusal)

  /// Writes what `init(reading:)` reads; attributes at their defaults may be left out.
  func write(to attributes: inout AttributeWriter)

  /// Types of the outputs for given inputs (nil: an optional input left out).
  func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType]

  /// What computing it once costs. The default counts one element operation per output element.
  func work(_ inputs: [Operand?], _ outputs: [TensorType]) -> Work

  /// The memory layout of 4-D tensors the kernel works on.
  var layout: LayoutRule { get }

  /// Prepares the computation for fixed types and constants: packs weights, chooses kernels, builds tables.
  func kernel(for site: Site) throws(Refusal) -> Kernel
}

extension Operator {
  package func check() throws(Refusal) {}

  package func write(to _: inout AttributeWriter) {}

  package func work(_: [Operand?], _ outputs: [TensorType]) -> Work {
    Work(elementOperations: outputs.reduce(0) { $0 + $1.count })
  }

  package var layout: LayoutRule { .rowMajor }

  package var name: String { Self.name }

  /// All attributes by name.
  package var attributes: [String: Attribute] {
    var writer = AttributeWriter()
    write(to: &writer)
    return writer.attributes
  }

  /// Whether two operators are of one type and have the same attributes, floats to the last bit.
  package func isEqual(to other: any Operator) -> Bool { other is Self && attributes == other.attributes }
}

/// An input as type inference sees it: its type, and its value where it is constant.
package struct Operand: Sendable {
  package let type: TensorType
  package let constant: Tensor?

  package init(_ type: TensorType, constant: Tensor? = nil) {
    self.type = type
    self.constant = constant
  }

  package init(_ constant: Tensor) {
    self.init(constant.type, constant: constant)
  }

  package var shape: [Int] { type.shape }
}

/// Which layout of 4-D tensors a kernel takes.
package enum LayoutRule: Sendable {
  /// Row-major (NCHW) only.
  case rowMajor
  /// 4-D inputs and outputs channels-last; constants stay row-major.
  case channelsLast
  /// Any, the same for all 4-D inputs and outputs; constants stay row-major.
  case either
  /// Any, where a row-major 4-D input may also become a channels-last output.
  case turning
}

/// What an operator costs for one inference.
package struct Work: Sendable, Equatable {
  /// Multiply-accumulates of convolutions and matrix products.
  package var macs: Int
  /// Operations on single elements: activations, additions, pooling.
  package var elementOperations: Int

  package init(macs: Int = 0, elementOperations: Int = 0) {
    self.macs = macs
    self.elementOperations = elementOperations
  }

  /// A few nodes of the largest tensors and windows that are read can ask for more than an integer counts; the sum is
  /// then the largest integer.
  package static func + (a: Work, b: Work) -> Work {
    Work(macs: sum(a.macs, b.macs), elementOperations: sum(a.elementOperations, b.elementOperations))
  }

  private static func sum(_ a: Int, _ b: Int) -> Int {
    let (result, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : result
  }
}

/// Where a kernel will run: the types and layouts of its inputs and outputs, and who multiplies matrices.
package struct Site {
  package let inputs: [Operand?]
  package let outputs: [TensorType]
  /// The layout of the 4-D inputs that are not constant.
  package let layout: Layout
  /// That of the outputs, which differs from `layout` only where the operator's rule is `turning`.
  package let outputLayout: Layout
  package let math: any FloatMath

  package init(
    inputs: [Operand?], outputs: [TensorType], layout: Layout, outputLayout: Layout? = nil, math: any FloatMath
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.layout = layout
    self.outputLayout = outputLayout ?? layout
    self.math = math
  }
}

/// A prepared computation. `run` neither fails nor allocates.
package struct Kernel: Sendable {
  /// Bytes of scratch memory each thread needs.
  package let scratch: Int
  /// Bytes of packed weights and tables held by the kernel.
  package let packedBytes: Int
  /// Which implementation was chosen, for profiles.
  package let implementation: String
  package let run: @Sendable (Call) -> Void
  /// Whether it has packed all it needs of constants after the first input: `run` then does not get them.
  package let hasPackedConstants: Bool
  /// The same computation row by row, where it can be had.
  package let rows: RowKernel?

  package init(
    scratch: Int = 0, packedBytes: Int = 0, implementation: String = "", hasPackedConstants: Bool = false,
    rows: RowKernel? = nil,
    run: @escaping @Sendable (Call) -> Void
  ) {
    self.scratch = scratch
    self.packedBytes = packedBytes
    self.implementation = implementation
    self.hasPackedConstants = hasPackedConstants
    self.rows = rows
    self.run = run
  }
}

/// One execution of a kernel.
package struct Call {
  package var inputs: [TensorView?]
  package let outputs: [MutableTensorView]
  package let workers: Workers
  /// Scratch memory: `scratchStride` bytes for each thread, 64-byte aligned.
  package let scratch: UnsafeMutableRawPointer
  package let scratchStride: Int

  package init(
    inputs: [TensorView?], outputs: [MutableTensorView], workers: Workers, scratch: UnsafeMutableRawPointer,
    scratchStride: Int
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.workers = workers
    self.scratch = scratch
    self.scratchStride = scratchStride
  }

  /// An input that type inference has shown to be there.
  package func input(_ index: Int) -> TensorView {
    guard index < inputs.count, let view = inputs[index] else {
      preconditionFailure("a kernel reads input \(index), which its operator's type inference did not ask for")
    }
    return view
  }

  package var output: MutableTensorView { outputs[0] }

  package func scratch(thread: Int) -> UnsafeMutableRawPointer { scratch + thread * scratchStride }
}
