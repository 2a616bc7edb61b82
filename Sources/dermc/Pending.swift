import CanonicalJSON
import Reports

enum MarkdownReport { static func make(_ r: Report) -> String { "" } }
enum HTMLReport { static func make(_ r: Report) -> String { "" } }
