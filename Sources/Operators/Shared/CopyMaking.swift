package import IR
package import Tensors

/// An operator that only copies: parts of its inputs into parts of its outputs, one copy after the other.
package protocol CopyMaking: Operator {
  func copies(for site: Site) throws(Refusal) -> [OperandCopy]

  /// What profiles call it; `copy` by default.
  var implementation: String { get }
}

/// One copy of an operator.
package struct OperandCopy: Sendable {
  package enum Source: Sendable {
    /// The input at a position.
    case input(Int)
    /// One element, again and again.
    case element(Tensor)
  }

  package let source: Source
  /// The position of the output it writes to.
  package let output: Int
  package let copy: StridedCopy

  package init(_ copy: StridedCopy, from source: Source = .input(0), to output: Int = 0) {
    self.copy = copy
    self.source = source
    self.output = output
  }
}

extension CopyMaking {
  package var implementation: String { "copy" }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let copies = try copies(for: site)
    return Kernel(implementation: implementation) { call in
      for copy in copies {
        let target = call.outputs[copy.output].base
        switch copy.source {
        case .input(let index): copy.copy.run(from: call.input(index).base, to: target, workers: call.workers)
        case .element(let element): copy.copy.run(from: element, to: target, workers: call.workers)
        }
      }
    }
  }
}
