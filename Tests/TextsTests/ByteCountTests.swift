import Testing
import Texts

@Suite struct ByteCountTests {
  @Test(arguments: [
    ("850000", 850_000), ("900KB", 900_000), ("900 kB", 900_000), ("0.8MB", 800_000), ("1.5MiB", 1_572_864),
    ("512KiB", 524_288), ("1gb", 1_000_000_000), ("12b", 12), ("0.5", 0),
  ])
  func readsWhatPeopleWrite(text: String, bytes: Int) { #expect(ByteCount.parse(text) == bytes) }

  @Test(arguments: ["", "KB", "-1", "1e6", "1.2.3", "9999999GB", "12 apples", "0x10", "٣"])
  func refusesWhatIsNoSize(text: String) { #expect(ByteCount.parse(text) == nil) }
}
