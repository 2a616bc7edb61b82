import DermRuntime
import Glibc

/// derm-run BUNDLE IMAGE ...: the class of each image, with the runtime half alone.
enum DermRun {
  static func run() {
    let arguments = CommandLine.arguments.dropFirst()
    guard let bundle = arguments.first, arguments.count >= 2, !bundle.hasPrefix("-") else {
      stop("usage: derm-run BUNDLE.derm IMAGE ...", code: 2)
    }
    do throws(DermError) {
      let model = try DermModel(path: bundle)
      for image in arguments.dropFirst() {
        let probabilities = try model.classify(imageAt: image)
        guard let best = probabilities.indices.max(by: { probabilities[$0] < probabilities[$1] }) else { continue }
        let name = model.labels.indices.contains(best) ? model.labels[best] : "\(best)"
        print("\(image)\t\(name)\t\(probabilities[best])")
        // Each line when it is known, to a pipe too.
        fflush(nil)
      }
    } catch {
      stop("\(error)", code: 3)
    }
  }

  private static func stop(_ message: String, code: Int32) -> Never {
    let line = Array("derm-run: \(message)\n".utf8)
    _ = write(2, line, line.count)
    exit(code)
  }
}
