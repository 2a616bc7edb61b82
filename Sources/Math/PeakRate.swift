package import CKernels
import Platform
package import Threads

/// What this machine can multiply and accumulate at most, measured: the rate of a loop in registers, on all threads of
/// a pool at once.
///
/// It is the limit of the current instruction set, so `DERMC_ISA` lowers it together with the kernels. On a machine
/// that does other work it comes out too low, like every rate.
package struct PeakRate: Sendable {
  /// The loop, as in `peak_s8__avx512vnni`.
  package let name: String
  package let macsPerSecond: Double

  package init(name: String, macsPerSecond: Double) {
    self.name = name
    self.macsPerSecond = macsPerSecond
  }

  /// The best of 30 runs of about a millisecond.
  package init(_ peak: UnsafePointer<ck_peak>, workers: Workers) {
    name = String(cString: peak.pointee.name)
    let run = peak.pointee.run
    func seconds(rounds: Int) -> Double {
      let start = Clock.seconds
      workers.run(units: workers.count) { _, _ in _ = run(rounds) }
      return Clock.seconds - start
    }
    var rounds = 64
    while rounds < CK_PEAK_MOST_ROUNDS, seconds(rounds: rounds) < 1e-3 { rounds *= 2 }
    let macs = Double(run(rounds)) * Double(workers.count)
    let best = (0..<30).reduce(Double.infinity) { best, _ in min(best, seconds(rounds: rounds)) }
    macsPerSecond = best > 0 ? macs / best : 0
  }

  package static func float32(_ workers: Workers) -> PeakRate {
    PeakRate(ck_peak_f32_for(InstructionSet.current), workers: workers)
  }

  package static func int8(_ workers: Workers) -> PeakRate {
    PeakRate(ck_peak_s8_for(InstructionSet.current), workers: workers)
  }
}
