import IR
import Platform
import Tensors

@testable import ONNX

/// An ONNX model a test makes up.
struct TestModel {
  enum Dimension: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    case extent(Int)
    case symbol(String)

    init(integerLiteral value: Int) { self = .extent(value) }
    init(stringLiteral value: String) { self = .symbol(value) }
  }

  var irVersion = 8
  /// Versions by domain.
  var opsets = [("", 17)]
  var graph = WireWriter()
  /// Fields added to the ModelProto.
  var extra = WireWriter()

  mutating func input(_ name: String, _ shape: [Dimension]?, type: Int = 1) { value(11, name, shape, type) }
  mutating func output(_ name: String, _ shape: [Dimension]? = nil) { value(12, name, shape, 1) }

  private mutating func value(_ field: Int, _ name: String, _ shape: [Dimension]?, _ type: Int) {
    graph.message(field) { info in
      info.string(1, name)
      info.message(2) { typeProto in
        typeProto.message(1) { tensor in
          tensor.integer(1, type)
          guard let shape else { return }
          tensor.message(2) { proto in
            for dimension in shape {
              proto.message(1) {
                switch dimension {
                case .extent(let extent): $0.integer(1, extent)
                case .symbol(let symbol): $0.string(2, symbol)
                }
              }
            }
          }
        }
      }
    }
  }

  mutating func node(
    _ opType: String, _ inputs: [String], _ outputs: [String], name: String = "", domain: String = "",
    _ attributes: [String: Attribute] = [:], graphs: [String: TestModel] = [:], references: [String: String] = [:]
  ) {
    graph.message(1) { node in
      for input in inputs { node.string(1, input) }
      for output in outputs { node.string(2, output) }
      node.string(3, name)
      node.string(4, opType)
      for (key, value) in attributes.sorted(by: { $0.key < $1.key }) {
        node.message(5) { Emission.write(value, key, to: &$0) }
      }
      for (key, inner) in graphs.sorted(by: { $0.key < $1.key }) {
        node.message(5) { attribute in
          attribute.string(1, key)
          attribute.message(6, inner.graph)
          attribute.integer(20, 5)
        }
      }
      for (key, reference) in references.sorted(by: { $0.key < $1.key }) {
        node.message(5) { attribute in
          attribute.string(1, key)
          attribute.string(21, reference)
          attribute.integer(20, 2)
        }
      }
      if !domain.isEmpty { node.string(7, domain) }
    }
  }

  mutating func initializer(_ name: String, _ tensor: Tensor) {
    graph.message(5) { Emission.write(tensor, name, to: &$0) }
  }

  /// An operator the model defines, with the nodes of `body`.
  mutating func function(
    _ name: String, domain: String = "local", inputs: [String], outputs: [String], attributes: [String] = [],
    defaults: [String: Attribute] = [:], opset: Int? = 17, _ body: TestModel
  ) {
    extra.message(25) { function in
      function.string(1, name)
      for input in inputs { function.string(4, input) }
      for output in outputs { function.string(5, output) }
      for attribute in attributes { function.string(6, attribute) }
      for (key, value) in defaults { function.message(11) { Emission.write(value, key, to: &$0) } }
      // Nodes are field 1 of a graph and field 7 of a function.
      for node in body.nodes { function.bytes(7, node) }
      if let opset {
        function.message(9) {
          $0.string(1, "")
          $0.integer(2, opset)
        }
      }
      function.string(10, domain)
    }
  }

  /// The messages of the nodes.
  private var nodes: [[UInt8]] {
    let bytes = graph.withPieces { pieces in pieces.flatMap { Array($0) } }
    var nodes: [[UInt8]] = []
    var position = 0
    while position < bytes.count {
      precondition(bytes[position] == 1 << 3 | 2, "functions of tests hold nodes alone")
      position += 1
      var length = 0
      var shift = 0
      repeat {
        length |= Int(bytes[position] & 0x7F) << shift
        shift += 7
        position += 1
      } while bytes[position - 1] >= 0x80
      nodes.append(Array(bytes[position..<position + length]))
      position += length
    }
    return nodes
  }

  /// A float tensor stored by what of it is not zero.
  mutating func sparseInitializer(_ name: String, _ shape: [Int], values: [Float], indices: Tensor) {
    graph.message(15) { sparse in
      sparse.message(1) { Emission.write(Tensor(values), name, to: &$0) }
      sparse.message(2) { Emission.write(indices, "", to: &$0) }
      for extent in shape { sparse.integer(3, extent) }
    }
  }

  /// A float initializer whose data is in another file.
  mutating func externalInitializer(_ name: String, _ shape: [Int], _ entries: [(String, String)]) {
    graph.message(5) { tensor in
      for extent in shape { tensor.integer(1, extent) }
      tensor.integer(2, 1)
      tensor.string(8, name)
      for (key, value) in entries {
        tensor.message(13) { entry in
          entry.string(1, key)
          entry.string(2, value)
        }
      }
      tensor.integer(14, 1)
    }
  }

  var bytes: [UInt8] {
    var model = WireWriter()
    model.integer(1, irVersion)
    model.string(2, "test")
    model.message(7, graph)
    for (domain, version) in opsets {
      model.message(8) { operatorSet in
        operatorSet.string(1, domain)
        operatorSet.integer(2, version)
      }
    }
    model.append(fieldsOf: extra)
    return model.withPieces { pieces in pieces.flatMap { Array($0) } }
  }

  /// Reads the model from a file of its own.
  func read(_ options: ONNXReadingOptions = ONNXReadingOptions()) throws -> ONNXModel {
    let folder = try TemporaryFolder()
    return try ONNXReader.read(path: folder.write(bytes), options: options)
  }

  /// The message with which the model is refused, without the file's name; nil when it is read.
  func refusal(_ options: ONNXReadingOptions = ONNXReadingOptions()) throws -> String? {
    try ONNXTests.refusal(of: bytes, options)
  }
}

/// The message with which bytes are refused as a model, without the file's name.
func refusal(of bytes: [UInt8], _ options: ONNXReadingOptions = ONNXReadingOptions()) throws -> String? {
  let folder = try TemporaryFolder()
  let path = try folder.write(bytes)
  do throws(Refusal) {
    _ = try ONNXReader.read(path: path, options: options)
    return nil
  } catch {
    return String(error.description.dropFirst(path.count + 2))
  }
}

/// A folder that is removed, with the files a test wrote into it, when it goes out of use.
final class TemporaryFolder {
  let path: String

  init() throws {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir
    var template = Array("\(parent)/dermc-onnx-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Refusal(file: parent, errno: errno) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    for file in Fixtures.files(matching: "\(path)/*") { unlink(file) }
    rmdir(path)
  }

  @discardableResult
  func write(_ bytes: [UInt8], as name: String = "model.onnx") throws -> String {
    try OutputFile.write(bytes, to: "\(path)/\(name)")
    return "\(path)/\(name)"
  }
}
