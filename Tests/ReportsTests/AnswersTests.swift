import CanonicalJSON
import Metrics
import Testing

@testable import Reports

/// A binary model's report: mel against the rest at a threshold of 0.3, over lesions, with subgroups.
func binaryAccuracy() -> AccuracyReport {
  var accuracy = AccuracyReport(data: .labelled, samples: 200, classes: ["other", "mel"])
  accuracy.task = .binary
  accuracy.positive = "mel"
  accuracy.thresholds = [0.3]
  accuracy.float = ModelAccuracy(top1: 0.85, balancedAccuracy: 0.85)
  accuracy.compiled = ModelAccuracy(top1: 0.84, balancedAccuracy: 0.825)
  accuracy.deltas = .init(top1: Estimate(-0.01, low: -0.03, high: 0.01))
  accuracy.agreement = Estimate(0.97, low: 0.95, high: 0.99)
  accuracy.cosine = 0.999
  accuracy.binary = BinaryComparison(
    float: .init(
      BinaryMeasures(
        truePositives: 36, falsePositives: 32, trueNegatives: 128, falseNegatives: 4, rocAUC: 0.93,
        averagePrecision: 0.8, brier: 0.09)),
    compiled: .init(
      BinaryMeasures(
        truePositives: 34, falsePositives: 32, trueNegatives: 128, falseNegatives: 6, rocAUC: 0.925,
        averagePrecision: 0.79, brier: 0.1)),
    intervals: [
      .sensitivity: Estimate(0.85, low: 0.72, high: 0.95), .specificity: Estimate(0.8, low: 0.73, high: 0.86),
    ],
    deltas: [
      .sensitivity: Estimate(-0.05, low: -0.125, high: 0), .specificity: Estimate(0, low: -0.02, high: 0.02),
      .rocAUC: Estimate(-0.005, low: -0.011, high: 0.002),
    ])
  accuracy.groups = .init(name: "lesion_id", count: 123)
  accuracy.subgroups = [
    Subgroup(
      column: "sex", value: "female", samples: 90, groups: 60,
      figures: [
        .init("sensitivity", float: 0.9, compiled: 0.8, delta: Estimate(-0.1, low: -0.25, high: 0)),
        .init("specificity", float: 0.8, compiled: 0.8, delta: Estimate(0, low: -0.03, high: 0.03)),
      ]),
    Subgroup(
      column: "sex", value: nil, samples: 2, figures: [.init("sensitivity"), .init("specificity", compiled: 1)]),
  ]
  let points = [OperatingCurve.Point(x: 0, y: 0), .init(x: 0.25, y: 0.875), .init(x: 1, y: 1)]
  let curves = CurvesReport(
    classes: [.init("mel", roc: points, precisionRecall: points)],
    reliability: [
      ReliabilityBin(count: 0, confidence: nil, right: nil), ReliabilityBin(count: 9, confidence: 0.75, right: 0.5),
    ])
  accuracy.curves = .init(float: curves, compiled: curves)
  return accuracy
}

/// A multi-label model's report.
func multiLabelAccuracy() -> AccuracyReport {
  var accuracy = AccuracyReport(data: .labelled, samples: 100, classes: ["atypical network", "blue veil"])
  accuracy.task = .multilabel
  accuracy.thresholds = [0.5, 0.25]
  func report(_ sensitivity: Double, _ delta: Double) -> BinaryComparison {
    BinaryComparison(
      float: .init(values: [.sensitivity: sensitivity, .averagePrecision: 0.9]),
      compiled: .init(values: [.sensitivity: sensitivity + delta, .averagePrecision: 0.875]),
      deltas: [.sensitivity: Estimate(delta, low: 2 * delta, high: 0)])
  }
  accuracy.float = ModelAccuracy(perClass: [.init("atypical network", support: 40), .init("blue veil", support: 9)])
  accuracy.compiled = accuracy.float
  accuracy.compiled?.perClass[1].specificity = 0.75
  accuracy.deltas = .init(perClass: [
    .init("atypical network"), .init("blue veil", specificity: Estimate(-0.25, low: -0.5, high: 0)),
  ])
  var labels = MultiLabelComparison(labels: [
    .init("atypical network", agreement: Estimate(1, low: 0.97, high: 1), measures: report(0.75, -0.125)),
    .init("blue veil", agreement: Estimate(0.75)),
  ])
  labels.macro = report(0.75, -0.0625)
  labels.micro = report(0.5, -0.03125)
  labels.exactMatch = .init(float: 0.5, compiled: 0.4375, delta: Estimate(-0.0625, low: -0.125, high: 0))
  labels.hammingLoss = .init(float: 0.25, compiled: 0.5)
  accuracy.multilabel = labels
  accuracy.agreement = Estimate(0.75)
  return accuracy
}

struct AnswersTests {
  /// What a bundle keeps of many classes are their names, and figures of the whole.
  @Test(arguments: [64, 65, 500]) func recordsOfManyClassesAreSmall(count: Int) throws {
    let names = (0..<count).map { "class \($0)" }
    var accuracy = AccuracyReport(data: .labelled, samples: 2, classes: names)
    accuracy.compiled = ModelAccuracy(
      top1: 0.5, perClass: names.map { .init($0, support: 1, precision: 1, recall: 1, f1: 1, averagePrecision: 1) },
      confusion: names.map { _ in Array(repeating: 0, count: count) })
    accuracy.deltas = AccuracyEstimates(top1: Estimate(0), perClass: names.map { ClassEstimates($0) })
    let record = accuracy.record
    #expect((record == accuracy.json) == (count == 64))
    #expect(count == 64 || record.memory < 200_000, "\(record.memory)")
    let read = try AccuracyReport(JSONNode(record, name: "evaluation"))
    #expect(read.classes == names && read.compiled?.top1 == 0.5 && read.deltas?.top1 == Estimate(0))
    #expect(read.compiled?.perClass.count == (count == 64 ? 64 : 0))
  }

  @Test func readsBackWhatItWrites() throws {
    for accuracy in [binaryAccuracy(), multiLabelAccuracy()] {
      var report = sampleReport()
      report.accuracy = accuracy
      let read = try Report(json: JSON(parsing: report.json.prettyBytes()))
      #expect(read == report)
    }
    var classes = sampleReport()
    classes.accuracy?.compiled?.perClass[1].sensitivityAtSpecificity = SpecificityPoint(
      specificity: 0.9, sensitivity: 0.75)
    classes.accuracy?.deltas?.perClass[1].sensitivityAtSpecificity = Estimate(-0.25, low: -0.5, high: 0)
    classes.accuracy?.deltas?.balancedAccuracy = Estimate(-0.01)
    #expect(try Report(json: JSON(parsing: classes.json.prettyBytes())) == classes)
  }

  @Test func leavesOutWhatWasNotMeasured() throws {
    guard case .object(let members) = sampleAccuracy().jsonWithCurves else { return #expect(Bool(false)) }
    #expect(
      members.keys == [
        "data", "classes", "samples", "agreement", "agreement_interval", "kl", "sqnr_db", "cosine",
        "max_relative_error", "float", "compiled", "deltas", "mcnemar_p",
      ])
    let json = binaryAccuracy().json
    #expect(json["curves"] == nil)
    #expect(json["binary"]?["compiled"]?["tp"] == 34)
    #expect(json["binary"]?["compiled"]?["sensitivity"] == .double(0.85))
    #expect(json["thresholds"] == [.double(0.3)])
    #expect(json["subgroups"]?[0]?["measures"]?["sensitivity"]?["delta"]?["value"] == .double(-0.1))
  }

  @Test func writesOneModelAlone() throws {
    var accuracy = AccuracyReport(data: .labelled, samples: 2, classes: ["x", "y"])
    accuracy.compiled = ModelAccuracy(
      top1: 1, macroF1: 1, ece: 0.25, logLoss: 0.5, brier: 0.25, balancedAccuracy: 1,
      perClass: [.init("x", support: 2, precision: 1, recall: 1, f1: 1, averagePrecision: 1)],
      confusion: [[2, 0], [0, 0]])
    #expect(
      accuracy.modelJSON.description == """
        {"auc":null,"balanced_accuracy":1.0,"brier":0.25,"confusion":[[2,0],[0,0]],"ece":0.25,"log_loss":0.5,\
        "macro_f1":1.0,"per_class":[{"auc":null,"average_precision":1.0,"f1":1.0,"name":"x","precision":1.0,\
        "recall":1.0,"sensitivity_at_specificity":null,"specificity":null,"support":2}],"samples":2,"top1":1.0}
        """)
    accuracy.compiled?.confusion = Array(repeating: Array(repeating: 0, count: 65), count: 65)
    #expect(accuracy.modelJSON["confusion"] == nil)
  }

  @Test func refusesCurvesThatAreNoPoints() throws {
    let report: JSON = [
      "data": "labelled", "samples": 1,
      "curves": [
        "compiled": [
          "per_class": [
            ["name": "a", "roc": ["fpr": [0.0], "tpr": []], "precision_recall": ["recall": [], "precision": []]]
          ]
        ]
      ],
    ]
    #expect {
      try AccuracyReport(JSONNode(report, name: "accuracy"))
    } throws: {
      "\($0)" == "accuracy.curves.compiled.per_class[0].roc: 1 and 0 coordinates do not make points"
    }
    #expect {
      try AccuracyReport(JSONNode(["data": "labelled", "samples": 1, "task": "guess"], name: "accuracy"))
    } throws: {
      "\($0)" == "accuracy.task: unknown task \"guess\""
    }
  }

  @Test func fewUnchangedLesionsProveLittle() {
    var report = BinaryComparison(
      compiled: .init(values: [.sensitivity: 1]),
      intervals: [.sensitivity: Estimate(1, low: 1, high: 1), .specificity: Estimate(0.5, low: 0.25, high: 0.75)],
      deltas: [
        .sensitivity: Estimate(0, low: 0, high: 0), .balancedAccuracy: Estimate(0, low: 0, high: 0),
        .rocAUC: Estimate(0, low: 0, high: 0),
      ])
    report.widenUnchanged(BinaryUnits(positives: 6, negatives: 12, called: 6, notCalled: 12))
    #expect(report.intervals[.sensitivity] == Estimate(1, low: 0.5, high: 1))
    #expect(report.intervals[.specificity] == Estimate(0.5, low: 0.25, high: 0.75))
    #expect(report.deltas[.sensitivity] == Estimate(0, low: -0.5, high: 0.5))
    #expect(report.deltas[.balancedAccuracy] == Estimate(0, low: -0.25, high: 0.25))
    #expect(report.deltas[.rocAUC] == Estimate(0, low: 0, high: 0))
  }

  // MARK: For people

  @Test func tellsSensitivityFirst() {
    var report = sampleReport()
    report.accuracy = binaryAccuracy()
    report.warnings = []
    let lines = SummaryText.make(report).split(separator: "\n").map(String.init)
    #expect(
      lines.suffix(6) == [
        "  accuracy  mel, called from 0.3 on: sensitivity 90.0 % → 85.0 %, −5.0 pp (−12.5 … 0.0)",
        "            specificity 80.0 % → 80.0 %, 0.0 pp (−2.0 … +2.0)",
        "            AUC (ROC) 93.0 % → 92.5 %, −0.5 pp (−1.1 … +0.2); PPV (precision) 52.9 % → 51.5 %; "
          + "NPV 97.0 % → 95.5 %",
        "            sex = female lost most of the subgroups: sensitivity 90.0 % → 80.0 %, −10.0 pp (−25.0 … 0.0) "
          + "on 90 images",
        "            intervals over 123 lesions",
        "            top-1 85.0 % → 84.0 %, −1.0 pp (−3.0 … +1.0), agreement 97.0 % on 200 labelled images",
      ])
  }

  @Test func saysThatAChosenThresholdIsOptimistic() {
    var accuracy = binaryAccuracy()
    accuracy.thresholdChoice = "sensitivity 0.95"
    accuracy.groups = .init(name: "site", count: 1)
    #expect(
      EvaluationText.make(accuracy).hasSuffix(
        """
        mel, called from 0.3 on  reference  model                 change
        ───────────────────────────────────────────────────────────────────────────────
        sensitivity                 90.0 %  85.0 % (72.0 … 95.0)  −5.0 pp (−12.5 … 0.0)
        specificity                 80.0 %  80.0 % (73.0 … 86.0)  0.0 pp (−2.0 … +2.0)
        PPV (precision)             52.9 %  51.5 %                –
        NPV                         97.0 %  95.5 %                –
        balanced accuracy           85.0 %  82.5 %                –
        F1                          66.7 %  64.2 %                –
        AUC (ROC)                   93.0 %  92.5 %                −0.5 pp (−1.1 … +0.2)
        average precision           80.0 %  79.0 %                –

        subgroup       samples               reference    model  change
        ───────────────────────────────────────────────────────────────────────────────
        sex = female        90  sensitivity     90.0 %   80.0 %  −10.0 pp (−25.0 … 0.0)
                                specificity     80.0 %   80.0 %  0.0 pp (−3.0 … +3.0)
        sex not known        2  sensitivity          –        –  –
                                specificity          –  100.0 %  –

        intervals over 1 group by site
        the threshold was chosen on these very samples (sensitivity 0.95): expect less at it on others

        """))
  }

  @Test func tellsOfLabels() {
    let text = EvaluationText.make(multiLabelAccuracy())
    #expect(text.contains("mean over labels   reference  model   change"))
    #expect(text.contains("sensitivity             50.0 %  46.9 %  −3.1 pp (−6.3 … 0.0)"))
    #expect(text.contains("all labels right  50.0 % → 43.8 %  −6.3 pp (−12.5 … 0.0)"))
    #expect(text.contains("blue veil              0.25  75.0 %"))
    #expect(!text.contains("top-1"))
  }
}
