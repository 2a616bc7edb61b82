import Tensors

extension Refusal {
  static func damaged(file: String, _ reason: String) -> Refusal { Refusal(.damaged, file: file, reason: reason) }
  static func unsupported(file: String, _ reason: String) -> Refusal {
    Refusal(.unsupported, file: file, reason: reason)
  }
  static func malformed(file: String, _ reason: String) -> Refusal { Refusal(.malformed, file: file, reason: reason) }
  static func untrusted(file: String, _ reason: String) -> Refusal { Refusal(.untrusted, file: file, reason: reason) }
}
