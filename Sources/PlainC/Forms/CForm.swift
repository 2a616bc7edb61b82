import IR
import Tensors

/// An operator that can be written as calls of C routines.
///
/// Its form is in the file of its family beside this one. The routines compute the bits that its kernel does.
protocol CForm: Operator {
  /// - Throws: where there is no form for these inputs
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal)
}
