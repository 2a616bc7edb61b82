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
    _ attributes: [String: Attribute] = [:]
  ) {
    graph.message(1) { node in
      for input in inputs { node.string(1, input) }
      for output in outputs { node.string(2, output) }
      node.string(3, name)
      node.string(4, opType)
      for (key, value) in attributes.sorted(by: { $0.key < $1.key }) {
        node.message(5) { Emission.write(value, key, to: &$0) }
      }
      if !domain.isEmpty { node.string(7, domain) }
    }
  }

  mutating func initializer(_ name: String, _ tensor: Tensor) {
    graph.message(5) { Emission.write(tensor, name, to: &$0) }
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
