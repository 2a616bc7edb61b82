import DataSets
import Reports
import Testing

@testable import Answers
@testable import Compiler

struct ChangedImagesTests {
  private func answer(_ decided: [Int], _ probabilities: [Double] = [0.25, 0.75, 0.5]) -> Answer {
    Answer(probabilities: probabilities, decided: decided)
  }

  private func row(_ file: String, _ labels: [Int], _ float: [Int], _ compiled: [Int]) -> PredictionTable.Row {
    .init(file: file, labels: labels, float: answer(float), compiled: answer(compiled))
  }

  private func sample(_ path: String) -> Sample { Sample(name: path, path: path) }

  @Test func putsWhatWasMissedFirst() {
    var meaning = OutputMeaning(output: "y", task: .binary, scores: .logits, count: 1)
    let table = PredictionTable(
      classes: ["benign", "mel"],
      rows: [
        row("right", [1], [0], [1]), row("same", [1], [1], [1]), row("alarm", [0], [0], [1]),
        row("missed", [1], [1], [0]), row("right too", [0], [1], [0]), row("missed too", [1], [1], [0]),
      ])
    let changed = ChangedImages(table, meaning: meaning, samples: nil)
    #expect(changed.images.map(\.file) == ["missed", "missed too", "alarm", "right", "right too"])
    #expect(changed.images.map(\.kind) == [.missed, .missed, .falseAlarm, .becameRight, .becameRight])
    #expect(changed.images[0].float.names == ["mel"] && changed.images[0].float.probabilities == [0.75])
    #expect(changed.images[0].compiled.names == ["benign"] && changed.images[0].labels == ["mel"])
    meaning.positive = 0
    let swapped = ChangedImages(table, meaning: meaning, samples: nil)
    #expect(swapped.images.map(\.file).first == "alarm" && swapped.images[0].kind == .missed)
  }

  @Test func tellsClassesThatBecameWrong() {
    let meaning = OutputMeaning(output: "y", task: .multiclass, scores: .logits, count: 3)
    let table = PredictionTable(
      classes: ["a", "b"],
      rows: [
        row("right", [1], [0], [1]), row("both", [2], [0], [1]), row("wrong", [0], [0], [1]),
        row("same", [0], [1], [1]),
      ])
    let changed = ChangedImages(table, meaning: meaning, samples: [])
    #expect(changed.images.map(\.kind) == [.becameWrong, .bothWrong, .becameRight])
    // A class without a name has its number.
    #expect(changed.images[1].labels == ["2"])
  }

  @Test func tellsLabelsMissedFromLabelsGained() {
    let meaning = OutputMeaning(output: "y", task: .multilabel, scores: .logits, count: 3)
    let table = PredictionTable(
      classes: ["a", "b", "c"],
      rows: [
        row("right", [0, 1], [0], [0, 1]), row("closer", [0, 1], [2], [1, 2]), row("alarm", [0], [0], [0, 2]),
        row("missed", [0, 1], [0, 1], [1]), row("one for another", [0, 1], [0], [1]), row("same", [0], [], []),
      ])
    let changed = ChangedImages(table, meaning: meaning, samples: nil)
    #expect(changed.images.map(\.file) == ["missed", "one for another", "alarm", "closer", "right"])
    #expect(changed.images.map(\.kind) == [.missed, .missed, .falseAlarm, .closer, .becameRight])
  }

  @Test func isBoundedAndSurvivesFilesThatAreGone() {
    let meaning = OutputMeaning(output: "y", task: .multiclass, scores: .logits, count: 3)
    let rows =
      (0..<70).map { row("\($0).jpg", [0], [0], [1]) } + [
        .init(file: "x", labels: [0], float: nil, compiled: answer([1]))
      ]
    let table = PredictionTable(classes: ["a", "b", "c"], rows: rows)
    let changed = ChangedImages(table, meaning: meaning, samples: rows.map { _ in sample("/nowhere/image.jpg") })
    #expect(changed.count == 70 && changed.images.count == ChangedImages.limit)
    #expect(changed.images.allSatisfy { $0.thumbnail == nil })
  }

  @Test func makesThumbnailsWhereAsked() throws {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    let file = root + "/fixtures/images/eval/mel/000.jpg"
    let meaning = OutputMeaning(output: "y", task: .multiclass, scores: .logits, count: 3)
    let table = PredictionTable(
      classes: ["a", "b", "c"], rows: [row("a.jpg", [0], [0], [1]), row("b.npy", [0], [0], [1])])
    let changed = ChangedImages(table, meaning: meaning, samples: [sample(file), sample(root + "/README.md")])
    let thumbnail = try #require(changed.images[0].thumbnail)
    #expect(thumbnail.starts(with: [0xFF, 0xD8, 0xFF]) && thumbnail.count < 20_000)
    #expect(changed.images[1].thumbnail == nil)
    #expect(ChangedImages(table, meaning: meaning, samples: nil).images[0].thumbnail == nil)
  }
}
