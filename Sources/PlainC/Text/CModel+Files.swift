extension CModel {
  /// All files of the program, by their names: same model, same bytes.
  package func files() -> [(name: String, bytes: [UInt8])] {
    var files = [
      ("\(name).c", sourceFile().bytes), ("\(name).h", headerFile().bytes),
      ("\(name)_weights.h", constantsFile().bytes),
    ]
    for kernel in kernelFiles {
      guard let bytes = KernelSources.all[kernel] else { preconditionFailure("there is no kernel source \(kernel)") }
      files.append((kernel, bytes))
    }
    return files
  }
}
