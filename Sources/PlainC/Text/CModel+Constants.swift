import Tensors

extension CModel {
  /// The file of all numbers that do not change, or of where they are in a file of weights.
  func constantsFile(_ weights: WeightsFile?) -> CText {
    var text = CText()
    text.comment("The constants of \(name).c, which alone includes this. Written by \(author).")
    text.line()
    let names = ConstantNames(program)
    var layer = -1
    for (index, constant) in program.constants.enumerated() {
      if constant.layer != layer {
        layer = constant.layer
        if index > 0 { text.line() }
        if program.layers.indices.contains(layer) {
          text.comment("\(layer + 1). \(program.layers[layer].title)")
        }
      }
      if let offset = weights?.offsets[index] {
        text.line(
          "#define \(names[index]) ((const \(constant.element.cName) *)(const void *)(weights_file + \(offset)))")
        continue
      }
      text.array(
        "static const \(constant.element.cName) \(names[index])[\(constant.bytes.count / constant.element.size)]",
        constant.element, constant.bytes)
    }
    if let image {
      text.line()
      text.comment(
        "What the values of each colour become" + (image.port.type.element == .int8 ? ", quantized." : "."))
      text.array(
        "static const \(image.port.type.element.cName) colours[\(256 * image.colours.count)]", image.port.type.element,
        image.tables)
      text.line()
      let (width, height) = CSelfTest.picture
      text.comment("The self-test's picture, any that has to be resized: \(width) x \(height) pixels.")
      text.array(
        "static const uint8_t picture[\(CSelfTest.pictureBytes.count)]", .uint8, CSelfTest.pictureBytes)
    }
    text.line()
    text.comment("What calls take by address.")
    for (index, record) in program.records.enumerated() {
      let fields = record.fields.map { field in
        switch field {
        case .int(let number): "\(number)"
        case .ints(let numbers): "{\(numbers.map { "\($0)" }.joined(separator: ", "))}"
        case .constant(let table): table.map { names[$0] } ?? "NULL"
        }
      }
      let name = "\(record.kind.name)_\(index + 1)"
      text.line("static const \(record.kind.rawValue) \(name) = {\(fields.joined(separator: ", "))};")
    }
    return text
  }
}

/// Names of the constants of a program.
struct ConstantNames {
  private var names: [String] = []

  init(_ program: CProgram) {
    var seen: [String: Int] = [:]
    for constant in program.constants {
      let name = "\(constant.role)_\(constant.layer + 1)"
      let number = (seen[name] ?? 0) + 1
      seen[name] = number
      names.append(number == 1 ? name : "\(name)_\(number)")
    }
  }

  subscript(_ index: Int) -> String { names[index] }
}

extension CProgram.Record.Kind {
  /// As in `window_3`.
  var name: String { String(rawValue.dropFirst("dc_".count)) }
}

extension CProgram.Layer {
  /// As in `conv1 (ConvInt8): 96x96x3 -> 48x48x16`, whatever is in a name.
  var title: String { "\(CProgram.plain(name)) (\(op)): \(shapes)" }
}

extension CProgram {
  /// A name as a comment can hold it: printable ASCII, no backslash at its end and no trigraph.
  static func plain(_ name: String) -> String {
    String(
      String.UnicodeScalarView(
        name.unicodeScalars.prefix(80).map { scalar in
          (0x20..<0x7F).contains(scalar.value) && scalar != "\\" && scalar != "?" ? scalar : "_"
        }))
  }
}

extension ElementType {
  /// The type in C.
  var cName: String {
    switch self {
    case .float32: "float"
    case .int8: "int8_t"
    case .uint8, .bool: "uint8_t"
    case .int32: "int32_t"
    default: preconditionFailure("no tensor of \(self) has a form in plain C")
    }
  }
}
