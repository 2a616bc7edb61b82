import CanonicalJSON
import Images
import Reports

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
      if let budget = json["budget"] {
        for line in Gate(report, try Budget(json: budget, name: "budget")).text.split(separator: "\n") {
          requireLine(String(line))
        }
      }
    } catch {
      requireLine("\(error)")
    }
    do throws(JSONError) { _ = try Budget(json: json, name: "budget") } catch { requireLine("\(error)") }
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
    "max_macs", "max_top1_drop", "min_top1", "min_recall", "max_recall_drop", "min_agreement", "use_intervals", "top1",
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
