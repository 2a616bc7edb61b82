import DataSets
import Images
import Tensors

/// What the command line says of tables and of inputs that are no images, as it stands there.
package struct DataSetTexts: Sendable {
  package var table: String?
  package var imageColumn: String?
  package var labelColumn: String?
  package var group: String?
  /// Columns with commas between them.
  package var subgroups: String?
  /// `INPUT=COLUMN,...`, one for each input.
  package var columns: [String] = []
  /// `INPUT=NUMBER,...`, one for each input.
  package var inputs: [String] = []
  package var imageInput: String?

  package init() {}

  func tableOptions() throws(Refusal) -> TableOptions {
    var options = TableOptions()
    options.path = table
    options.imageColumn = imageColumn
    options.labelColumn = labelColumn
    options.groupColumn = group
    if let subgroups { options.subgroupColumns = try DataSetTexts.names(subgroups, "--subgroups") }
    for text in columns {
      let (name, list) = try DataSetTexts.pair(text, "--columns", "metadata=age,sex")
      guard options.inputColumns.updateValue(try DataSetTexts.names(list, "--columns"), forKey: name) == nil else {
        throw .usage("--columns \(text): input \(name) is given twice")
      }
    }
    return options
  }

  /// Inputs that are the same for all samples.
  func values() throws(Refusal) -> [String: [Float]] {
    var values: [String: [Float]] = [:]
    for text in inputs {
      let (name, list) = try DataSetTexts.pair(text, "--input", "metadata=0.5,1,0")
      let numbers: [Float]
      do throws(Refusal) {
        numbers = try Preprocessing.numbers(list).map { Float($0) }
      } catch {
        throw error.about("--input \(name)").as(.usage)
      }
      guard numbers.allSatisfy(\.isFinite), values.updateValue(numbers, forKey: name) == nil else {
        throw .usage("--input \(text): expected each input once, with numbers a 32-bit float can hold")
      }
    }
    return values
  }

  private static func pair(
    _ text: String, _ option: String, _ example: String
  ) throws(Refusal) -> (name: String, list: String) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw .usage("\(option) \(text): expected an input's name, then =, as in \(example)")
    }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }

  private static func names(_ text: String, _ option: String) throws(Refusal) -> [String] {
    let names = text.split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
    var seen: Set<String> = []
    guard names.allSatisfy({ !$0.isEmpty && seen.insert($0).inserted }) else {
      throw .usage("\(option) \(text): expected names of columns with commas between them, each once")
    }
    return names
  }

  /// Text without the white space around it.
  static func trimmed(_ text: Substring) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
