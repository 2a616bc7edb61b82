package import CanonicalJSON
import Hashing
import Signing
package import Tensors
import Texts

/// A page that runs a model in a browser: one file that loads nothing and may connect to nothing.
package struct ModelPage {
  /// The model's name.
  package var title: String
  /// Who writes it, as in "dermc 0.1.0".
  package var generator: String
  /// Names of what is decided on, in the order of the numbers; empty where there are none.
  package var names: [String]
  /// What the numbers mean, as a bundle stores it.
  package var answer: JSON
  /// Which output decides.
  package var position: Int
  /// Whether images are turned as their EXIF data say.
  package var turns: Bool
  package var measured: MeasuredAnswers
  /// What there is to know of the model, a line each.
  package var facts: [(name: String, value: String)]
  /// WebAssembly and what it runs, as zlib streams.
  package var interpreter: [UInt8]
  package var program: [UInt8]
  package var script: String
  package var style: String

  package init(
    title: String, generator: String, names: [String], answer: JSON, position: Int, turns: Bool,
    measured: MeasuredAnswers, facts: [(name: String, value: String)], interpreter: [UInt8], program: [UInt8],
    script: String, style: String
  ) {
    self.title = title
    self.generator = generator
    self.names = names
    self.answer = answer
    self.position = position
    self.turns = turns
    self.measured = measured
    self.facts = facts
    self.interpreter = interpreter
    self.program = program
    self.script = script
    self.style = style
  }

  private var shownTitle: String { Printable.name(title) }
  private var shownNames: [String] { names.map { Printable.name($0) } }

  /// Style, script and module are the page's own: all else is forbidden, connections above all.
  private var policy: String {
    func hash(_ text: String) -> String { "'sha256-\(Base64.encode(SHA256(of: Array(text.utf8)).bytes))'" }
    return [
      "default-src 'none'", "script-src \(hash(script)) 'wasm-unsafe-eval'", "style-src \(hash(wholeStyle))",
      "img-src data:", "connect-src 'none'", "form-action 'none'", "base-uri 'none'",
    ].joined(separator: "; ")
  }

  private var wholeStyle: String { "\(StyleSheet.text)\(style)" }

  /// - Throws: where a name cannot be written as JSON
  package func text() throws(Refusal) -> String {
    let data = try data()
    var html = HTMLWriter()
    html.markup("<!DOCTYPE html>\n")
    html.element("html", ["lang": "en"]) { html in
      html.element("head") { head(&$0) }
      html.lineBreak()
      html.element("body") { html in
        html.element("main") { main(&$0) }
        html.lineBreak()
        html.verbatim("script", ["type": "application/json", "id": "model"], data)
        html.lineBreak()
        html.verbatim("script", ["type": "text/plain", "id": "module"], Base64.encode(interpreter))
        html.lineBreak()
        html.verbatim("script", ["type": "text/plain", "id": "program"], Base64.encode(program))
        html.lineBreak()
        html.verbatim("script", [:], script)
      }
    }
    html.lineBreak()
    return html.text
  }

  /// What the script has to know. No `<` is in it, so that no name ends the element.
  private func data() throws(Refusal) -> String {
    let json: JSON = [
      "answer": answer, "measured": .array(measured.sentences.map { .strings($0) }), "names": .strings(shownNames),
      "position": .int(position), "turns": .bool(turns),
    ]
    do throws(JSONError) {
      let bytes = try json.canonicalBytes()
      return String(
        decoding: bytes.flatMap { $0 == UInt8(ascii: "<") ? Array("\\u003c".utf8) : [$0] }, as: UTF8.self)
    } catch {
      throw Refusal("\(error)")
    }
  }

  private func head(_ html: inout HTMLWriter) {
    html.empty("meta", ["charset": "utf-8"])
    html.empty("meta", ["http-equiv": "Content-Security-Policy", "content": policy])
    html.empty("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
    html.empty("meta", ["name": "referrer", "content": "no-referrer"])
    html.element("title", text: shownTitle)
    // Else browsers ask the server for one.
    html.empty("link", ["rel": "icon", "href": "data:,"])
    html.lineBreak()
    html.verbatim("style", [:], wholeStyle)
  }

  // MARK: What is seen

  private func main(_ html: inout HTMLWriter) {
    html.element("header") { html in
      html.element("p", ["class": "eyebrow"], text: "Image classifier")
      html.element("h1", text: shownTitle)
      if !names.isEmpty { html.element("p", ["class": "lead"], text: classes) }
      html.element("p", ["class": "notice"]) { html in
        html.element("strong", text: "Not a medical device.")
        html.write(
          " What this page says is the output of a model, for research and teaching. It is no diagnosis and must not "
            + "decide what is done about a person’s skin.")
      }
    }
    html.lineBreak()
    html.element("section", ["aria-labelledby": "images"]) { images(&$0) }
    html.lineBreak()
    html.element("section") { html in
      html.element("h2", text: "How often it is right")
      if let table = measured.table { HTMLTable.write(table, &html) }
      for note in measured.notes { html.element("p", text: note) }
    }
    html.lineBreak()
    html.element("section") { html in
      html.element("h2", text: "About this page")
      html.element(
        "p",
        text: "The model is inside this page and runs in it, by WebAssembly. The page is one file: it can be saved and "
          + "opened without a network. At every start it runs a self-test, and it answers only where the numbers are "
          + "those of dermc, bit by bit.")
      html.element("dl") { html in
        for fact in facts {
          html.element("div") { html in
            html.element("dt", text: fact.name)
            html.write(": ")
            html.element("dd", text: Printable.name(fact.value, limit: 400))
          }
        }
      }
    }
    html.element("footer", text: "Written by \(generator).")
  }

  private var classes: String {
    let shown = shownNames.prefix(12).joined(separator: ", ")
    let more = names.count - 12
    return "Tells \(Figures.count(names.count, "class", plural: "classes")): \(shown)"
      + (more > 0 ? " and \(Figures.grouped(more)) more." : ".")
  }

  private func images(_ html: inout HTMLWriter) {
    html.element("h2", ["id": "images"], text: "Images")
    html.element("div", ["class": "drop", "id": "drop"]) { html in
      html.element("p", ["class": "hint"], text: "Drop images anywhere on this page, paste one, or choose:")
      html.element("div", ["class": "buttons"]) { html in
        chooser("choose", "Choose images", ["multiple": "multiple"], "button", &html)
        html.element("span", ["class": "camera"]) { html in
          chooser("camera", "Take a photo", ["capture": "environment"], "button second", &html)
        }
      }
      html.element(
        "p", ["class": "soft"],
        text: "Images never leave this page: its Content-Security-Policy lets it connect to nothing.")
    }
    html.element("p", ["id": "status", "role": "status"], text: "Starting …")
    html.element("noscript") { html in
      html.element("p", ["class": "notice"], text: "This page needs JavaScript, which is turned off here.")
    }
    html.element(
      "button", ["class": "button second", "id": "clear", "type": "button", "hidden": "hidden"], text: "Clear all")
    html.element("div", ["id": "results"], text: "")
  }

  private func chooser(
    _ id: String, _ label: String, _ attributes: KeyValuePairs<StaticString, String>, _ style: String,
    _ html: inout HTMLWriter
  ) {
    let own: KeyValuePairs<StaticString, String> = [
      "type": "file", "accept": "image/*", "class": "unseen", "id": id, "disabled": "disabled",
    ]
    html.empty("input", own, attributes)
    html.element("label", ["class": style, "for": id], text: label)
  }
}
