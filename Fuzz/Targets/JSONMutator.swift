import CanonicalJSON

/// Changes JSON as a tree, so that it stays JSON.
struct JSONMutator {
  /// Strings and keys that mean something to the reader.
  let words: [String]

  /// Another value: one or a few places changed.
  func mutated(_ json: JSON, _ dice: inout Dice) -> JSON {
    var result = json
    for _ in 0...dice.roll(3) {
      let pool = JSONMutator.all(result)
      var place = dice.roll(pool.count)
      edit(&result, &place, pool, &dice)
    }
    return result
  }

  private static func all(_ json: JSON) -> [JSON] {
    var list = [json]
    var next = 0
    while next < list.count, list.count < 10_000 {
      switch list[next] {
      case .array(let elements): list += elements
      case .object(let object): list += object.map(\.1)
      default: break
      }
      next += 1
    }
    return list
  }

  /// Changes the value at a place, counted from the front.
  private func edit(_ json: inout JSON, _ place: inout Int, _ pool: [JSON], _ dice: inout Dice) {
    guard place >= 0 else { return }
    if place == 0 {
      json = changed(json, pool, &dice)
      place = -1
      return
    }
    place -= 1
    switch json {
    case .array(var elements):
      for index in elements.indices where place >= 0 { edit(&elements[index], &place, pool, &dice) }
      json = .array(elements)
    case .object(var object):
      for key in object.keys where place >= 0 {
        guard var member = object[key] else { continue }
        edit(&member, &place, pool, &dice)
        object[key] = member
      }
      json = .object(object)
    default: break
    }
  }

  private func changed(_ json: JSON, _ pool: [JSON], _ dice: inout Dice) -> JSON {
    if dice.oneIn(8), let other = dice.pick(pool) { return other }
    switch json {
    case .null: return dice.oneIn(2) ? .int(dice.integer()) : .object(JSONObject())
    case .bool(let value): return dice.oneIn(4) ? .null : .bool(!value)
    case .int(let value): return dice.oneIn(3) ? .int(value &+ dice.roll(3) &- 1) : .int(dice.integer())
    case .double(let value):
      let numbers = [
        0, -0.0, 1, -1, 0.5, 1e300, -1e300, .leastNonzeroMagnitude, 1e38, 3.5e38, 9e15, 1e19, -1e19, value * 2, -value,
      ]
      return .double(dice.pick(numbers.filter(\.isFinite)) ?? 0)
    case .string(let text): return .string(changed(text, pool, &dice))
    case .array(var elements):
      if dice.oneIn(3), let other = dice.pick(pool) {
        elements.insert(other, at: dice.roll(elements.count + 1))
      } else {
        dice.shuffle(&elements)
      }
      return .array(elements)
    case .object(var object):
      guard let key = dice.pick(object.keys) else { return .array([]) }
      switch dice.roll(3) {
      case 0: object[key] = nil
      case 1: object[dice.pick(words) ?? ""] = object[key]
      default: object[key] = dice.pick(pool)
      }
      return .object(object)
    }
  }

  private func changed(_ text: String, _ pool: [JSON], _ dice: inout Dice) -> String {
    switch dice.roll(4) {
    case 0: return dice.pick(words) ?? ""
    case 1: return String(decoding: dice.mutated(Array(text.utf8), limit: 300), as: UTF8.self)
    default:
      let strings = pool.compactMap { json -> String? in if case .string(let text) = json { text } else { nil } }
      return dice.pick(strings) ?? ""
    }
  }

  /// The text of a value: canonical where it has such a form, else for people.
  static func bytes(_ json: JSON) -> [UInt8] { (try? json.canonicalBytes()) ?? json.prettyBytes() }
}
