import Metrics
import Testing

@testable import Reports

struct EvaluationTextTests {
  @Test func measuresOneModel() {
    var accuracy = ModelAccuracy(
      top1: 0.8238, macroF1: 0.801, ece: 0.061, perClass: [ClassAccuracy("mel", support: 60, recall: 0.75)])
    accuracy.perClass.append(ClassAccuracy("nv", support: 1080, precision: 0.87, recall: 0.875, f1: 0.872, auc: 0.97))
    var report = AccuracyReport(data: .labelled, samples: 1140)
    report.compiled = accuracy
    #expect(
      EvaluationText.make(report) == """
        samples             1,140
        top-1              82.4 %
        macro-F1           80.1 %
        calibration error   6.1 %

        class  samples  recall  precision      F1     AUC
        ─────────────────────────────────────────────────
        mel         60  75.0 %          –       –       –
        nv       1,080  87.5 %     87.0 %  87.2 %  97.0 %

        """)
  }

  @Test func comparesTwoModels() {
    #expect(
      EvaluationText.make(sampleAccuracy()) == """
        samples        210
        agreement      97.6 % (95.2 … 99.5)
        output SQNR    31.7 dB
        cosine         0.9991
        KL divergence  0.00066

                           reference   model  change
        ───────────────────────────────────────────────────────────
        top-1                 82.4 %  81.9 %  −0.5 pp (−1.9 … +0.9)
        macro-F1              80.1 %  79.5 %  −0.6 pp (−2.1 … +0.9)
        AUC                   95.3 %  95.2 %  −0.1 pp (−0.2 … +0.1)
        calibration error      6.1 %   5.8 %  −0.3 pp

        class  samples  recall          change                 precision          change
        ───────────────────────────────────────────────────────────────────────────────────────────────
        bkl         70  80.0 %  81.4 %  +1.4 pp (−1.4 … +4.3)     78.0 %  77.0 %  −1.0 pp (−4.0 … +2.0)
        mel         60  78.3 %  75.0 %  −3.3 pp (−8.3 … +1.7)     81.0 %  82.0 %  +1.0 pp (−3.0 … +5.0)
        nv          80  87.5 %  87.5 %  0.0 pp (−2.5 … +2.5)      87.0 %  86.0 %  −1.0 pp (−3.0 … +1.0)

        """)
  }

  @Test func comparesWithoutLabels() {
    var accuracy = AccuracyReport(data: .heldBack, samples: 16)
    accuracy.agreement = Estimate(1)
    accuracy.maximumRelativeError = 0
    #expect(
      EvaluationText.make(accuracy) == """
        samples      16
        agreement    100.0 %
        output SQNR  no difference

        """)
  }
}
