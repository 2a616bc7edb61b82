import NumPyFiles
import Platform
import Tensors
import Testing

/// What may happen to a process: it ends in one of the exit codes, and says why.
@Suite struct ProcessTests {
  /// Sanitizers reserve address space without measure, and report faults themselves.
  static let isSanitized: Bool = {
    let found = try? Program.run([], script: "grep -q -e __asan_init -e __tsan_init \"$1\"")
    return found?.status == 0
  }()

  /// In kilobytes; sanitizers make frames larger.
  private var smallStack: Int { Self.isSanitized ? 1024 : 64 }

  // MARK: Arguments

  @Test(.enabled(if: !isSanitized, "sanitizers read /proc themselves"), arguments: ["verify", "gate", "stats"])
  func argumentsArriveWithoutProc(command: String) throws {
    let hidden = try Program.run([], script: "unshare -m sh -c 'umount -l /proc'")
    guard hidden.status == 0 else {
      print("/proc cannot be taken away here: \(hidden.error)")
      return
    }
    let folder = try Folder()
    let damaged = try folder.write("DERM and nothing more", to: "damaged.derm")
    let words = command == "gate" ? [command, damaged, "--budget", damaged] : [command, damaged]
    let outcome = try Program.run(words, script: "exec unshare -m sh -c 'umount -l /proc; exec \"$@\"' sh \"$@\"")
    #expect(outcome.status == (command == "verify" ? 1 : 3) && outcome.output == "", "\(outcome)")
    #expect(outcome.isOneLine(with: ["damaged.derm"]), "\(outcome.error)")
  }

  @Test func nothingToDoIsNoSuccess() throws {
    let outcome = try Program.run()
    #expect(outcome.status == 2 && outcome.output == "" && outcome.error.contains("USAGE: dermc"), "\(outcome)")
    let bare = try Program.run(
      [], script: "python3 -c 'import os,sys; os.execv(sys.argv[1], [\"\"])' \"$@\" || exec \"$@\"")
    #expect(bare.status == 2 && bare.output == "")
  }

  @Test(arguments: [["stats", Fixture.cnn], ["--version"], ["verify", "none.derm"]])
  func unknownInstructionSetsAreRefused(words: [String]) throws {
    let outcome = try Program.run(words, environment: ["DERMC_ISA": "foo"])
    #expect(outcome.status == 2 && outcome.output == "", "\(outcome)")
    #expect(outcome.isOneLine(with: ["DERMC_ISA=foo", "scalar, avx2", "neoni8mm"]), "\(outcome.error)")
  }

  /// A cap, not a wish: what this machine has not caps nothing.
  @Test(arguments: ["", "scalar", "neoni8mm", "amx"]) func knownInstructionSetsAreTaken(name: String) throws {
    let outcome = try Program.run(["stats", Fixture.bad("small")], environment: ["DERMC_ISA": name])
    #expect(outcome.status == 0, "\(outcome.error)")
  }

  /// The tool of the runtime half, which is built beside.
  @Test func theRuntimeToolDoesTheSame() throws {
    let tool = #"tool="${1%dermc}derm-run"; shift; "#
    let foo = try Program.run(
      [try Compiled.bundle(), Fixture.image], environment: ["DERMC_ISA": "foo"], script: tool + #"exec "$tool" "$@""#)
    #expect(foo.status == 2 && foo.output == "", "\(foo)")
    #expect(foo.error.contains("DERMC_ISA=foo: expected one of scalar"), "\(foo)")
    let nothing = try Program.run([], script: tool + #"exec "$tool""#)
    #expect(nothing.status == 2 && nothing.error.contains("usage: derm-run"), "\(nothing)")
    let small = try Program.run(
      [try Compiled.bundle(), Fixture.image], script: tool + "ulimit -s \(smallStack); " + #"exec "$tool" "$@""#)
    #expect(small.status == 0 && small.output.contains("001.jpg"), "\(small)")
  }

  // MARK: Output

  @Test(arguments: [
    ["stats", Fixture.cnn], ["stats", Fixture.cnn, "--json"], ["--version"], ["run", "--help"],
  ])
  func whatCannotBePrintedIsNoSuccess(words: [String]) throws {
    for script in ["exec \"$@\" >/dev/full", "exec \"$@\" >&-", "exec \"$@\" <&- >&-"] {
      let outcome = try Program.run(words, script: script)
      #expect(outcome.status == 3, "\(script): \(outcome)")
      #expect(outcome.isOneLine(with: ["standard output cannot be written"]), "\(outcome.error)")
    }
    let all = try Program.run(words, script: "exec \"$@\" <&- >&- 2>&-")
    #expect(all.status == 3 && all.output + all.error == "")
    // Nobody reads on: the reader is gone before there is something to read.
    let pipe = try Program.run(
      words, script: "{ sleep 0.5; \"$@\"; echo $? >&2; } | exec true; sleep 2")
    #expect(pipe.error.hasSuffix("\n3\n") && pipe.error.contains("Broken pipe"), "\(pipe.error)")
  }

  /// Where 1 and 2 are closed, files that are opened would have these numbers, and messages would go into them.
  @Test func filesDoNotLandOnClosedDescriptors() throws {
    let folder = try Folder()
    let model = try folder.copy(Fixture.bad("small"))
    let outcome = try Program.run(["convert", model, "-o", folder / "a.onnx"], script: "exec \"$@\" <&- >&- 2>&-")
    #expect(outcome.status == 3)
    let again = try Program.run("convert", model, "-o", folder / "b.onnx")
    #expect(again.status == 0)
    #expect(try MappedFile.contents(of: folder / "a.onnx") == MappedFile.contents(of: folder / "b.onnx"))
    let quiet = try Program.run(
      ["convert", model, "-o", folder / "c.onnx", "--quiet"], script: "exec \"$@\" <&- >&- 2>&-")
    #expect(quiet.status == 0)
    #expect(try MappedFile.contents(of: folder / "c.onnx") == MappedFile.contents(of: folder / "b.onnx"))
  }

  // MARK: Limits

  /// The size of address space OpenBLAS's constructor took and waited for in every command.
  @Test(.enabled(if: !isSanitized), .timeLimit(.minutes(1))) func littleAddressSpaceIsEnoughToSayTheVersion() throws {
    let outcome = try Program.run(["--version"], script: "ulimit -v 200000; exec timeout 30 \"$@\"")
    #expect(outcome.status == 0 && outcome.output.contains("0."), "\(outcome)")
  }

  /// From too little to load the program to enough, in small steps: a success or one line.
  @Test(.enabled(if: !isSanitized), .timeLimit(.minutes(5))) func tooLittleMemoryIsRefused() throws {
    let folder = try Folder()
    var refused = 0
    var done = 0
    for kilobytes in stride(from: 20_000, through: 400_000, by: 500) where done < 8 {
      let outcome = try Program.run(
        ["convert", Fixture.mobilenet, "-o", folder / "a.derm", "--quiet"],
        script: "ulimit -v \(kilobytes); exec timeout 60 \"$@\"")
      // Below what it takes to load the program, the system's loader speaks.
      if outcome.status == 127 { continue }
      #expect([0, 3].contains(outcome.status), "\(kilobytes) kB: \(outcome)")
      if outcome.status == 0 {
        done += 1
        unlink(folder / "a.derm")
      } else {
        refused += 1
        #expect(outcome.error.contains("dermc: ") && outcome.error.contains("emory"), "\(kilobytes) kB: \(outcome)")
      }
      #expect(folder.names == [])
    }
    #expect(refused > 0 && done == 8)
  }

  @Test(arguments: [1, 2, 4]) func smallStacksAreEnough(threads: Int) throws {
    let folder = try Folder()
    let model = try folder.copy(Fixture.mobilenet, as: "model.onnx")
    let outcome = try Program.run(
      [
        "compile", model, "--int8", "--calib", Fixture.calibration, "--samples", "6", "--preprocess",
        Fixture.preprocessing, "--quiet", "--threads", "\(threads)",
      ], script: "ulimit -s \(smallStack); exec \"$@\"")
    #expect(outcome.status == 0, "\(outcome)")
    #expect(folder.names == ["model.derm", "model.onnx", "model.report.json"])
  }

  // MARK: Files that change

  /// Waits until the program has mapped the file, then changes it.
  private func run(changing file: String, by change: String, _ words: [String]) throws -> Outcome {
    try Program.run(
      words,
      script: """
        "$@" & process=$!
        until grep -q '\(file)' /proc/$process/maps; do kill -0 $process || break; done
        \(change)
        wait $process
        """)
  }

  /// Tensors enough for seconds, which take no room on the disk.
  private func sparseBatch(_ path: String, rows: Int) throws {
    let size = 3 * 96 * 96
    try NumPyFile.write(Tensor([Float](repeating: 0, count: size), shape: [1, 3, 96, 96]), to: path)
    var bytes = try MappedFile.contents(of: path)
    let header = String(decoding: bytes[1..<128], as: UTF8.self)
    let fresh = header.replacing("(1, 3, 96, 96), }", with: "(\(rows), 3, 96, 96), }")
    // The header is padded with spaces to a multiple of 64 bytes.
    let longer = fresh.utf8.count - header.utf8.count
    let place = try #require(fresh.lastIndex(of: "\n"))
    bytes = bytes.prefix(1) + Array((fresh[..<place].dropLast(longer) + "\n").utf8)
    try OutputFile.write(bytes, to: path)
    #expect(truncate(path, 128 + rows * size * 4) == 0)
  }

  @Test(arguments: [(0, "truncate -s 4096"), (1, "truncate -s 4096"), (1, "truncate -s 0")])
  func inputsThatShrinkAreRefused(threads: Int, change: String) throws {
    let folder = try Folder()
    let batch = folder / "batch.npy"
    try sparseBatch(batch, rows: 3000)
    let outcome = try run(
      changing: "batch.npy", by: "\(change) '\(batch)'",
      ["run", try Compiled.bundle(), batch, "--output", folder / "out.npy", "--threads", "\(threads + 1)"])
    #expect(outcome.status == 3 && outcome.output == "", "\(outcome)")
    #expect(outcome.isOneLine(with: ["batch.npy", "changed while it was read"]), "\(outcome.error)")
    #expect(folder.names == ["batch.npy"])
  }

  @Test func inputsThatAreOverwrittenAreRefused() throws {
    let folder = try Folder()
    let batch = folder / "batch.npy"
    try sparseBatch(batch, rows: 300)
    let outcome = try run(
      changing: "batch.npy", by: "printf x | dd of='\(batch)' bs=1 seek=4000 conv=notrunc 2>/dev/null",
      ["run", try Compiled.bundle(), batch, "--output", folder / "out.npy"])
    #expect(outcome.status == 3 && outcome.output == "", "\(outcome)")
    #expect(outcome.isOneLine(with: ["batch.npy", "changed while it was read"]), "\(outcome.error)")
    #expect(folder.names == ["batch.npy"])
  }

  @Test func inputsThatAreReplacedAreReadToTheEnd() throws {
    let folder = try Folder()
    let batch = folder / "batch.npy"
    try sparseBatch(batch, rows: 100)
    let outcome = try run(
      changing: "batch.npy", by: "echo other > '\(folder / "new")'; mv '\(folder / "new")' '\(batch)'",
      ["run", try Compiled.bundle(), batch, "--output", folder / "out.npy"])
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try NumPyFile.read(path: folder / "out.npy")[0].tensor.shape == [100, 7])
  }

  // MARK: Signals

  @Test(arguments: ["TERM", "INT", "HUP"]) func signalsLeaveNothing(signal: String) throws {
    let folder = try Folder()
    let model = try folder.copy(Fixture.mobilenet, as: "model.onnx")
    // Where the shell looks too late, the file is in its place already and the signal finds nobody.
    let outcome = try Program.run(
      ["compile", model, "--int8", "--calib", Fixture.calibration, "--preprocess", Fixture.preprocessing],
      script: """
        "$@" & process=$!
        until [ -n "$(ls -A '\(folder.path)' | grep -e partial -e derm)" ]; do :; done
        kill -\(signal) $process 2>/dev/null
        wait $process
        """)
    #expect(outcome.status == 0 || outcome.status == 128 + (["TERM": 15, "INT": 2, "HUP": 1][signal] ?? 0))
    #expect(folder.names.filter { $0.hasSuffix(".partial") } == [])
  }

  // MARK: Names

  @Test func namesThatAreNotUTF8AreReadAndWritten() throws {
    let folder = try Folder()
    let odd = FileName.string([0x6D, 0xFF, 0x6E])
    let model = try folder.copy(Fixture.mobilenet, as: odd + ".onnx")
    let images = folder.makeFolder("images")
    for name in [odd, "plain"] {
      try OutputFile.write(try MappedFile.contents(of: Fixture.image), to: "\(images)/\(name).jpg")
    }
    let compiled = try Program.run([
      "compile", model, "--int8", "--calib", images, "--preprocess", Fixture.preprocessing,
    ])
    #expect(compiled.status == 0, "\(compiled.error)")
    #expect(compiled.output.contains(#"m\xffn.derm"#))
    #expect(Set(folder.names) == ["images", odd + ".onnx", odd + ".derm", odd + ".report.json"])
    let run = try Program.run(["run", folder / odd + ".derm", images])
    #expect(run.status == 0 && run.output.contains(#"m\xffn.jpg"#) && run.output.contains("plain.jpg"), "\(run)")
    let verify = try Program.run(["verify", folder / odd + ".derm"])
    #expect(verify.status == 0 && verify.output.contains(#"m\xffn.derm: "#), "\(verify)")
    let missing = try Program.run(["stats", folder / odd + ".none"])
    #expect(missing.status == 3 && missing.isOneLine(with: [#"m\xffn.none: cannot be read: No such file"#]))
  }
}
