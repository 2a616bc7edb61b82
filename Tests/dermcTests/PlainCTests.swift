import DermRuntime
import Platform
import Tensors
import Testing

/// Bundles as programs in C: compiled by the C compiler at hand, they must answer with the bits of the runtime.
@Suite struct PlainCTests {
  /// A compiler of C; nil where there is none, and then most of this checks nothing.
  static let compiler = installed("cc", "clang", "gcc")

  /// The first of some programs that is on PATH.
  static func installed(_ names: String...) -> String? {
    let folders = (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":")
    for name in names {
      for folder in folders where access("\(folder)/\(name)", X_OK) == 0 { return "\(folder)/\(name)" }
    }
    return nil
  }

  /// Reads raw images, each after its width and height, and prints the bits of the answers; first runs the self-test.
  private static func driver(_ name: String, outputs: Int) -> String {
    """
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include "\(name).h"
    int main(int count, char **files) {
      printf("%d\\n", \(name)_selftest());
      for (int i = 1; i < count; i++) {
        static float answer[\(outputs)];
        int w, h;
        FILE *file = fopen(files[i], "rb");
        if (!file || fscanf(file, "%d %d", &w, &h) != 2 || fgetc(file) != '\\n') return 2;
        const size_t bytes = 3 * (size_t)w * (size_t)h;
        uint8_t *rgb = malloc(bytes);
        if (fread(rgb, 1, bytes, file) != bytes) return 3;
        fclose(file);
        if (\(name)_run(rgb, w, h, answer)) return 4;
        free(rgb);
        for (int k = 0; k < \(outputs); k++) {
          uint32_t bits;
          memcpy(&bits, &answer[k], sizeof bits);
          printf("%08x ", (unsigned)bits);
        }
        printf("\\n");
      }
      return 0;
    }
    """
  }

  /// Compiles a program in a folder with the driver; nil without a compiler.
  private func build(_ folder: String, _ name: String, outputs: Int, flags: String = "-O1") throws -> String? {
    guard let compiler = PlainCTests.compiler else { return nil }
    let (source, program) = ("\(folder)/driver.c", "\(folder)/driver")
    try OutputFile.write(PlainCTests.driver(name, outputs: outputs), to: source)
    let outcome = try Program.run(
      [compiler, "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
        + flags.split(separator: " ").map(String.init) + [source, "\(folder)/\(name).c", "-lm", "-o", program],
      script: "shift; exec \"$@\"")
    try #require(outcome.status == 0, "\(outcome.error.prefix(2000))")
    return program
  }

  private static func run(_ command: [String], _ arguments: [String] = []) throws -> [String] {
    let outcome = try Program.run(command + arguments, script: "shift; exec \"$@\"")
    try #require(outcome.status == 0, "the program ends with \(outcome.status): \(outcome.error.prefix(500))")
    return outcome.output.split(separator: "\n").map(String.init)
  }

  private func convert(_ bundle: String, to folder: String, _ options: String...) throws {
    let outcome = try Program.run(["convert", bundle, "-o", folder] + options)
    try #require(outcome.status == 0, "\(outcome.error)")
  }

  /// Images of all proportions, of which the C program makes several strips, takes columns first, enlarges.
  private static let sizes = [(96, 96), (180, 135), (40, 700), (1500, 60), (3, 5), (1, 1), (611, 1024), (97, 96)]

  private static func pixels(_ width: Int, _ height: Int) -> [UInt8] {
    var state: UInt32 = UInt32(width * 7919 + height)
    return (0..<3 * width * height).map { index in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(truncatingIfNeeded: (state >> 24) / 4 + UInt32(index / 3 % width * 160 / width))
    }
  }

  /// Holds answers to images against those of the bundle: of a command that takes images' files and prints a 0 for the
  /// self-test, then the bits of each image's answer.
  static func compare(_ bundle: String, _ command: String..., in folder: Folder) throws {
    let session = try DermSession(DermModel(path: bundle))
    var files: [String] = []
    var expected: [String] = []
    for (width, height) in PlainCTests.sizes {
      let image = pixels(width, height)
      let file = folder / "\(width)x\(height).rgb"
      try OutputFile.write(Array("\(width) \(height)\n".utf8) + image, to: file)
      files.append(file)
      try session.write(pixels: image.span.bytes, DermPixels(.rgb, width: width, height: height))
      try session.run()
      expected.append(
        try session.withOutput(0) { output in
          output.indices.map { index in
            let bits = String(output[index].bitPattern, radix: 16)
            return String(repeating: "0", count: 8 - bits.count) + bits + " "
          }.joined()
        })
    }
    let lines = try run(command, files)
    try #require(lines.count == files.count + 1)
    #expect(lines[0] == "0", "the self-test fails")
    for (index, size) in PlainCTests.sizes.enumerated() {
      #expect(lines[index + 1] == expected[index], "\(size)")
    }
  }

  @Test(arguments: ["-O0", "-O2", "-O2 -march=native"]) func int8ModelsGiveTheSameBits(_ flags: String) throws {
    let folder = try Folder()
    try convert(Compiled.bundle(), to: folder / "c/")
    guard let program = try build(folder / "c", "model", outputs: 7, flags: flags) else { return }
    try PlainCTests.compare(Compiled.bundle(), program, in: folder)
  }

  @Test func floatModelsGiveTheSameBits() throws {
    let folder = try Folder()
    for model in [Fixture.cnn, Fixture.mobilenet] {
      let bundle = folder / "plain.derm"
      let outcome = try Program.run("compile", model, "--preprocess", Fixture.preprocessing, "-o", bundle)
      try #require(outcome.status == 0, "\(outcome.error)")
      try convert(bundle, to: folder / "c/")
      guard let program = try build(folder / "c", "plain", outputs: 7, flags: "-O2") else { return }
      try PlainCTests.compare(bundle, program, in: folder)
    }
  }

  /// What a conversion is told of preprocessing is in the program, too.
  @Test(arguments: [["--resize", "center-crop"], ["--channels", "bgr", "--mean", "0.5,0.4,0.3"]])
  func preprocessingGivesTheSameBits(_ options: [String]) throws {
    let folder = try Folder()
    let other = try Program.run(["convert", Compiled.bundle(), "-o", folder / "other.derm"] + options)
    try #require(other.status == 0, "\(other.error)")
    let outcome = try Program.run(["convert", Compiled.bundle(), "-o", folder / "c/"] + options)
    try #require(outcome.status == 0, "\(outcome.error)")
    guard let program = try build(folder / "c", "model", outputs: 7) else { return }
    try PlainCTests.compare(folder / "other.derm", program, in: folder)
  }

  @Test func aChangedWeightFailsTheSelfTest() throws {
    let folder = try Folder()
    try convert(Compiled.bundle(), to: folder / "c/", "--name", "net")
    let weights = folder / "c/net_weights.h"
    var lines = String(decoding: try MappedFile.contents(of: weights), as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    let first = try #require(lines.firstIndex { $0.contains("int8_t weights_1[") })
    let numbers = lines[first + 1].split(separator: ",")
    lines[first + 1] = (["  \(numbers[0].contains("77") ? 12 : 77)"] + numbers.dropFirst()).joined(separator: ",")[...]
    try OutputFile.write(lines.joined(separator: "\n"), to: weights)
    guard let program = try build(folder / "c", "net", outputs: 7) else { return }
    #expect(try PlainCTests.run([program]) == ["1"])
  }

  /// A file of weights serves as arrays do, once it was checked; that of another program, a damaged head, half a file
  /// or an odd address do not, and nothing runs without.
  @Test func weightsMayBeAFile() throws {
    let folder = try Folder()
    try convert(Compiled.bundle(), to: folder / "c/", "--name", "net", "--weights-file")
    try convert(Compiled.bundle(), to: folder / "arrays/", "--name", "net")
    guard let arrays = try build(folder / "arrays", "net", outputs: 7) else { return }
    let image = folder / "image.rgb"
    try OutputFile.write(Array("96 96\n".utf8) + PlainCTests.pixels(96, 96), to: image)
    let expected = try PlainCTests.run([arrays, image])
    let source = """
      #include <stdio.h>
      #include <stdlib.h>
      #include <string.h>
      #include "net.h"
      static unsigned char file[16 << 20], changed[16 << 20], rgb[96 * 96 * 3];
      int main(int count, char **names) {
        float answer[7] = {0};
        FILE *weights = fopen(names[1], "rb"), *image = fopen(names[2], "rb");
        const size_t size = fread(file, 1, sizeof file, weights);
        if (count != 3 || fseek(image, 6, SEEK_SET) || fread(rgb, 1, sizeof rgb, image) != sizeof rgb) return 2;
        memcpy(changed, file, size);
        changed[17] ^= 1;
        const int results[] = {
            net_run(rgb, 96, 96, answer), net_selftest(), net_use_weights(changed, size),
            net_use_weights(file, size - 1), net_use_weights(NULL, size), net_use_weights(file + 1, size),
            net_run_tensor(answer, answer)};
        for (int i = 0; i < 7; i++) printf("%d ", results[i]);
        printf("\\n%d", net_use_weights(file, size));
        printf(" %d\\n", net_selftest());
        if (net_run(rgb, 96, 96, answer)) return 3;
        for (int k = 0; k < 7; k++) {
          uint32_t bits;
          memcpy(&bits, &answer[k], sizeof bits);
          printf("%08x ", (unsigned)bits);
        }
        return 0;
      }
      """
    let compiler = try #require(PlainCTests.compiler)
    try OutputFile.write(source, to: folder / "c/main.c")
    let outcome = try Program.run(
      [
        compiler, "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1", folder / "c/main.c",
        folder / "c/net.c", "-lm", "-o", folder / "c/main",
      ], script: "shift; exec \"$@\"")
    try #require(outcome.status == 0, "\(outcome.error.prefix(2000))")
    #expect(
      try PlainCTests.run([folder / "c/main", folder / "c/net_weights.bin", image])
        == ["3 3 3 3 4 4 3 ", "0 0", expected[1]])
  }

  /// The same bundle gives the same bytes, in a folder that is there or not.
  @Test func filesAreTheSameEachTime() throws {
    let folder = try Folder()
    try convert(Compiled.bundle(), to: folder / "a/")
    let second = folder.makeFolder("b")
    try convert(Compiled.bundle(), to: second)
    let compared = try Program.run(["diff", "-r", folder / "a", second], script: "shift; exec \"$@\"")
    #expect(compared.status == 0, "\(compared.output)")
    let header = String(decoding: try MappedFile.contents(of: folder / "a/model.h"), as: UTF8.self)
    #expect(header.contains("int model_run(const uint8_t *rgb, int32_t w, int32_t h, float *output);"))
    #expect(header.contains("extern const char *const model_labels[7];"))
  }

  /// All nodes without a form are named at once, and nothing is left behind.
  @Test func whatHasNoFormIsRefused() throws {
    let folder = try Folder()
    let outcome = try Program.run("convert", Fixture.root + "operators/lrn_size_5.onnx", "-o", folder / "c/")
    #expect(outcome.status == 3)
    #expect(outcome.isOneLine(with: ["has no form in plain C", "(LRN)", "derm-run"]), "\(outcome.error)")
    #expect(folder.names.isEmpty)
  }

  @Test func namesAreIdentifiers() throws {
    let folder = try Folder()
    let wrong = try Program.run(["convert", Compiled.bundle(), "-o", folder / "c/", "--name", "my-net"])
    #expect(wrong.status == 2)
    #expect(wrong.isOneLine(with: ["--name my-net", "my_net"]), "\(wrong.error)")
    for (option, rest) in [("--name", ["net"]), ("--weights-file", [])] {
      let elsewhere = try Program.run(["convert", Compiled.bundle(), "-o", folder / "x.derm", option] + rest)
      #expect(elsewhere.status == 2)
      #expect(elsewhere.isOneLine(with: [option, "plain C"]), "\(elsewhere.error)")
    }
    #expect(folder.names.isEmpty)
    try OutputFile.write("", to: folder / "file")
    let file = try Program.run(["convert", Compiled.bundle(), "-o", folder / "file/"])
    #expect(file.status == 3, "\(file.error)")
  }
}
