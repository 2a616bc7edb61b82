package import Answers
package import Images
import Math
import Runtime
package import Tensors

/// A model as plain C: its program, and what people and programs around it have to know.
package struct CModel: Sendable {
  /// The name in files and functions: a C identifier.
  package let name: String
  /// Who writes it, as in "dermc 0.1.0".
  package let author: String
  package let program: CProgram
  /// How images become the input; nil where that is not known, or where there is not one input of one image.
  package let image: CImageInput?
  package let meaning: OutputMeaning
  /// Which output decides.
  package let decision: Int
  /// Names of the classes in their order; empty where there are none.
  package let labels: [String]
  package let selfTest: CSelfTest
  /// Whether constants are a file beside the program, not arrays in its source.
  package let hasWeightsFile: Bool

  package init(
    name: String, author: String, program: CProgram, image: CImageInput?, meaning: OutputMeaning, decision: Int,
    labels: [String], selfTest: CSelfTest, hasWeightsFile: Bool
  ) throws(Refusal) {
    for output in program.outputs where output.type.element != .float32 {
      throw Refusal("output \(printable(output.name)) is \(output.type), plain C has a form for float32")
    }
    self.name = name
    self.author = author
    self.program = program
    self.image = image
    self.meaning = meaning
    self.decision = decision
    self.labels = labels
    self.selfTest = selfTest
    self.hasWeightsFile = hasWeightsFile
  }
}

/// How images become a program's input: the numbers for each of the 256 values of a colour, and where they go.
package struct CImageInput: Sendable {
  package let preprocessing: Preprocessing
  let port: CProgram.Port
  /// Elements from a pixel to the one below it and to the next, and from a pixel's first number on to those of red,
  /// green and blue, or of gray.
  let row: Int
  let column: Int
  let colours: [Int]
  /// Tables of 256 for those colours, as bytes of the input's elements.
  let tables: [UInt8]

  /// Nil where the program takes not one image.
  ///
  /// - Parameter isChannelsFirst: whether the model's input is [1, C, H, W], not [1, H, W, C]
  package init?(_ preprocessing: Preprocessing, _ program: CProgram, isChannelsFirst: Bool) {
    guard program.inputs.count == 1, let port = program.inputs.first, port.type.rank == 4, port.type.shape[0] == 1
    else { return nil }
    let shape = port.type.shape
    let axes = isChannelsFirst ? (channel: 1, row: 2, column: 3) : (channel: 3, row: 1, column: 2)
    guard shape[axes.channel] == preprocessing.channels.count, shape[axes.row] == preprocessing.height,
      shape[axes.column] == preprocessing.width
    else { return nil }
    let strides = port.layout.strides(of: shape)
    // The first table is red's, of a model that takes blue first the last.
    let channels = preprocessing.channels == .bgr ? [2, 1, 0] : Array(0..<preprocessing.channels.count)
    let tables = channels.map { preprocessing.tables[$0] }
    self.preprocessing = preprocessing
    self.port = port
    row = strides[axes.row]
    column = strides[axes.column]
    colours = channels.map { $0 * strides[axes.channel] }
    if let quantization = port.type.quantization {
      self.tables = tables.flatMap { quantization.quantize($0).map { UInt8(bitPattern: $0) } }
    } else {
      self.tables = tables.flatMap(\.self).withUnsafeBytes { Array($0) }
    }
  }

  /// How many weights of the filter along rows there is room for: images up to some 2.5 times as wide as the input are
  /// resized in one go, larger ones in strips.
  var capacity: Int { max(1024, 8 * preprocessing.width) }

  /// Rows of the input that are added up at once: DC_FIT_ROWS.
  static let rows = 3

  /// Bytes of RAM that fitting images takes.
  var workingBytes: Int {
    let (width, channels) = (preprocessing.width, colours.count)
    return 4 * (capacity + 2 * width + CImageInput.rows * width * channels) + width * channels
  }
}

/// What a program must answer to show that it computes the model's bits: digests of the outputs.
package struct CSelfTest: Sendable {
  /// For the pattern that every machine can make.
  package let tensor: UInt64
  /// For the picture below; nil where images are not taken.
  package let image: UInt64?

  /// - Parameters:
  ///   - tensor: the outputs for inputs of `SelfTestInput`
  ///   - image: those for `picture`
  package init(tensor: [Tensor], image: [Tensor]?) {
    self.tensor = CSelfTest.digest(tensor)
    self.image = image.map(CSelfTest.digest)
  }

  /// A small RGB image that has to be resized both ways.
  package static let picture = (width: 17, height: 11)
  package static let pictureBytes: [UInt8] = (0..<3 * picture.width * picture.height).map {
    UInt8(truncatingIfNeeded: $0 * $0 + 31 * $0)
  }

  /// FNV-1a of 64 bits over the bits of all numbers, the lowest byte of each first.
  private static func digest(_ outputs: [Tensor]) -> UInt64 {
    var digest = FNV1a()
    for output in outputs {
      for value in output.elements(as: Float.self) {
        for shift in stride(from: 0, to: 32, by: 8) {
          digest.add(UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(shift)))
        }
      }
    }
    return digest.value
  }
}
