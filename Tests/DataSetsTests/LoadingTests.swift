import DataSets
import Hashing
import HeapMemory
import Images
import NumPyFiles
import Platform
import Runtime
import Tensors
import Testing

/// What is counted and hashed while data are read.
@Suite struct DataAccountTests {
  @Test func filesThatNobodyReadsAreCounted() throws {
    let folder = try Folder("nv/a.npy", "mel/b.npy")
    for name in [
      "nv/c.HEIC", "nv/d.heic", "mel/e.heic", "nv/f.avif", "stray", "labels.txt", "nv/Thumbs.db", "nv/.DS_Store",
      "README", "LICENSE.pdf", "nv/output_0.pb", "mel/notes.md",
    ] {
      try folder.write("x", name)
    }
    mkdir(folder / "df", 0o755)
    let data = try labelled(folder)
    #expect(
      data.unread == [
        UnreadFiles(ending: "heic", count: 3), UnreadFiles(ending: "", count: 1), UnreadFiles(ending: "avif", count: 1),
      ])
    #expect(data.emptyFolders == ["df"])
    #expect(
      data.warnings == [
        "\(folder.path): 5 files are not read: 3 .heic, 1 without ending, 1 .avif (convert them to JPEG or PNG)",
        "\(folder.path)/df: is a class folder without images or tensors",
      ])
    let unlabelled = try SampleFolder.samples(
      at: folder.path, inputs: ModelInputs(TensorType(.float32, [1, 2])))
    #expect(unlabelled.unread == data.unread && unlabelled.samples.count == 2)

    // An image beside class folders has no class.
    try folder.tensor([1, 1], "beside.npy")
    #expect(try labelled(folder).unread.contains(UnreadFiles(ending: "npy", count: 1)))
    #expect(UnreadFiles.sentence([UnreadFiles(ending: "xyz", count: 1)], in: "d") == "d: 1 file is not read: 1 .xyz")
    #expect(UnreadFiles.sentence([], in: "d") == nil)
  }

  @Test func aFolderOfOtherFormatsSaysSo() throws {
    let folder = try Folder()
    try folder.write("x", "nv/a.heic")
    #expect(refusal(folder)?.description.contains("1 file is not read: 1 .heic (convert") == true)
  }

  /// The files of a data set, read as by a run.
  private func loaded(_ folder: Folder) throws -> SampleLoader {
    let inputs = ModelInputs(TensorType(.float32, [1, 2]))
    let loader = try SampleLoader(
      try SampleFolder.samples(at: folder.path, inputs: inputs), for: inputs, order: nil, preprocessing: nil)
    var values: [Float] = [0, 0]
    values.withUnsafeMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      // Each sample twice, as float and compiled models do.
      for index in (0..<loader.count).map({ $0 }) + (0..<loader.count) {
        _ = loader.write(index, into: [MutableTensorView(TensorType(.float32, [1, 2]), base: base)])
      }
    }
    return loader
  }

  @Test func identityIsOfContentsNotOfNames() throws {
    let folder = try Folder("a.npy", "b.npy", "c.npy")
    try folder.write("no tensor", "d.npy")
    let loader = try loaded(folder)
    #expect(loader.problems.count == 1)
    // The formula of the documentation, step by step.
    let digests = try ["a", "b", "c"].map { SHA256(of: try MappedFile.contents(of: folder / "\($0).npy")).bytes }
    let sorted = digests.sorted { $0.lexicographicallyPrecedes($1) }
    let identity = loader.identity
    #expect(identity.count == 3 && identity.sha256 == SHA256(of: sorted[0] + sorted[1] + sorted[2]))

    let renamed = try Folder()
    for (from, to) in [("a", "z/9.npy"), ("b", "1.npy"), ("c", "x.npy")] {
      try renamed.write(try MappedFile.contents(of: folder / "\(from).npy"), to)
    }
    #expect(try loaded(renamed).identity == identity)
    try renamed.tensor([5, 5], "1.npy")
    #expect(try loaded(renamed).identity != identity)
  }

  @Test func aFileOfManySamplesIsOneFile() throws {
    let folder = try Folder()
    try folder.write(NumPyFile.encode(Tensor([Float(1), 2, 3, 4, 5, 6], shape: [3, 2])), "a.npy")
    let loader = try loaded(folder)
    #expect(loader.count == 3 && loader.identity.count == 1)
  }
}

/// Models with an image and other inputs.
@Suite struct SeveralInputsTests {
  private static let image = ModelInputs.Input(name: "image", type: TensorType(.float32, [1, 1, 2, 2]))
  private static let metadata = ModelInputs.Input(name: "metadata", type: TensorType(.float32, [1, 3]))
  private static let age = ModelInputs.Input(name: "age", type: TensorType(.int64, [1, 1]))

  /// What a sample writes into the inputs; nil where it cannot be used.
  private func written(_ loader: SampleLoader, _ index: Int, _ types: [TensorType]) -> [[Double]]? {
    let room = types.map { max(64, $0.byteCount) }.max() ?? 0
    return Arena(count: room * types.count).withMemory { memory in
      let views = types.enumerated().map { MutableTensorView($1, base: memory + $0 * room) }
      guard loader.write(index, into: views) else { return nil }
      return views.map { view in Tensor(view.type) { $0.copyMemory(from: view.reading.bytes) }.doubles() }
    }
  }

  private func loader(
    _ folder: Folder, _ inputs: [ModelInputs.Input], values: [String: [Float]] = [:],
    _ change: (inout TableOptions) -> Void = { _ in }
  ) throws -> SampleLoader {
    var options = TableOptions()
    change(&options)
    let inputs = try ModelInputs(inputs)
    return try SampleLoader(
      try SampleFolder.samples(at: folder.path, inputs: inputs, options: options), for: inputs, order: nil,
      preprocessing: try Preprocessing(height: 2, width: 2, channels: .gray), values: values)
  }

  /// What is no number, or none as float32, would make an answer of nothing: such a sample cannot be used, unless that
  /// is asked for.
  @Test(arguments: [
    ([Double(1), .nan], 1), ([-Double.infinity, 1], 0), ([1, 1e300], 1),
  ])
  func numbersMustBeFinite(numbers: [Double], place: Int) throws {
    let folder = try Folder()
    try folder.write(NumPyFile.encode(Tensor(numbers, shape: [1, 2])), "a.npy")
    let inputs = ModelInputs(TensorType(.float32, [1, 2]))
    func loader(takesNonFinite: Bool) throws -> SampleLoader {
      try SampleLoader(
        try SampleFolder.samples(at: folder.path, inputs: inputs), for: inputs, order: nil, preprocessing: nil,
        takesNonFinite: takesNonFinite)
    }
    let strict = try loader(takesNonFinite: false)
    #expect(written(strict, 0, [TensorType(.float32, [1, 2])]) == nil)
    #expect(strict.problems.map(\.reason) == ["holds NaN or infinity (element \(place))"])
    #expect(strict.nonFiniteSamples.isEmpty)
    let open = try loader(takesNonFinite: true)
    let taken = written(open, 0, [TensorType(.float32, [1, 2])])
    #expect(taken?.first?.map { Float($0).bitPattern } == numbers.map { Float($0).bitPattern })
    #expect(open.problems.isEmpty && open.nonFiniteSamples.map(\.path) == [folder / "a.npy"])
  }

  @Test func columnsGiveInputs() throws {
    let folder = try Folder()
    for name in ["a", "b"] { try folder.write(Self.grayPNG, "\(name).png") }
    try folder.write("image_id,sex,Age,site\nb,1,40,2.5\na,0,30,-1\n", "metadata.csv")
    let inputs = [Self.metadata, Self.image, Self.age]
    let loader = try loader(folder, inputs) { $0.inputColumns = ["metadata": ["age", "sex", "site"]] }
    #expect(written(loader, 0, inputs.map(\.type)) == [[30, 0, -1], [7, 7, 7, 7], [30]])
    #expect(written(loader, 1, inputs.map(\.type)) == [[40, 1, 2.5], [7, 7, 7, 7], [40]])

    try folder.write(Self.grayPNG, "c.png")
    let more = try self.loader(folder, inputs) { $0.inputColumns = ["metadata": ["age", "sex", "site"]] }
    #expect(written(more, 2, inputs.map(\.type)) == nil)
    #expect(more.problems.map(\.reason) == ["has no row in \(folder / "metadata.csv"), which gives metadata"])

    try folder.write("image_id,sex,age,site\na,0,30,head\n", "metadata.csv")
    let refused = #expect(throws: Refusal.self) {
      try self.loader(folder, inputs) { $0.inputColumns = ["metadata": ["age", "sex", "site"]] }
    }
    #expect(refused?.description == "\(folder / "metadata.csv"), line 2: column site is head, expected a number")
    let few = #expect(throws: Refusal.self) {
      try self.loader(folder, inputs) { $0.inputColumns = ["metadata": ["age"]] }
    }
    #expect(few?.description == "--columns metadata: has 1 columns, the input is float32[1,3]")
  }

  @Test func archivesGiveInputs() throws {
    let folder = try Folder()
    try folder.write(
      Self.archive([
        ("metadata", Tensor([Float(1), 2, 3, 4, 5, 6], shape: [2, 3])),
        ("image", Tensor((0..<8).map(Float.init), shape: [2, 1, 2, 2])),
      ]), "two.npz")
    let inputs = [Self.image, Self.metadata]
    let loader = try loader(folder, inputs)
    #expect(loader.samples.map(\.name) == ["two.npz[0]", "two.npz[1]"])
    #expect(written(loader, 1, inputs.map(\.type)) == [[4, 5, 6, 7], [4, 5, 6]])
    #expect(loader.identity.count == 1)
  }

  @Test func valuesGiveInputs() throws {
    let folder = try Folder()
    try folder.write(Self.grayPNG, "a.png")
    let inputs = [Self.image, Self.metadata]
    let loader = try loader(folder, inputs, values: ["metadata": [0.5, 1, 0]])
    #expect(written(loader, 0, inputs.map(\.type)) == [[7, 7, 7, 7], [0.5, 1, 0]])
    for values in [["meta": [Float(1)]], ["metadata": [1]], ["image": [1, 2, 3, 4]]] {
      let refused = #expect(throws: Refusal.self) { try self.loader(folder, inputs, values: values) }
      #expect(refused?.kind == .usage)
    }
  }

  @Test func whatNothingGivesIsRefusedAtOnce() throws {
    let folder = try Folder()
    try folder.write(Self.grayPNG, "a.png")
    let refused = #expect(throws: Refusal.self) { try self.loader(folder, [Self.image, Self.metadata]) }
    #expect(refused?.kind == .unfit)
    for part in [
      "image float32[1,1,2,2], metadata float32[1,3]", "nothing gives metadata", ".npz", "--columns metadata=COLUMN",
      "--input metadata=NUMBER",
    ] {
      #expect(refused?.description.contains(part) == true)
    }
    let two = ModelInputs.Input(name: "second", type: Self.image.type)
    let open = #expect(throws: Refusal.self) { try self.loader(folder, [Self.image, two]) }
    #expect(open?.kind == .usage && open?.description.contains("--image-input") == true)
    #expect(try ModelInputs([Self.image, two], main: "second").main == 1)
  }

  /// A gray image of 2 x 2 pixels of value 7.
  private static let grayPNG: [UInt8] = [
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 2, 0, 0, 0, 2, 8, 0, 0, 0, 0, 87, 221, 82,
    248, 0, 0, 0, 14, 73, 68, 65, 84, 120, 156, 99, 96, 103, 103, 96, 103, 7, 0, 0, 90, 0, 29, 93, 58, 106, 247, 0, 0,
    0, 0, 73, 69, 78, 68, 174, 66, 96, 130,
  ]

  /// A zip archive of arrays that are stored as they are.
  private static func archive(_ arrays: [(name: String, tensor: Tensor)]) -> [UInt8] {
    var (file, directory): ([UInt8], [UInt8]) = ([], [])
    func bytes(_ values: (Int, Int)...) -> [UInt8] {
      values.flatMap { value, count in (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    }
    for (name, tensor) in arrays {
      let content = NumPyFile.encode(tensor)
      let name = Array("\(name).npy".utf8)
      let common = bytes(
        (20, 2), (0, 2), (0, 2), (0, 4), (crc32(content), 4), (content.count, 4), (content.count, 4), (name.count, 2))
      directory += bytes((0x0201_4B50, 4), (20, 2)) + common
      directory += bytes((0, 2), (0, 2), (0, 2), (0, 2), (0, 4), (file.count, 4)) + name
      file += bytes((0x0403_4B50, 4)) + common + bytes((0, 2)) + name + content
    }
    let start = file.count
    return file + directory
      + bytes(
        (0x0605_4B50, 4), (0, 2), (0, 2), (arrays.count, 2), (arrays.count, 2), (directory.count, 4), (start, 4), (0, 2)
      )
  }

  private static func crc32(_ bytes: [UInt8]) -> Int {
    var remainder: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder & 1 == 0 ? remainder >> 1 : remainder >> 1 ^ 0xEDB8_8320 }
    }
    return Int(~remainder)
  }
}
