package import Math
package import Tensors

/// A model as a list of calls of C routines over one arena: what is written as C, with no text in it.
package struct CProgram: Sendable {
  /// A tensor, or part of one, in the arena or in a constant.
  package struct Pointer: Sendable, Hashable {
    package enum Home: Sendable, Hashable {
      case arena
      /// The position among the constants.
      case constant(Int)
      /// What the caller gives for the input at a position: row-major float32.
      case caller(Int)
    }

    package let home: Home
    package let element: ElementType
    /// Bytes from the beginning of the home.
    package let offset: Int

    /// The element so many further on.
    func advanced(by elements: Int) -> Pointer { advanced(bytes: elements * element.size) }

    func advanced(bytes: Int) -> Pointer { Pointer(home: home, element: element, offset: offset + bytes) }
  }

  /// What a routine is called with.
  package enum Argument: Sendable, Hashable {
    case pointer(Pointer)
    /// Memory that all calls may write over.
    case scratch
    case int(Int)
    case float(Float)
    case activation(UnaryFunction)
    case operation(CProgram.Operation)
    /// The address of a record, by its position.
    case record(Int)
  }

  /// An arithmetic function of two floats, by the kernels' names.
  package enum Operation: String, Sendable {
    case add, sub, mul, div, min, max
  }

  /// What scratch memory has to hold; how many bytes that are is up to the C compiler's target.
  package enum Scratch: Sendable, Hashable {
    /// A window of so many groups of four weights; direct where it is one pixel of the image.
    case convolution(steps: Int, isDirect: Bool)
    /// A window of so many pixels.
    case depthwise(taps: Int)
  }

  /// Several numbers that a routine takes by address.
  package struct Record: Sendable, Hashable {
    package enum Kind: String, Sendable {
      case window = "dc_window"
      case output = "dc_output"
      case strides = "dc_strides"
    }

    package enum Field: Sendable, Hashable {
      case int(Int)
      case ints([Int])
      /// A table by its position among the constants; nil for none.
      case constant(Int?)
    }

    package let kind: Kind
    package let fields: [Field]
  }

  /// Numbers that do not change. The bytes are those of this machine, which has the lowest first.
  package struct Constant: Sendable, Hashable {
    /// What it is to its layer, as in "weights".
    package let role: String
    /// The position of the layer it was made for.
    package let layer: Int
    package let element: ElementType
    package let bytes: [UInt8]
  }

  package struct Call: Sendable {
    package let routine: CRoutine
    package let arguments: [Argument]
  }

  /// The calls that compute a layer.
  package struct Layer: Sendable {
    package let name: String
    package let op: String
    /// Shapes in and out, as memory has them.
    package let shapes: String
    package let calls: [Call]
  }

  /// An input or output of the model.
  package struct Port: Sendable {
    package let name: String
    /// As the arena has it: an input that is only read quantized is int8.
    package let type: TensorType
    package let layout: Layout
    package let pointer: Pointer
  }

  /// What brings the caller's numbers into the arena.
  package let intake: [Call]
  package let layers: [Layer]
  package let records: [Record]
  package let constants: [Constant]
  package let inputs: [Port]
  package let outputs: [Port]
  package let arenaBytes: Int
  /// The largest need of each kind.
  package let scratch: [Scratch]

  /// Bytes of constants.
  package var constantBytes: Int { constants.reduce(0) { $0 + $1.bytes.count } }
}
