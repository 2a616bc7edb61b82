import Images
import Math
import Tensors

extension CModel {
  /// The program as `Web/interpreter.c` runs it: words of 32 bits, the lowest byte first. That file tells their order.
  ///
  /// What takes a caller's tensors is left out: the interpreter takes images.
  package func binary() -> [UInt8] {
    var writer = BinaryWriter(program)
    return writer.write(self)
  }

  /// Where the interpreter has the answer that decides: the output's position, and its numbers.
  package var decisionOutput: (position: Int, count: Int) {
    (decision, program.outputs[decision].type.count)
  }
}

private struct BinaryWriter {
  /// "DCWP", and the form.
  private static let magic: UInt32 = 0x5057_4344
  private static let version: UInt32 = 1
  private static let headerWords = 20
  private static let nameBytes = 32
  private static let alignment = 64

  private let program: CProgram
  private var bytes: [UInt8] = []
  private var names: [String] = []
  private var namePositions: [String: Int] = [:]
  /// Where constants and records begin.
  private var constants: [Int] = []
  private var records: [Int] = []

  init(_ program: CProgram) { self.program = program }

  mutating func write(_ model: CModel) -> [UInt8] {
    bytes = [UInt8](repeating: 0, count: 4 * BinaryWriter.headerWords)
    for constant in program.constants { constants.append(place(constant.bytes)) }
    for record in program.records { records.append(write(record)) }
    let fit = model.image.map { write($0) } ?? 0
    let inputs = bytes.count
    for port in program.inputs { write(port) }
    let outputs = bytes.count
    for port in program.outputs { words(port.pointer.offset, port.type.count) }
    let calls = bytes.count
    let layers = program.layers.flatMap(\.calls)
    for call in layers { write(call) }
    let nameTable = bytes.count
    for name in names {
      bytes += name.utf8
      bytes += [UInt8](repeating: 0, count: BinaryWriter.nameBytes - name.utf8.count)
    }
    let (tensor, image) = (model.selfTest.tensor, model.selfTest.image ?? 0)
    let header: [UInt32] =
      [BinaryWriter.magic, BinaryWriter.version]
      + [
        bytes.count, program.arenaBytes, steps(isDirect: false), steps(isDirect: true), taps, nameTable, names.count,
        inputs, program.inputs.count, outputs, program.outputs.count, calls, layers.count, fit,
      ].map { UInt32($0) }
      + [tensor, image].flatMap { [UInt32(truncatingIfNeeded: $0), UInt32($0 >> 32)] }
    precondition(header.count == BinaryWriter.headerWords, "a header of another length")
    for (index, word) in header.enumerated() {
      for byte in 0..<4 { bytes[4 * index + byte] = UInt8(truncatingIfNeeded: word >> (8 * UInt32(byte))) }
    }
    return bytes
  }

  // MARK: Memory

  private func steps(isDirect: Bool) -> Int {
    program.scratch.reduce(0) { most, need in
      if case .convolution(let steps, isDirect) = need { max(most, steps) } else { most }
    }
  }

  private var taps: Int {
    program.scratch.reduce(0) { most, need in
      if case .depthwise(let taps) = need { max(most, taps) } else { most }
    }
  }

  // MARK: Parts

  private mutating func word(_ word: UInt32) {
    for byte in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * UInt32(byte)))) }
  }

  private mutating func words(_ numbers: Int...) {
    for number in numbers { word(UInt32(bitPattern: Int32(number))) }
  }

  /// Appends bytes at an aligned place, which is returned; what follows them is aligned for words.
  private mutating func place(_ content: [UInt8]) -> Int {
    align(to: BinaryWriter.alignment)
    let start = bytes.count
    bytes += content
    align(to: 4)
    return start
  }

  private mutating func align(to multiple: Int) {
    while bytes.count % multiple != 0 { bytes.append(0) }
  }

  private mutating func name(_ name: String) -> Int {
    if let position = namePositions[name] { return position }
    precondition(name.utf8.count < BinaryWriter.nameBytes, "\(name) is too long for the interpreter")
    namePositions[name] = names.count
    names.append(name)
    return names.count - 1
  }

  private mutating func write(_ record: CProgram.Record) -> Int {
    let start = bytes.count
    for field in record.fields {
      switch field {
      case .int(let number): words(number)
      case .ints(let numbers): for number in numbers { words(number) }
      case .constant(let table): words(table.map { constants[$0] } ?? 0)
      }
    }
    return start
  }

  private mutating func write(_ image: CImageInput) -> Int {
    let tables = place(image.tables)
    let picture = place(CSelfTest.pictureBytes)
    let start = bytes.count
    let preprocessing = image.preprocessing
    words(
      preprocessing.width, preprocessing.height, image.colours.count, preprocessing.resize == .centerCrop ? 1 : 0,
      image.row, image.column)
    for colour in (image.colours + [0, 0]).prefix(3) { words(colour) }
    words(
      image.capacity, image.port.type.element == .int8 ? 1 : 0, image.port.pointer.offset, tables, picture,
      CSelfTest.picture.width, CSelfTest.picture.height)
    return start
  }

  /// Of channels and pixels of an image, where its channels lie together but the pattern's do not.
  private mutating func write(_ port: CProgram.Port) {
    let (shape, quantization) = (port.type.shape, port.type.quantization)
    let isTurned = port.layout == .channelsLast && !Layout.areEquivalent(for: shape)
    words(port.pointer.offset, port.type.count, quantization == nil ? 0 : 1)
    word((quantization?.scale ?? 1).bitPattern)
    words(quantization?.zeroPoint ?? 0, isTurned ? shape[1] : 0, isTurned ? shape[2] * shape[3] : 0)
  }

  // MARK: Calls

  /// A kind of argument, by its number.
  private enum Kind: Int {
    case number, real, arena, constant, scratch, activation, operation, record
  }

  private mutating func write(_ call: CProgram.Call) {
    words(name(call.routine.rawValue), call.arguments.count)
    for argument in call.arguments { write(argument) }
  }

  private mutating func write(_ argument: CProgram.Argument) {
    switch argument {
    case .int(let number): put(.number, number)
    case .float(let number): put(.real, Int(Int32(bitPattern: number.bitPattern)))
    case .scratch: put(.scratch)
    case .operation(let operation): put(.operation, name("DC_\(operation.rawValue.uppercased())"))
    case .record(let index): put(.record, records[index])
    case .activation(let function):
      let (stored, parameters) = function.stored
      let bits = (parameters + [0, 0]).prefix(2).map { Int(Int32(bitPattern: $0.bitPattern)) }
      put(.activation, name("DC_\(stored.uppercased())"), bits[0], bits[1])
    case .pointer(let pointer):
      switch pointer.home {
      case .arena: put(.arena, pointer.offset)
      case .constant(let index): put(.constant, constants[index] + pointer.offset)
      case .caller: preconditionFailure("a layer reads what the caller gives")
      }
    }
  }

  private mutating func put(_ kind: Kind, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0) {
    words(kind.rawValue, a, b, c)
  }
}
