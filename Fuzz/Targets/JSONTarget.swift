import CanonicalJSON
import Images
import Reports
import Tensors

/// JSON files: reports, budgets, preprocessing, and the parser and writers under them.
package enum JSONTarget: FuzzTarget {
  package static let name = "json"

  package static func run(_ bytes: [UInt8]) {
    let json: JSON
    do throws(JSONError) {
      json = try JSON(parsing: bytes)
    } catch {
      return requireLine("\(error)")
    }
    roundTrip(json)
    readPreprocessing(json)
    do throws(JSONError) {
      let report = try Report(json: json)
      _ = try JSON(parsing: report.json.prettyBytes())
      _ = MarkdownReport.make(report)
      _ = HTMLReport.make(report)
      _ = SummaryText.make(report)
      // A budget that a report makes can be read.
      _ = try Budget(json: JSON(parsing: BudgetDraft.make(report).prettyBytes()), name: "draft")
      _ = try JSON(parsing: report.metrics.prettyBytes())
      if let budget = json["budget"] { gate(report, try Budget(json: budget, name: "budget", text: bytes)) }
    } catch {
      requireLine("\(error)")
    }
    do throws(JSONError) { _ = try Budget(json: json, name: "budget") } catch { requireLine("\(error)") }
  }

  /// A report against a budget and itself, in every form.
  private static func gate(_ report: Report, _ budget: Budget) {
    var baseline: Baseline?
    do throws(Refusal) {
      baseline = try Baseline(report, of: report, budget, files: ("report", "report"))
    } catch {
      requireLine("\(error)")
    }
    let gate = Gate(report, budget, against: baseline, times: nil)
    for line in gate.text.split(separator: "\n") { requireLine(String(line)) }
    let run = GateRun(
      dermc: "",
      items: [GateRun.Item(report: "report", model: report.source.file, budget: "b", baseline: nil, gate: gate)])
    for format in GateFormat.all {
      let text = format.make(run)
      guard ["json", "sarif", "gitlab"].contains(format.name) else { continue }
      do throws(JSONError) {
        _ = try JSON(parsing: Array(text.utf8))
      } catch {
        fatalError("\(format.name) cannot be read: \(error)")
      }
    }
  }

  /// What is written must be read as the same value.
  private static func roundTrip(_ json: JSON) {
    do throws(JSONError) {
      require(try JSON(parsing: json.canonicalBytes()) == json, "canonical JSON reads as another value")
      require(try JSON(parsing: json.prettyBytes()) == json, "pretty JSON reads as another value")
    } catch {
      fatalError("written JSON cannot be read: \(error)")
    }
  }

  private static func readPreprocessing(_ json: JSON) {
    do throws(JSONError) {
      let preprocessing = try Preprocessing(json: JSONNode(json, name: "preprocessing"), size: (8, 8))
      guard preprocessing.count < 1 << 16 else { return }
      let channels = preprocessing.channels.count
      let image = Image(width: 5, height: 7, channels: channels, pixels: [UInt8](repeating: 9, count: 35 * channels))
      if let image { _ = try? preprocessing.apply(image) }
    } catch {
      requireLine("\(error)")
    }
  }

  private static let mutator = JSONMutator(words: [
    "size", "scale", "mean", "std", "channels", "resize", "rgb", "bgr", "gray", "direct", "center-crop", "max_bytes",
    "max_macs", "max_top1_drop", "min_top1", "min_recall", "max_recall_drop", "min_agreement", "use_intervals",
    "against_baseline", "losses", "max_layers_below_db", "predictions", "decided", "probabilities", "files", "labels",
    "top1",
    "schema", "source", "bundle", "stats", "accuracy", "passes", "layers", "per_class", "confusion", "budget", "",
  ])

  package static func mutated(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8]? {
    guard !dice.oneIn(4), let json = try? JSON(parsing: bytes) else { return nil }
    let changed = mutator.mutated(json, &dice)
    return dice.oneIn(4) ? changed.prettyBytes() : JSONMutator.bytes(changed)
  }

  package static func seeds(root: String) throws -> [[UInt8]] {
    [#"{"size":[8,8],"scale":0.00392156862745098,"mean":[0.5],"std":[0.25],"channels":"gray","resize":"center-crop"}"#]
      .map { Array($0.utf8) } + (try contents(of: "\(root)/fixtures", ending: ".json"))
  }
}
