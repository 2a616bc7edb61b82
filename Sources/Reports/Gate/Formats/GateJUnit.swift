import Texts

extension GateFormat {
  /// JUnit's XML, as Jenkins, GitLab and most others read it: a suite for each report, a case for each limit.
  static let junit = GateFormat(name: "junit", summary: "JUnit XML, a test case for each limit") { run in
    var xml = HTMLWriter()
    xml.markup("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
    let checks = run.items.flatMap(\.gate.checks)
    xml.element(
      "testsuites",
      ["name": "dermc gate", "tests": "\(checks.count)", "failures": "\(checks.count { !$0.passes })", "errors": "0"]
    ) { xml in
      for item in run.items {
        xml.lineBreak()
        write(item, into: &xml)
      }
      xml.lineBreak()
    }
    xml.lineBreak()
    return xml.text
  }

  private static func write(_ item: GateRun.Item, into xml: inout HTMLWriter) {
    let gate = item.gate
    xml.element(
      "testsuite",
      [
        "name": Printable.name(item.report, limit: .max), "tests": "\(gate.checks.count)",
        "failures": "\(gate.failures.count)", "errors": "0", "skipped": "0", "time": "0",
      ]
    ) { xml in
      for check in gate.checks {
        xml.lineBreak()
        let attributes: KeyValuePairs<StaticString, String> = [
          "classname": Printable.name(item.model), "name": check.name, "time": "0",
        ]
        guard !check.passes else {
          xml.empty("testcase", attributes)
          continue
        }
        xml.element("testcase", attributes) { xml in
          xml.element(
            "failure", ["type": check.value == nil ? "unknown" : "broken", "message": check.text], text: check.text)
        }
      }
      xml.lineBreak()
    }
  }
}
