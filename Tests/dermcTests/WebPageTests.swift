import Hashing
import Platform
import Signing
import Tensors
import Testing

/// Pages that run models. A browser opens them in `scripts/check-web`; here node runs what is in them.
@Suite struct WebPageTests {
  private static let node = PlainCTests.installed("node", "nodejs")
  private static let runner =
    "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/WebPages/run.mjs"

  private func convert(_ model: String, to folder: String, _ options: String...) throws -> String {
    let outcome = try Program.run(["convert", model, "-o", folder, "--web"] + options)
    try #require(outcome.status == 0, "\(outcome.error)")
    return String(decoding: try MappedFile.contents(of: "\(folder)/index.html"), as: UTF8.self)
  }

  /// What is in the elements of a tag that begin so.
  private func contents(_ page: String, after start: String, before end: String) -> [String] {
    page.components(between: start, and: end)
  }

  @Test(arguments: [[], ["--resize", "center-crop"], ["--channels", "bgr", "--mean", "0.5,0.4,0.3"]])
  func pagesGiveTheSameBits(_ options: [String]) throws {
    let folder = try Folder()
    let other = try Program.run(["convert", Compiled.bundle(), "-o", folder / "other.derm"] + options)
    try #require(other.status == 0, "\(other.error)")
    _ = try convert(folder / "other.derm", to: folder / "site")
    guard let node = WebPageTests.node else { return }
    try PlainCTests.compare(
      folder / "other.derm", node, WebPageTests.runner, folder / "site/index.html", in: folder)
  }

  @Test func aChangedWeightFailsTheSelfTest() throws {
    let folder = try Folder()
    _ = try convert(Compiled.bundle(), to: folder / "site")
    guard let node = WebPageTests.node else { return }
    let outcome = try Program.run(
      [node, WebPageTests.runner, folder / "site/index.html", "--spoil"], script: "shift; exec \"$@\"")
    #expect(outcome.output == "1\n", "\(outcome.error)")
  }

  @Test func floatModelsGiveTheSameBits() throws {
    let folder = try Folder()
    for model in [Fixture.cnn, Fixture.mobilenet] {
      let bundle = folder / "plain.derm"
      let outcome = try Program.run("compile", model, "--preprocess", Fixture.preprocessing, "-o", bundle)
      try #require(outcome.status == 0, "\(outcome.error)")
      _ = try convert(bundle, to: folder / "site")
      guard let node = WebPageTests.node else { return }
      try PlainCTests.compare(bundle, node, WebPageTests.runner, folder / "site/index.html", in: folder)
    }
  }

  /// Script and style are the only ones the policy lets in, and it lets nothing out.
  @Test func thePolicyForbidsAllElse() throws {
    let folder = try Folder()
    let page = try convert(Compiled.bundle(), to: folder / "site/")
    let policy = try #require(
      contents(page, after: "http-equiv=\"Content-Security-Policy\" content=\"", before: "\"").first)
    let script = try #require(contents(page, after: "<script>", before: "</script>").first)
    let style = try #require(contents(page, after: "<style>", before: "</style>").first)
    func hash(_ text: String) -> String {
      "&#39;sha256-\(Base64.encode(SHA256(of: Array(text.utf8)).bytes))&#39;"
    }
    #expect(policy.hasPrefix("default-src &#39;none&#39;; script-src \(hash(script)) &#39;wasm-unsafe-eval&#39;; "))
    #expect(policy.contains("style-src \(hash(style));"))
    #expect(policy.contains("connect-src &#39;none&#39;"))
    #expect(!policy.contains("unsafe-inline") && !policy.contains("http") && !policy.contains("*"))
    // Nothing is loaded, and nothing leads elsewhere.
    for part in ["http://", "https://", "src=", "url(", "@import", "<iframe", "<form", "<a "] {
      #expect(!page.contains(part), "\(part)")
    }
    #expect(contents(page, after: "href=\"", before: "\"") == ["data:,"])
    #expect(folder.names == ["site"])
  }

  @Test func theSameModelGivesTheSameBytes() throws {
    let folder = try Folder()
    let first = try convert(Compiled.bundle(), to: folder / "a/")
    let second = try convert(Compiled.bundle(), to: folder.makeFolder("b"))
    #expect(first == second)
  }

  /// What the evaluation says of a class stands in the page, with intervals.
  @Test func theEvaluationIsTold() throws {
    let folder = try Folder()
    let page = try convert(Compiled.bundle(), to: folder / "site")
    #expect(page.contains("Of 30 images of mel in the evaluation, 25 were found: 83.3\u{A0}% (95\u{A0}% interval "))
    #expect(page.contains("Not a medical device."))
    let changed = try convert(Compiled.bundle(), to: folder / "changed", "--mean", "0.5,0.4,0.3")
    #expect(!changed.contains("in the evaluation, "))
    #expect(changed.contains("was changed after this model was measured"))
    let unmeasured = try convert(
      Fixture.mobilenet, to: folder / "plain", "--preprocess", Fixture.preprocessing)
    #expect(unmeasured.contains("This model was not measured on labelled images"))
  }

  /// Names of strangers are shown, not obeyed.
  @Test func namesAreEscaped() throws {
    let folder = try Folder()
    let name = "</script><img src=x onerror=alert(1)>"
    let labels = folder / "labels.txt"
    try OutputFile.write((["\(name)", "<!--", "a&b", "\"q\"", "e", "f", "g"]).joined(separator: "\n"), to: labels)
    let model = try folder.copy(Compiled.bundle(), as: "<b>model'.derm")
    let page = try convert(model, to: folder / "site", "--labels", labels)
    #expect(!page.contains("<img") && !page.contains("<!--") && !page.contains("<b>"))
    #expect(contents(page, after: "<script", before: ">").count == 4)
    #expect(page.contains("\\u003c/script>\\u003cimg src=x onerror=alert(1)>"))
    #expect(page.contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"))
  }

  @Test func whatNoPageShowsIsRefused() throws {
    let folder = try Folder()
    let several = try Program.run("convert", Fixture.root + "answers/metadata.onnx", "-o", folder / "a/", "--web")
    #expect(several.status == 3)
    #expect(several.isOneLine(with: ["metadata.onnx", "takes 2 inputs", "images alone"]), "\(several.error)")
    let unknown = try Program.run("convert", Fixture.mobilenet, "-o", folder / "b/", "--web")
    #expect(unknown.status == 3)
    #expect(
      unknown.isOneLine(with: ["does not say how an image becomes its input", "--preprocess"]), "\(unknown.error)")
    let formless = try Program.run(
      "convert", Fixture.root + "operators/lrn_size_5.onnx", "-o", folder / "c/", "--web")
    #expect(formless.status == 3)
    #expect(formless.isOneLine(with: ["has no form in plain C", "(LRN)"]), "\(formless.error)")
    let file = try Program.run(["convert", Compiled.bundle(), "-o", folder / "x.derm", "--web"])
    #expect(file.status == 2)
    #expect(file.isOneLine(with: ["--web writes a folder"]), "\(file.error)")
    let named = try Program.run(["convert", Compiled.bundle(), "-o", folder / "d/", "--web", "--name", "net"])
    #expect(named.status == 2)
    #expect(folder.names.isEmpty)
  }
}

extension String {
  /// What stands between each of one text and the next of another.
  fileprivate func components(between start: String, and end: String) -> [String] {
    let (bytes, first, last) = (Array(utf8), Array(start.utf8), Array(end.utf8))
    var found: [String] = []
    var place = 0
    while place + first.count <= bytes.count {
      guard bytes[place..<place + first.count].elementsEqual(first) else {
        place += 1
        continue
      }
      let begin = place + first.count
      var finish = begin
      while finish + last.count <= bytes.count, !bytes[finish..<finish + last.count].elementsEqual(last) { finish += 1 }
      found.append(String(decoding: bytes[begin..<finish], as: UTF8.self))
      place = finish
    }
    return found
  }
}
