package import CKernels

/// The instruction set kernels are chosen for.
package enum InstructionSet {
  /// The features kernels may use: those of this machine that DERMC_ISA leaves.
  package static var current: ck_features { ck_features_allowed() }
  package static var name: String { String(cString: ck_isa_name(ck_features_allowed())) }

  /// What is wrong with DERMC_ISA; nil where it is not set or names a set.
  package static var problem: String? {
    guard let unknown = ck_isa_unknown() else { return nil }
    var names: [String] = []
    while let name = ck_isa_known(names.count) { names.append(String(cString: name)) }
    return "DERMC_ISA=\(String(cString: unknown)): expected one of \(names.joined(separator: ", "))"
  }
}
