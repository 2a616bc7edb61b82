import CanonicalJSON
import IR
import Math
import Operators
import Platform
import Tensors
import Testing

@testable import Bundles

@Suite struct DamageTests {
  /// Which part of a file a byte belongs to, as messages name it.
  private func part(of offset: Int, _ file: BundleFile) -> String {
    for record in file.records.reversed() {
      if offset >= record.offset + record.storedSize { return "padding after section \(record.section.name)" }
      if offset >= record.offset { return "section \(record.section.name)" }
    }
    return "header"
  }

  @Test(arguments: [BundleWriter.Compression.none, .smallest])
  func everyFlippedByteIsNamedAndRefused(_ compression: BundleWriter.Compression) throws {
    try withFolder { folder in
      let path = "\(folder)/a.derm"
      try BundleWriter.write(Sample.full(), to: path, compression: compression)
      let whole = try bytes(of: path)
      let intact = try BundleReader.open(path)
      // Changed in place: thousands of new files would take the disk its time.
      let descriptor = open(path, O_WRONLY)
      defer { close(descriptor) }
      var names: Set<String> = []
      for offset in whole.indices {
        var byte = whole[offset] ^ (offset.isMultiple(of: 2) ? 1 : 0x80)
        #expect(pwrite(descriptor, &byte, 1, offset) == 1)
        defer {
          byte = whole[offset]
          pwrite(descriptor, &byte, 1, offset)
        }
        let expected = part(of: offset, intact)
        names.insert(expected)
        do throws(Refusal) {
          let file = try BundleReader.open(path)
          let problems = file.verify()
          #expect(problems.count == 1)
          #expect(problems.first.map { "\($0)".contains(expected) } == true, "byte \(offset): \(problems)")
          #expect(throws: Refusal.self) { try file.read() }
        } catch {
          #expect(expected == "header" && "\(error)".contains("header"), "byte \(offset): \(error)")
        }
      }
      let text = compression == .none ? "graph" : "texts"
      #expect(names.isSuperset(of: ["header", "section \(text)", "section weights", "padding after section \(text)"]))
    }
  }

  @Test func aFileCutOffAnywhereIsRefused() throws {
    try withFolder { folder in
      let path = "\(folder)/a.derm"
      try BundleWriter.write(Sample.full(), to: path)
      let whole = try bytes(of: path)
      for length in whole.indices.reversed() {
        #expect(truncate(path, length) == 0)
        #expect(throws: Refusal.self, "cut off after \(length) bytes") { try BundleReader.open(path) }
      }
      try OutputFile.write(whole + [0], to: path)
      #expect(throws: Refusal.self) { try BundleReader.open(path) }
    }
  }

  @Test func otherFilesAreRefused() throws {
    try withFolder { folder in
      for contents in [[], Array("DERM".utf8), Array(repeating: 0x41, count: 4096)] as [[UInt8]] {
        try OutputFile.write(contents, to: "\(folder)/a")
        #expect(throws: Refusal.self) { try BundleReader.open("\(folder)/a") }
        #expect(BundleReader.recognizes("\(folder)/a") == contents.starts(with: Array("DERM".utf8)))
      }
      #expect(throws: Refusal.self) { try BundleReader.open("\(folder)/missing") }
      #expect(throws: Refusal.self) { try BundleReader.open(folder) }
      #expect(!BundleReader.recognizes("\(folder)/missing"))
    }
  }

  @Test func aFailedWriteLeavesNothing() throws {
    try withFolder { folder in
      let bundle = Bundle(kind: .checkpoint, graph: try Sample.floatGraph())
      mkdir("\(folder)/taken", 0o755)
      defer { rmdir("\(folder)/taken") }
      // A folder is in the way: renaming fails after the file was written aside.
      #expect(throws: Refusal.self) { try BundleWriter.write(bundle, to: "\(folder)/taken") }
      #expect(throws: Refusal.self) { try BundleWriter.write(bundle, to: "\(folder)/missing/a.derm") }
      #expect(files(in: folder) == ["taken"])
    }
  }

  /// Models may compute with types that the format does not have.
  @Test(arguments: [ElementType.int16, .uint16, .uint32, .uint64]) func otherIntegersAreNotWritten(
    element: ElementType
  ) throws {
    try withFolder { folder in
      var graph = Graph(name: "narrow")
      let x = graph.addInput("x", TensorType(.float32, [1, 2]))
      let cast = try graph.add(Cast(to: element), name: "narrow", inputs: [x], outputNames: ["narrow"])[0]
      let back = try graph.add(Cast(to: .float32), name: "wide", inputs: [cast], outputNames: ["y"])[0]
      graph.addOutput(back)
      let error = #expect(throws: Refusal.self) {
        try BundleWriter.write(Bundle(kind: .checkpoint, graph: graph), to: "\(folder)/a.derm")
      }
      #expect(error?.reason.contains("value \"narrow\" is \(element)[1,2], which bundles do not hold") == true)
      #expect(files(in: folder) == [])
    }
  }

  @Test func anUnwritableBundleLeavesTheOldFile() throws {
    try withFolder { folder in
      let path = "\(folder)/a.derm"
      try OutputFile.write("old", to: path)
      var bundle = try Sample.full()
      bundle.calibration = ["range": .double(.infinity)]
      #expect(throws: Refusal.self) { try BundleWriter.write(bundle, to: path) }
      bundle = try Sample.full()
      bundle.selfTest?.outputs = []
      #expect(throws: Refusal.self) { try BundleWriter.write(bundle, to: path) }
      bundle = try Sample.full()
      bundle.selfTest?.inputs = [Tensor([Float(1)])]
      #expect(throws: Refusal.self) { try BundleWriter.write(bundle, to: path) }
      #expect(try bytes(of: path) == Array("old".utf8))
      #expect(files(in: folder) == ["a.derm"])
    }
  }
}
