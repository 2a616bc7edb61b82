import CKernels
import HeapMemory
import IR
import Math
import Operators
import Tensors

/// Where an operator is written as calls: its operands, types and layouts as a kernel sees them, and their places.
struct CSite {
  let site: Site
  /// Where the inputs are; nil for those left out and for constants, which `site` has.
  let inputs: [CProgram.Pointer?]
  let outputs: [CProgram.Pointer]

  /// An input that type inference has shown to be there and to flow.
  func input(_ index: Int = 0) throws(Refusal) -> CProgram.Pointer {
    guard inputs.indices.contains(index), let pointer = inputs[index] else {
      throw Refusal("input \(index) is constant, which has no form in plain C")
    }
    return pointer
  }

  var output: CProgram.Pointer { outputs[0] }
}

/// Takes down the calls of one layer after the other, with the records and constants they need.
struct CallWriter {
  private(set) var layers: [CProgram.Layer] = []
  private(set) var records: [CProgram.Record] = []
  private(set) var constants: [CProgram.Constant] = []
  private var steps: [Bool: Int] = [:]
  private var taps: Int?
  private var recordPositions: [CProgram.Record: Int] = [:]
  private var constantPositions: [Content: Int] = [:]
  /// Those of the layer that was not finished.
  private(set) var calls: [CProgram.Call] = []

  /// What makes constants one.
  private struct Content: Hashable {
    let element: ElementType
    let bytes: [UInt8]
  }

  /// Ends a layer.
  mutating func finish(_ name: String, _ op: String, shapes: String) {
    layers.append(CProgram.Layer(name: name, op: op, shapes: shapes, calls: calls))
    calls = []
  }

  mutating func call(_ routine: CRoutine, _ arguments: CProgram.Argument...) {
    calls.append(CProgram.Call(routine: routine, arguments: arguments))
  }

  // MARK: Arguments

  mutating func record(_ kind: CProgram.Record.Kind, _ fields: [CProgram.Record.Field]) -> CProgram.Argument {
    let record = CProgram.Record(kind: kind, fields: fields)
    if let position = recordPositions[record] { return .record(position) }
    recordPositions[record] = records.count
    records.append(record)
    return .record(records.count - 1)
  }

  /// The geometry of a convolution or pooling.
  ///
  /// - Throws: where a position of the window, padding included, does not fit 32 bits
  mutating func window(_ shape: ConvolutionShape) throws(Refusal) -> CProgram.Argument {
    let ends = [
      Int(shape.out_h) * Int(shape.stride_h) + Int(shape.kernel_h) * Int(shape.dilation_h) + Int(shape.pad_top),
      Int(shape.out_w) * Int(shape.stride_w) + Int(shape.kernel_w) * Int(shape.dilation_w) + Int(shape.pad_left),
    ]
    guard ends.allSatisfy({ $0 <= Int32.max }) else { throw Refusal("its windows reach too far for plain C") }
    let numbers = [
      shape.in_h, shape.in_w, shape.in_c, shape.out_h, shape.out_w, shape.out_c, shape.kernel_h, shape.kernel_w,
      shape.stride_h, shape.stride_w, shape.dilation_h, shape.dilation_w, shape.pad_top, shape.pad_left, shape.groups,
    ]
    return record(.window, numbers.map { .int(Int($0)) })
  }

  /// The last stage of an int8 layer.
  mutating func output(_ output: Int8Output, inputZeroPoint: Int) -> CProgram.Argument {
    let table = output.table().map { table in
      table.withPointer(to: Int8.self) { constant("table", Array(UnsafeBufferPointer(start: $0, count: 256))) }
    }
    return record(
      .output,
      [
        .int(inputZeroPoint), .int(output.inner.zeroPoint), .int(output.lower), .int(output.upper), .constant(table),
      ])
  }

  /// Takes a constant down and returns its position; the same numbers are there once.
  mutating func constant<Element: TensorElement>(_ role: String, _ values: [Element]) -> Int {
    constant(role, Element.elementType, values.withUnsafeBytes { Array($0) })
  }

  mutating func constant(_ role: String, _ element: ElementType, _ bytes: [UInt8]) -> Int {
    let content = Content(element: element, bytes: bytes)
    if let position = constantPositions[content] { return position }
    constantPositions[content] = constants.count
    constants.append(CProgram.Constant(role: role, layer: layers.count, element: element, bytes: bytes))
    return constants.count - 1
  }

  /// A constant as an argument.
  mutating func table<Element: TensorElement>(_ role: String, _ values: [Element]) -> CProgram.Argument {
    .pointer(
      CProgram.Pointer(home: .constant(constant(role, values)), element: Element.elementType, offset: 0))
  }

  /// Memory for the windows of a convolution.
  mutating func scratch(_ shape: ConvolutionShape, isDepthwise: Bool) -> CProgram.Argument {
    if isDepthwise {
      taps = max(taps ?? 0, Int(shape.kernel_h * shape.kernel_w))
    } else {
      let isDirect = WeightPacking.isDirect(shape)
      steps[isDirect] = max(steps[isDirect] ?? 0, WeightPacking.steps(shape))
    }
    return .scratch
  }

  /// All that was asked for, the largest of each kind.
  var scratch: [CProgram.Scratch] {
    let convolutions = [false, true].compactMap { isDirect in
      steps[isDirect].map { CProgram.Scratch.convolution(steps: $0, isDirect: isDirect) }
    }
    return convolutions + (taps.map { [.depthwise(taps: $0)] } ?? [])
  }
}
