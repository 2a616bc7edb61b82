import PlainCKernels
import Testing

/// The kernels of plain C as they are compiled here; other compilers and machines compare digests (scripts/anywhere).
@Test func plainKernelsAreThoseOfCKernels() {
  #expect(check_plain_kernels() == 0)
}
