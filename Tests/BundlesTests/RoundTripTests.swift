import CanonicalJSON
import Hashing
import IR
import Math
import Operators
import Platform
import Tensors
import TestSupport
import Testing

@testable import Bundles

@Suite struct RoundTripTests {
  @Test(arguments: [BundleWriter.Compression.none, .smallest], [false, true])
  func graphsSurvive(_ compression: BundleWriter.Compression, isFloat: Bool) throws {
    try withFolder { folder in
      let graph = isFloat ? try Sample.floatGraph() : try Sample.int8Graph()
      let written = Bundle(kind: isFloat ? .checkpoint : .compiled, graph: graph)
      let reports = try BundleWriter.write(written, to: "\(folder)/a.derm", compression: compression)
      let file = try BundleReader.open("\(folder)/a.derm")
      #expect(file.sections == reports)
      #expect(file.verify().isEmpty)
      let read = try file.read()
      #expect(read.kind == written.kind)
      #expect(read.graph.name == graph.name)
      #expect(read.graph.hasFreeBatch == graph.hasFreeBatch)
      #expect(read.graph.description == graph.description)
      let before = graph.nodesInOrder()
      let after = read.graph.nodesInOrder()
      #expect(after.map(\.name) == before.map(\.name))
      #expect(after.map(\.origins) == before.map(\.origins))
      for (a, b) in zip(before, after) {
        #expect(a.inputs.map { $0.map { graph[$0].name } } == b.inputs.map { $0.map { read.graph[$0].name } })
        for case (let x?, let y?) in zip(a.inputs, b.inputs) {
          guard let constant = graph.constant(x) else { continue }
          #expect(try #require(read.graph.constant(y)).isIdentical(to: constant))
        }
      }
      try BundleWriter.write(read, to: "\(folder)/b.derm", compression: compression)
      #expect(try bytes(of: "\(folder)/b.derm") == bytes(of: "\(folder)/a.derm"))
    }
  }

  @Test func allSectionsSurvive() throws {
    try withFolder { folder in
      let bundle = try Sample.full()
      try BundleWriter.write(bundle, to: "\(folder)/a.derm")
      let read = try BundleReader.open("\(folder)/a.derm").read()
      #expect(read.preprocessing == bundle.preprocessing)
      #expect(read.labels == bundle.labels)
      #expect(read.calibration == bundle.calibration)
      #expect(read.evaluation == bundle.evaluation)
      #expect(read.explanation == bundle.explanation)
      #expect(read.provenance == bundle.provenance)
      let (a, b) = (try #require(bundle.selfTest), try #require(read.selfTest))
      #expect(zip(a.inputs + a.outputs, b.inputs + b.outputs).allSatisfy { $0.isIdentical(to: $1) })
      #expect(a.inputs.count == b.inputs.count && a.outputs.count == b.outputs.count)
    }
  }

  /// A text may be as deep among others as in a section of its own.
  @Test func textsKeepTheirDepth() throws {
    var deep: JSON = 1
    for _ in 0..<JSON.maximumDepth { deep = [deep] }
    var bundle = try Sample.full()
    bundle.explanation = deep
    try withFolder { folder in
      for compression in [BundleWriter.Compression.none, .smallest] {
        try BundleWriter.write(bundle, to: "\(folder)/a.derm", compression: compression)
        #expect(try BundleReader.open("\(folder)/a.derm").read().explanation == deep)
      }
    }
  }

  @Test func absentSectionsStayAbsent() throws {
    try withFolder { folder in
      try BundleWriter.write(Bundle(kind: .checkpoint, graph: Sample.floatGraph()), to: "\(folder)/a.derm")
      let file = try BundleReader.open("\(folder)/a.derm")
      #expect(file.sections.map(\.name) == ["graph", "parameters", "integers"])
      let read = try file.read()
      #expect(read.preprocessing == nil && read.labels == nil && read.selfTest == nil && read.provenance == nil)
    }
  }

  @Test func theSameBundleGivesTheSameBytes() throws {
    try withFolder { folder in
      for name in ["a", "b"] { try BundleWriter.write(Sample.full(), to: "\(folder)/\(name).derm") }
      #expect(try bytes(of: "\(folder)/a.derm") == bytes(of: "\(folder)/b.derm"))
      let (a, b) = (try BundleReader.open("\(folder)/a.derm"), try BundleReader.open("\(folder)/b.derm"))
      #expect(a.sha256() == b.sha256() && a.rootHash == b.rootHash)
      #expect(a.sha256() == SHA256(of: try bytes(of: "\(folder)/a.derm")))
    }
  }

  @Test func numberingDoesNotDependOnEdits() throws {
    try withFolder { folder in
      var edited = try Sample.int8Graph()
      // A constant and a node that come and go leave holes in the numbers of values and nodes.
      let spare = edited.addConstant("spare", Tensor([Float(1)]))
      try edited.add(Unary(.abs), name: "gone", inputs: [spare])
      edited.removeDeadNodes()
      try BundleWriter.write(Bundle(kind: .compiled, graph: Sample.int8Graph()), to: "\(folder)/a.derm")
      try BundleWriter.write(Bundle(kind: .compiled, graph: edited), to: "\(folder)/b.derm")
      #expect(try bytes(of: "\(folder)/a.derm") == bytes(of: "\(folder)/b.derm"))
    }
  }

  @Test func rawConstantsAreMapped() throws {
    try withFolder { folder in
      let bundle = Bundle(kind: .checkpoint, graph: try Sample.floatGraph())
      for compression in [BundleWriter.Compression.none, .smallest, .rawConstants] {
        let reports = try BundleWriter.write(bundle, to: "\(folder)/a.derm", compression: compression)
        let graph = try BundleReader.open("\(folder)/a.derm").read().graph
        for tensor in graph.valueIDs.compactMap({ graph.constant($0) }) {
          let section = Section.holding(tensor.element).name
          let isRaw = reports.contains { $0.name == section && $0.codec == "raw" }
          #expect((tensor.buffer.file != nil) == isRaw)
          #expect(!tensor.buffer.isOwned && tensor.owned().buffer.isOwned && tensor.owned().isIdentical(to: tensor))
          #expect(tensor.withBytes { UInt(bitPattern: $0.baseAddress) } % 64 == 0)
        }
      }
    }
  }

  @Test func rawConstantsLeaveTheRestSmall() throws {
    try withFolder { folder in
      let raw = try BundleWriter.write(Sample.full(), to: "\(folder)/a.derm", compression: .rawConstants)
      let small = try BundleWriter.write(Sample.full(), to: "\(folder)/b.derm", compression: .smallest)
      for (one, other) in zip(raw, small) {
        let isConstants = ["weights", "parameters", "integers"].contains(one.name)
        #expect(isConstants ? one.codec == "raw" && one.storedBytes == one.rawBytes : one == other)
      }
      let (one, other) = (
        try BundleReader.open("\(folder)/a.derm").read(), try BundleReader.open("\(folder)/b.derm").read()
      )
      try BundleWriter.write(one, to: "\(folder)/c.derm")
      #expect(try bytes(of: "\(folder)/c.derm") == bytes(of: "\(folder)/b.derm"))
      #expect(
        one.graph.valueIDs.allSatisfy { id in
          guard let tensor = one.graph.constant(id) else { return other.graph.constant(id) == nil }
          // What was released comes back from the file.
          tensor.buffer.releasePages()
          return other.graph.constant(id)?.isIdentical(to: tensor) == true
        })
    }
  }

  @Test func selfTestIsReadWhereItIsWanted() throws {
    try withFolder { folder in
      try BundleWriter.write(Sample.full(), to: "\(folder)/a.derm")
      let file = try BundleReader.open("\(folder)/a.derm")
      #expect(try file.read().selfTest != nil)
      #expect(try file.read(selfTest: false).selfTest == nil)
      #expect(try file.read(selfTest: false).labels?.count == 7)
      // Its bytes are checked all the same.
      var damaged = try bytes(of: "\(folder)/a.derm")
      damaged[damaged.count - 1] ^= 1
      try OutputFile.write(damaged, to: "\(folder)/b.derm")
      #expect(throws: Refusal.self) { try BundleReader.open("\(folder)/b.derm").read(selfTest: false) }
    }
  }

  @Test func constantsOutliveTheFile() throws {
    let tensor = try withFolder { folder in
      try BundleWriter.write(
        Bundle(kind: .checkpoint, graph: Sample.floatGraph()), to: "\(folder)/a.derm", compression: .none)
      let graph = try BundleReader.open("\(folder)/a.derm").read().graph
      return try #require(graph.valueIDs.first { graph[$0].name == "w/1" }.flatMap { graph.constant($0) })
    }
    var random = RandomNumbers(seed: 1)
    #expect(tensor.elements() == random.floats(108))
  }

  @Test(
    arguments: [
      0, -0.0, 0.1, .leastNonzeroMagnitude, .leastNormalMagnitude, .leastNormalMagnitude.nextDown,
      .greatestFiniteMagnitude, 16_777_216, 0.3, 7.038531e-26, -1.5,
    ] as [Float])
  func floatsKeepTheirBits(_ value: Float) throws {
    let text = try JSON.array([.float(value)]).canonicalBytes()
    let node = JSONNode(try JSON(parsing: text), name: "x")
    #expect(try node.elements()[0].anyFloat().bitPattern == value.bitPattern)
  }

  @Test func manyFloatsKeepTheirBitsAndStayShort() throws {
    var random = RandomNumbers(seed: 4)
    for _ in 0..<20_000 {
      let value = Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &random))
      guard value.isFinite else { continue }
      let text = String(decoding: try JSON.float(value).canonicalBytes(), as: UTF8.self)
      #expect(Float(try #require(Double(text))).bitPattern == value.bitPattern)
      #expect(Double(text) == Double(value.description))
    }
    #expect(JSON.float(.infinity) == "inf")
    #expect(JSON.float(-.infinity) == "-inf")
    #expect(JSON.float(.nan) == "nan")
  }

  /// A reader would refuse so much from so small a file, so it is stored as it is.
  @Test func tensorsThatPackTooWellAreStoredRaw() throws {
    let count = 320 << 20
    let weights = SectionContents(.weights, Buffer(count: count))
    let (pieces, reports) = try BundleWriter.assembled([weights], path: "a", compression: .smallest)
    #expect(reports.map(\.codec) == ["raw"] && pieces.reduce(0) { $0 + $1.count } > count)
  }

  /// Planes are put together piece by piece: sizes around those of pieces and of words.
  @Test(arguments: [0, 1, 3, 4, 5, 7, 65_535, 65_536, 65_537, 262_144, 262_147, 400_001])
  func planesOfAnySizeRoundTrip(count: Int) throws {
    let raw = (0..<count).map { UInt8(truncatingIfNeeded: $0 % 4 == 3 ? 7 : $0 / 300) }
    guard let stored = raw.withUnsafeBytes({ ZlibPlanesCodec.encode($0, tensors: [], below: $0.count) }) else {
      return #expect(count < 8)
    }
    func decoded(_ size: Int) -> [UInt8]? {
      var back = [UInt8](repeating: 1, count: size)
      let isWhole = back.withUnsafeMutableBytes { target in
        stored.withBytes { ZlibPlanesCodec.decode($0, into: target) }
      }
      return isWhole ? back : nil
    }
    #expect(decoded(count) == raw)
    for size in [count - 1, count + 1] { #expect(decoded(size) == nil) }
  }
}
