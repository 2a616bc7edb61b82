import Testing

@testable import IR

@Suite struct UniqueNamesTests {
  @Test func namesAreTheFirstThatAreFree() {
    var names = UniqueNames(["a", "a_3"])
    #expect((0..<4).map { _ in names.unique("a") } == ["a_2", "a_4", "a_5", "a_6"])
    #expect(names.unique("a_2") == "a_2_2")
    #expect(names.unique("b") == "b" && names.unique("") == "" && names.unique("") == "_2")
  }

  /// What is given back is given again, in whatever order it comes back.
  @Test func namesThatAreGivenBackAreFree() {
    var names = UniqueNames()
    let given = (0..<5).map { _ in names.unique("a") }
    #expect(given == ["a", "a_2", "a_3", "a_4", "a_5"])
    for index in [3, 1, 4] { names.remove(given[index], madeOf: "a") }
    #expect((0..<3).map { _ in names.unique("a") } == ["a_2", "a_4", "a_5"])
    names.remove("a", madeOf: "a")
    #expect(names.unique("a") == "a" && names.unique("a") == "a_6")
  }
}
