import Testing

@testable import Compiler

@Suite struct SharedWorkTests {
  @Test func isDoneOnceWhereItIsKept() throws {
    var done: [Int] = []
    func ask(_ work: SharedWork<Int, String>, _ key: Int) throws -> String {
      try work(key) {
        done.append(key)
        return "\(key)"
      }
    }
    let kept = SharedWork<Int, String>(keeps: true, limit: 2)
    for key in [1, 2, 1, 2, 3, 2, 1] { #expect(try ask(kept, key) == "\(key)") }
    #expect(done == [1, 2, 3, 1])
    done = []
    let passing = SharedWork<Int, String>(keeps: false)
    for key in [1, 1] { #expect(try ask(passing, key) == "1") }
    #expect(done == [1, 1])
  }
}
