import IR
import Tensors

/// A FunctionProto: an operator that the model defines by a graph of others.
struct FunctionRecord {
  /// What nodes call a function by.
  struct Key: Hashable {
    let domain: String
    let name: String
    let overload: String
  }

  private(set) var name = ""
  private(set) var domain = ""
  private(set) var overload = ""
  private(set) var inputs: [String] = []
  private(set) var outputs: [String] = []
  /// Attributes a call may give.
  private(set) var attributes: Set<String> = []
  /// Values of attributes that a call leaves out.
  private(set) var defaults = AttributeRecords()
  /// The version of the standard operator set its nodes follow; nil where it names none.
  private(set) var opset: Int?
  private(set) var nodes: [NodeRecord] = []

  var key: Key { Key(domain: ModelFile.standard(domain), name: name, overload: overload) }

  private enum Field {
    static let name = 1, input = 4, output = 5, attribute = 6, node = 7, opsetImport = 9, domain = 10
    static let attributeDefault = 11, overload = 13
  }

  init(_ file: MappedFile, _ range: Range<Int>, budget: inout ReadingBudget) throws(Refusal) {
    var reader = WireReader(file, range: range)
    while let field = try reader.next() {
      guard let range = field.range else { continue }
      switch field.number {
      case Field.name, Field.domain, Field.overload, Field.input, Field.output, Field.attribute:
        try Messages.checkName(range.count, range)
        let text = field.string(in: file) ?? ""
        switch field.number {
        case Field.name: name = text
        case Field.domain: domain = text
        case Field.overload: overload = text
        case Field.input:
          try budget.takeInput()
          inputs.append(text)
        case Field.output:
          try budget.takeOutput()
          outputs.append(text)
        default: attributes.insert(text)
        }
      case Field.node: nodes.append(try Messages.node(file, range, budget: &budget))
      case Field.opsetImport:
        let (domain, version) = try Messages.operatorSet(file, range)
        if ModelFile.standard(domain).isEmpty { opset = version }
      case Field.attributeDefault: try Messages.attribute(file, range, &defaults, budget: &budget)
      default: break
      }
    }
  }
}
