import Tensors
import Testing

@Suite struct MemoryTests {
  @Test func whatNoMachineHasIsNotToBeHad() {
    #expect(Memory.has(0) && Memory.has(1) && Memory.has(1 << 20))
    #expect(!Memory.has(1 << 55) && !Memory.has(.max))
  }
}
