import CanonicalJSON
import Reports

struct Gate {
  init(json: JSON) throws {}
  struct R {
    let text = ""
    let isMet = true
  }
  func check(_ r: Report) -> R { R() }
}
enum MarkdownReport { static func make(_ r: Report) -> String { "" } }
enum HTMLReport { static func make(_ r: Report) -> String { "" } }
