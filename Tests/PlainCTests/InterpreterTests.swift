import Hashing
import PlainC
import Tensors
import Testing

/// The stored WebAssembly module that runs programs in pages.
@Suite struct InterpreterTests {
  private static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/"

  /// It was built from the sources as they are: where not, scripts/build-web is to be run.
  @Test func theModuleIsThatOfItsSources() throws {
    let list = String(
      decoding: try MappedFile.contents(of: InterpreterTests.root + "Sources/PlainC/Web/interpreter.sha256"),
      as: UTF8.self)
    var files: [String] = []
    for line in list.split(separator: "\n") {
      let parts = line.split(separator: " ")
      try #require(parts.count == 2)
      let file = String(parts[1])
      files.append(file)
      let bytes = try MappedFile.contents(of: InterpreterTests.root + file)
      #expect(SHA256(of: bytes).hex == parts[0], "\(file) has changed: run scripts/build-web")
    }
    // Each kernel is among them.
    for kernel in KernelSources.all.keys { #expect(files.contains("Sources/PlainC/Kernels/\(kernel)")) }
    #expect(files.last == "Sources/PlainC/Web/interpreter.wasm")
    #expect(
      PageParts.interpreter.elementsEqual(
        try MappedFile.contents(of: InterpreterTests.root + "Sources/PlainC/Web/interpreter.wasm")))
  }

  /// What C text can call, the module can: it finds routines by their names.
  @Test(arguments: CRoutine.allCases) func everyRoutineIsThere(_ routine: CRoutine) {
    let name = [0] + Array(routine.rawValue.utf8) + [0]
    let module = PageParts.interpreter
    let isThere = module.indices.dropLast(name.count).contains { start in
      module[start] == 0 && module[start..<start + name.count].elementsEqual(name)
    }
    #expect(isThere)
  }

  @Test func theModuleIsSmall() {
    #expect(PageParts.interpreter.count < 100_000)
    #expect(PageParts.script.utf8.count + PageParts.style.utf8.count < 30_000)
  }
}
