extension CModel {
  /// All files of the program, by their names: same model, same bytes.
  package func files() -> [(name: String, bytes: [UInt8])] {
    let weights = hasWeightsFile ? WeightsFile(program) : nil
    var files = [
      ("\(name).c", sourceFile(weights).bytes), ("\(name).h", headerFile(weights).bytes),
      ("\(name)_weights.h", constantsFile(weights).bytes),
    ]
    if let weights { files.append(("\(name)_weights.bin", weights.bytes)) }
    for kernel in kernelFiles {
      guard let bytes = KernelSources.all[kernel] else { preconditionFailure("there is no kernel source \(kernel)") }
      files.append((kernel, bytes))
    }
    return files
  }
}
