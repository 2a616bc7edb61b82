import CanonicalJSON
import Texts

extension Document.Section {
  /// What the model was taken for: its answer, its input, and the data. A wrong guess here makes all figures worthless.
  static func compiled(_ report: Report, assumption: String?) -> Document.Section {
    var section = Document.Section(title: "What was compiled")
    if let assumption {
      section.blocks.append(.notice("Assumed: \(Printable.name(assumption, limit: 400))"))
    }
    let answer = answer(report)
    if !answer.rows.isEmpty { section.blocks.append(.table(answer)) }
    let preprocessing = preprocessing(report.preprocessing)
    if !preprocessing.rows.isEmpty {
      section.blocks += [
        .table(preprocessing),
        .paragraph(
          "Compare this with how the model was trained: wrong preprocessing is the commonest cause of wrong answers."),
      ]
    }
    let data = data(report)
    if !data.rows.isEmpty {
      section.blocks += [
        .table(data),
        .paragraph("The same files give the same hash, wherever they lie and whatever they are called."),
      ]
    }
    return section
  }

  private static func answer(_ report: Report) -> Document.Table {
    var table = Document.Table("What the answer means", [.text(""), .text("")])
    if let answer = report.answer {
      table.rows.append(["Answer", .text(Printable.name(answer.description, limit: 200))])
      if case .string(let output)? = answer.stored["output"] {
        table.rows.append(["Output", .text(Printable.name(output))])
      }
    }
    guard let accuracy = report.accuracy else { return table }
    if let positive = accuracy.positive {
      table.rows.append(["Positive class", .text(Printable.name(positive, limit: 40))])
    }
    if let threshold = accuracy.thresholds.first, accuracy.thresholds.count == 1 {
      let origin = accuracy.thresholdChoice.map { ", chosen on the evaluation images: \(Printable.name($0))" }
      table.rows.append(["Threshold", .text("from \(AnswersText.threshold(threshold)) on" + (origin ?? ""))])
    }
    if !accuracy.classes.isEmpty {
      let shown = accuracy.classes.prefix(50).map { Printable.name($0, limit: 30) }
      let more = accuracy.classes.count - shown.count
      table.rows.append([
        .text(accuracy.multilabel == nil ? "Classes, in order" : "Labels, in order"),
        .text(shown.joined(separator: ", ") + (more > 0 ? " and \(Figures.grouped(more)) more" : "")),
      ])
    }
    return table
  }

  private static func preprocessing(_ json: JSON) -> Document.Table {
    var table = Document.Table("How an image becomes the model's input", [.text(""), .text("")])
    if let size = numbers(json["size"]), size.count == 2 {
      table.rows.append(["Size", .text("\(decimal(size[1])) × \(decimal(size[0])) pixels, width × height")])
    }
    if case .string(let resize)? = json["resize"] {
      let words =
        switch resize {
        case "direct": "both sides resized, the proportion is not kept"
        case "center-crop": "resized with a margin, then the middle cut out"
        default: Printable.name(resize)
        }
      table.rows.append(["Resizing", .text(words)])
    }
    if case .string(let channels)? = json["channels"] {
      let words =
        switch channels {
        case "rgb": "red, green, blue"
        case "bgr": "blue, green, red"
        case "gray": "gray"
        default: Printable.name(channels)
        }
      table.rows.append(["Channels", .text(words)])
    }
    if let scale = numbers(json["scale"])?.first { table.rows.append(["Pixel times", .text(scaleWords(scale))]) }
    if let mean = numbers(json["mean"]) { table.rows.append(["Then minus (mean)", .text(list(mean))]) }
    if let std = numbers(json["std"]) { table.rows.append(["Then over (std)", .text(list(std))]) }
    if !table.rows.isEmpty {
      let isTurned = json["exif_orientation"] == .bool(true)
      table.rows.append(["EXIF orientation", .text(isTurned ? "applied" : "not applied")])
    }
    return table
  }

  private static func data(_ report: Report) -> Document.Table {
    var table = Document.Table("The data", [.text("Used for"), .number("Samples"), .text("SHA-256")])
    for (name, data) in [("Calibration", report.calibrationData), ("Evaluation", report.evaluationData)] {
      guard let data else { continue }
      table.rows.append([.text(name), .text(Figures.grouped(data.count)), .code(Printable.name(data.sha256))])
    }
    return table
  }

  private static func scaleWords(_ scale: Double) -> String {
    let known: [(value: Double, text: String)] = [
      (1.0 / 255, "1/255, to 0 … 1"), (1, "1, as 0 … 255"), (2.0 / 255, "1/127.5, to 0 … 2"), (1.0 / 128, "1/128"),
    ]
    return known.first { abs($0.value - scale) <= 1e-6 * $0.value }?.text ?? decimal(scale)
  }

  private static func numbers(_ json: JSON?) -> [Double]? {
    switch json {
    case .int(let value)?: [Double(value)]
    case .double(let value)?: [value]
    case .array(let elements)?: elements.flatMap { numbers($0) ?? [] }
    default: nil
    }
  }

  private static func list(_ values: [Double]) -> String {
    values.prefix(16).map(decimal).joined(separator: ", ") + (values.count > 16 ? ", …" : "")
  }

  /// As many decimals as it needs, six at most.
  private static func decimal(_ value: Double) -> String {
    var text = Figures.decimal(value, 6)
    while text.contains("."), text.last == "0" || text.last == "." { text.removeLast() }
    return text
  }
}
