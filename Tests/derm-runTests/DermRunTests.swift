import Bundles
import CanonicalJSON
import IR
import Math
import Operators
import Platform
import Tensors
import Testing

/// The program as a user runs it, in a folder of its own that has bundles, an image and what the program printed.
final class Place {
  let path: String

  init() throws {
    var template = Array("\(getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir)/derm-run-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap(mkdtemp).map { String(cString: $0) } }
    path = try #require(made)
    try writeBundle("model.derm", labels: ["benign", "malignant"])
    #expect(symlink(Place.image, path + "/image.jpg") == 0)
  }

  deinit { _ = system("rm -r '\(path)'") }

  private static let image =
    "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/fixtures/images/eval/nv/001.jpg"

  /// The executable that was built beside the tests.
  private static let program: String = {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let image = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    let places = ([image] + CommandLine.arguments).map { place in
      "\(place.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/"))/derm-run"
    }
    return places.first { access($0, X_OK) == 0 } ?? "derm-run"
  }()

  /// A bundle that finds every image `labels[1]`.
  func writeBundle(_ name: String, labels: [String]) throws {
    var graph = Graph(name: "tiny")
    let x = graph.addInput("x", TensorType(.float32, [1, 3, 4, 4]))
    let pooled = try graph.add(GlobalAveragePool(), name: "pool", inputs: [x])[0]
    let flat = try graph.add(Reshape(shape: [0, -1]), name: "flat", inputs: [pooled])[0]
    let weights = graph.addConstant("w", Tensor([0, 0, 0, 1, 1, 1] as [Float], shape: [2, 3]))
    graph.addOutput(try graph.add(Gemm(transB: true), name: "fc", inputs: [flat, weights])[0])
    var bundle = Bundle(kind: .compiled, graph: graph)
    bundle.labels = labels
    bundle.preprocessing = [
      "size": [4, 4], "scale": 1.0, "mean": [0], "std": [1], "channels": "rgb", "resize": "direct",
    ]
    try BundleWriter.write(bundle, to: "\(path)/\(name)")
  }

  /// A bundle of one sigmoid of the red of an image and, with `hasAge`, of a number beside it.
  func writeBinaryBundle(_ name: String, labels: [String], hasAge: Bool = false) throws {
    var graph = Graph(name: "tiny")
    let x = graph.addInput("x", TensorType(.float32, [1, 3, 4, 4]))
    let pooled = try graph.add(GlobalAveragePool(), name: "pool", inputs: [x])[0]
    var features = try graph.add(Reshape(shape: [0, -1]), name: "flat", inputs: [pooled])[0]
    if hasAge {
      let age = graph.addInput("age", TensorType(.float32, [1, 1]))
      features = try graph.add(Concat(axis: 1), name: "join", inputs: [features, age])[0]
    }
    let row: [Float] = hasAge ? [0, 0, 0, 1] : [-0.01, 0, 0]
    let weights = graph.addConstant("w", Tensor(row, shape: [1, row.count]))
    let logit = try graph.add(Gemm(transB: true), name: "fc", inputs: [features, weights])[0]
    graph.addOutput(try graph.add(Unary(.sigmoid), name: "probability", inputs: [logit])[0])
    var bundle = Bundle(kind: .compiled, graph: graph)
    bundle.labels = labels
    bundle.preprocessing = [
      "size": [4, 4], "scale": 1.0, "mean": [0], "std": [1], "channels": "rgb", "resize": "direct",
    ]
    try BundleWriter.write(bundle, to: "\(path)/\(name)")
  }

  /// Runs a line of shell in the folder, where `$P` is the program; what it wrote is in `error` and what it gave.
  func shell(_ line: String) throws -> (status: Int32, output: String, error: String) {
    let status = system("cd '\(path)' && P='\(Place.program)' && { \(line); } > output 2> error")
    return (status >> 8 & 0xFF, try text("output"), try text("error"))
  }

  func text(_ name: String) throws -> String {
    String(decoding: try MappedFile.contents(of: "\(path)/\(name)"), as: UTF8.self)
  }
}

@Suite struct DermRunTests {
  @Test func printsALineForEachImage() throws {
    let (status, output, error) = try Place().shell("\"$P\" model.derm image.jpg image.jpg")
    #expect(status == 0 && error == "")
    let line = "image.jpg\tmalignant\t1.0\n"
    #expect(output == line + line)
  }

  /// What is loaded for WebP and TIFF alone may be missing for all others.
  @Test func namesTheLibraryThatIsMissing() throws {
    let place = try Place()
    let root = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    for name in ["lossy.webp", "lzw.tif", "rgb.bmp"] {
      #expect(symlink("/\(root)/ImagesTests/Goldens/\(name)", "\(place.path)/\(name)") == 0)
    }
    let (all, output, _) = try place.shell("\"$P\" model.derm lossy.webp lzw.tif rgb.bmp")
    #expect(all == 0 && output.split(separator: "\n").count == 3)
    // Files that are no libraries.
    let missing = "touch libwebp.so.7 libtiff.so.6; LD_LIBRARY_PATH=\"$PWD:$LD_LIBRARY_PATH\""
    let libraries = [
      ("lossy.webp", "WebP", "libwebp.so.7", "libwebp7"), ("lzw.tif", "TIFF", "libtiff.so.6", "libtiff6"),
    ]
    for (name, format, library, package) in libraries {
      let (status, _, error) = try place.shell("\(missing) \"$P\" model.derm \(name)")
      #expect(status == 3)
      let remedy = "which cannot be loaded: install it (apt-get install \(package))"
      #expect(error == "derm-run: \(name): is a \(format) image and needs \(library), \(remedy)\n")
    }
    let (bmp, _, error) = try place.shell("\(missing) \"$P\" model.derm rgb.bmp")
    #expect(bmp == 0 && error == "")
  }

  /// One sigmoid says how probable the second class is, and nothing is ever "1.0" for want of another number.
  @Test func oneSigmoidDecidesBetweenTwo() throws {
    let place = try Place()
    try place.writeBinaryBundle("one.derm", labels: ["benign", "malignant"])
    let (status, output, error) = try place.shell("\"$P\" one.derm image.jpg")
    #expect(status == 0 && error == "")
    let fields = output.dropLast().split(separator: "\t")
    #expect(fields.count == 3 && fields[1] == "benign", "\(output)")
    let probability = try #require(Double(fields[2]))
    #expect(probability > 0.5 && probability < 1)
  }

  @Test func takesNumbersBesideTheImage() throws {
    let place = try Place()
    try place.writeBinaryBundle("two.derm", labels: ["benign", "malignant"], hasAge: true)
    let told = try place.shell("\"$P\" --input age=2 two.derm image.jpg")
    #expect(told.status == 0 && told.output.hasPrefix("image.jpg\tmalignant\t0.88"), "\(told.output)\(told.error)")
    let missing = try place.shell("\"$P\" two.derm image.jpg")
    #expect(
      missing.status == 3 && missing.error == "derm-run: input age is missing: the model takes 1 numbers for it\n")
    let wrong = try place.shell("\"$P\" --input age=old two.derm image.jpg")
    #expect(wrong.status == 2 && wrong.error.contains("--input age=old"))
  }

  @Test func printsTheNumbersOfEveryOutput() throws {
    let place = try Place()
    let (status, output, error) = try place.shell("\"$P\" --outputs model.derm image.jpg")
    #expect(status == 0 && error == "")
    let fields = output.dropLast().split(separator: "\t", omittingEmptySubsequences: false)
    #expect(fields.count == 3 && fields[0] == "image.jpg" && fields[1] == "fc_out0", "\(output)")
    // No red in the first, all colours of an image of bytes in the second.
    let numbers = fields[2].split(separator: " ").compactMap { Float($0) }
    #expect(numbers.count == 2 && numbers[0] == 0 && numbers[1] > 100)
  }

  /// Neither a label nor the name of a file can forge a line or speak to the terminal.
  @Test func escapesNamesFromFiles() throws {
    let place = try Place()
    try place.writeBundle("esc.derm", labels: ["a", "nv\t1.0\nother.jpg\tbenign\u{1B}[2J\u{202E}"])
    let odd = "in\u{1B}]0;x\u{7}\nside.jpg"
    #expect(symlink("\(place.path)/image.jpg", "\(place.path)/\(odd)") == 0)
    let (status, output, error) = try place.shell("\"$P\" esc.derm \"$(printf 'in\\033]0;x\\007\\nside.jpg')\"")
    #expect(status == 0 && error == "")
    let name = "in\\u{1b}]0;x\\u{7}\\u{a}side.jpg"
    #expect(output == "\(name)\tnv\\u{9}1.0\\u{a}other.jpg\\u{9}benign\\u{1b}[2J\\u{202e}\t1.0\n")

    let refused = try place.shell("\"$P\" \"$(printf 'no\\nsuch\\033.derm')\" image.jpg")
    #expect(refused.status == 3 && refused.output == "")
    #expect(refused.error == "derm-run: no\\u{a}such\\u{1b}.derm: No such file or directory\n")
  }

  @Test(arguments: [
    "", "model.derm", "--help", "--public-key", "--public-key key model.derm", "-x model.derm image.jpg",
  ])
  func wrongUsageIsTwo(arguments: String) throws {
    let (status, output, error) = try Place().shell("\"$P\" \(arguments)")
    #expect(status == 2 && output == "")
    #expect(
      error == "derm-run: usage: derm-run [--public-key KEY.pem ...] [--input NAME=NUMBER,... ...] [--outputs] "
        + "BUNDLE.derm IMAGE ...\n")
  }

  @Test(arguments: ["absent.derm image.jpg", "image.jpg image.jpg", "model.derm absent.jpg", "model.derm model.derm"])
  func whatIsRefusedIsThree(arguments: String) throws {
    let (status, output, error) = try Place().shell("\"$P\" \(arguments)")
    #expect(status == 3 && output == "")
    #expect(error.hasPrefix("derm-run: ") && error.filter(\.isNewline).count == 1, "\(error)")
  }

  /// ThreadSanitizer keeps its tables in files.
  private static let mayLimitFiles = (try? Place().shell("grep -q __tsan_func_entry \"$P\""))?.status != 0

  /// Zero says that everything was written.
  @Test(
    .enabled(if: mayLimitFiles, "ThreadSanitizer cannot run with small files"),
    arguments: [
      ("> /dev/full", "No space left on device"), (">&-", "Bad file descriptor"), (">&3", "Broken pipe"),
      ("> limited", "File too large"),
    ]) func outputThatIsLostIsThree(redirection: String, reason: String) throws
  {
    let place = try Place()
    // 3 is a pipe whose reader is gone when the program begins. A file can have one block here, and has it.
    let pipe = "mkfifo pipe; exec 4<> pipe; exec 3> pipe; exec 4>&-"
    // Counts of coverage would be a larger file.
    let prepare = "\(pipe); export LLVM_PROFILE_FILE=/dev/null; ulimit -f 1; head -c 512 /dev/zero > limited"
    let append = redirection.replacing("> limited", with: ">> limited")
    let (status, output, error) = try place.shell("\(prepare); \"$P\" model.derm image.jpg \(append)")
    #expect(status == 3 && output == "")
    #expect(error == "derm-run: standard output cannot be written: \(reason)\n")
  }

  @Test func runsOnlyWhatATrustedKeySigned() throws {
    let place = try Place()
    let public1 = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
    try OutputFile.write(public1 + "-----END PUBLIC KEY-----\n", to: "\(place.path)/key.pub")
    let unsigned = try place.shell("\"$P\" --public-key key.pub model.derm image.jpg")
    #expect(unsigned.status == 3 && unsigned.output == "")
    #expect(unsigned.error.hasPrefix("derm-run: model.derm: is not signed; a signature by key "))
    let keyless = try place.shell("\"$P\" --public-key absent.pub model.derm image.jpg")
    #expect(keyless.status == 3 && keyless.error == "derm-run: absent.pub: No such file or directory\n")
  }
}
