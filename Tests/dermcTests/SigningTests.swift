import Platform
import Tensors
import Testing

/// Keys and signatures on the command line.
@Suite struct SigningTests {
  /// A folder with a compiled bundle, `model.derm`, and a key pair, `key` and `key.pub`.
  private func prepared() throws -> Folder {
    let folder = try Folder()
    try folder.copy(Compiled.bundle())
    #expect(try Program.run("sign", "--new-key", folder / "key", "--quiet").status == 0)
    return folder
  }

  private func bytes(_ path: String) throws -> [UInt8] { try MappedFile.contents(of: path) }

  @Test func makesKeys() throws {
    let folder = try Folder()
    let outcome = try Program.run("sign", "--new-key", folder / "key")
    #expect(outcome.status == 0 && outcome.error == "")
    #expect(folder.names == ["key", "key.pub"])
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count == 2 && lines[0].hasPrefix("\(folder / "key"): secret key "), "\(outcome.output)")
    #expect(lines[1].hasPrefix("\(folder / "key.pub"): public key "))
    let again = try Program.run("sign", "--new-key", folder / "key")
    #expect(again.status == 3 && again.isOneLine(with: ["key.pub", "exists"]), "\(again.error)")
  }

  @Test func signsInTheFileAndVerifies() throws {
    let folder = try prepared()
    let (model, signed) = (folder / "model.derm", folder / "signed.derm")
    let plain = try bytes(model)
    #expect(try Program.run("verify", model).output.contains("signature") == false)
    let outcome = try Program.run("sign", model, "--key", folder / "key", "-o", signed)
    #expect(outcome.status == 0 && outcome.output.hasPrefix("\(signed): signed by key "), "\(outcome.error)")
    #expect(try bytes(model) == plain)
    let key = outcome.output.dropLast().suffix(16)
    let trusted = try Program.run("verify", signed, "--public-key", folder / "key.pub")
    #expect(trusted.status == 0 && trusted.output.contains("\(signed): signature: holds, by key \(key)\n"))
    #expect(trusted.output.contains("self-test: outputs equal"))
    let untested = try Program.run("verify", signed)
    #expect(
      untested.status == 0
        && untested.output.contains("says to be by key \(key), not checked: --public-key does\n"))
    // Signed in place it is the same file.
    #expect(try Program.run("sign", model, "--key", folder / "key").status == 0)
    #expect(try bytes(model) == bytes(signed))
    // Whatever makes a new bundle of it leaves the signature behind.
    #expect(try Program.run("convert", model, "-o", folder / "again.derm").status == 0)
    #expect(try bytes(folder / "again.derm") == plain)
    #expect(folder.names == ["again.derm", "key", "key.pub", "model.derm", "signed.derm"])
  }

  @Test func signsBesideTheFile() throws {
    let folder = try prepared()
    let model = folder / "model.derm"
    let plain = try bytes(model)
    #expect(try Program.run("sign", model, "--key", folder / "key", "--detached").status == 0)
    #expect(try bytes(model) == plain && folder.names == ["key", "key.pub", "model.derm", "model.derm.sig"])
    #expect(try Program.run("verify", model, "--public-key", folder / "key.pub").status == 0)
    #expect(try Program.run("verify", model).output.contains("signature beside it: says to be by key "))
    // A signature that is left beside another bundle.
    #expect(try Program.run("convert", model, "-o", folder / "raw.derm", "--store", "raw").status == 0)
    #expect(rename(folder / "raw.derm", model) == 0)
    for options in [[], ["--public-key", folder / "key.pub"]] {
      let outcome = try Program.run(["verify", model] + options)
      #expect(outcome.status == 1 && outcome.isOneLine(with: ["model.derm.sig", "that of another bundle"]))
    }
  }

  /// What verify finds is exit code 1; what run and eval will not take, 3.
  @Test func demandsATrustedSignature() throws {
    let folder = try prepared()
    let model = folder / "model.derm"
    #expect(try Program.run("sign", "--new-key", folder / "other").status == 0)
    let keys = ["--public-key", folder / "key.pub"]
    let commands = [
      (["verify", model], Int32(1)), (["run", model, Fixture.image], 3), (["eval", model, Fixture.evaluation], 3),
    ]
    for (command, code) in commands {
      let outcome = try Program.run(command + keys)
      #expect(outcome.status == code && outcome.output == "")
      #expect(outcome.isOneLine(with: ["model.derm: is not signed", "is demanded"]), "\(outcome.error)")
    }
    #expect(try Program.run("sign", model, "--key", folder / "other").status == 0)
    for (command, code) in commands {
      let outcome = try Program.run(command + keys)
      #expect(outcome.status == code && outcome.isOneLine(with: ["model.derm: is signed by key", "not trusted"]))
      let both = try Program.run(command + keys + ["--public-key", folder / "other.pub"])
      #expect(both.status == 0 && both.error == "", "\(both.error)")
    }
    let onnx = try Program.run(["run", Fixture.mobilenet, Fixture.image] + keys)
    #expect(onnx.status == 3 && onnx.isOneLine(with: ["lesion_mobilenet.onnx", "only bundles are signed"]))
  }

  @Test func refusesWhatShouldNotBeSigned() throws {
    let folder = try prepared()
    let model = folder / "model.derm"
    var damaged = try bytes(model)
    damaged[damaged.count - 1] ^= 1
    try OutputFile.write(damaged, to: folder / "damaged.derm")
    let before = folder.names
    let cases: [([String], Int32, [String])] = [
      (["damaged.derm", "--key", "key"], 3, ["damaged.derm", "is damaged"]),
      (["model.derm", "--key", "key.pub"], 3, ["key.pub", "signing needs the secret one"]),
      (["model.derm", "--key", "absent"], 3, ["absent", "No such file"]),
      (["key.pub", "--key", "key", "--detached"], 3, ["key.pub", "is not a .derm bundle"]),
      (["model.derm"], 2, ["--key"]), ([], 2, ["--new-key"]),
      (["model.derm", "--key", "key", "--detached", "-o", "b.derm"], 2, ["--detached"]),
      (["model.derm", "--key", "key", "-o", "key"], 2, ["would replace the input"]),
      (["model.derm", "--key", "key", "-o", "absent/b.derm"], 3, ["absent/b.derm"]),
      (["model.derm", "--new-key", "third"], 2, ["--new-key"]),
    ]
    for (arguments, code, parts) in cases {
      let outcome = try Program.run(["sign"] + arguments.map { $0.hasPrefix("-") ? $0 : folder / $0 })
      #expect(outcome.status == code && outcome.output == "", "\(arguments)")
      #expect(outcome.isOneLine(with: parts), "\(outcome.error)")
    }
    #expect(folder.names == before)
    #expect(try Program.run("verify", model, "--public-key", folder / "key").status == 3)
  }
}
