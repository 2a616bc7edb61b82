import CanonicalJSON
import Metrics
import Testing

@testable import Reports

struct MarkdownTests {
  @Test func writesTheWholeReport() {
    var report = sampleReport()
    report.source = .init(path: "lesions.onnx", format: "onnx", bytes: 9_137_004, sha256: "5f1c")
    #expect(
      clipped(MarkdownReport.make(report)) == #"""
        # lesions.onnx → lesions.derm

        The compiled model is 4.2× smaller: 9.14 MB became 2.15 MB. For 205 of 210 images (97.6 %) it gives …

        > **Warning:** 1 calibration file was skipped: nv/broken.jpg (the JPEG ends early)

        ## What changed in the diagnosis

        **Recall of each class**

        | Class | Images | Float | Compiled | Change |
        |---|--:|--:|--:|---|
        | bkl | 70 | 80.0 % | 81.4 % | +1.4 pp (−1.4 … +4.3) |
        | mel | 60 | 78.3 % | 75.0 % | −3.3 pp (−8.3 … +1.7) |
        | nv | 80 | 87.5 % | 87.5 % | 0.0 pp (−2.5 … +2.5) |

        - **Recall**: of the images that show a class, the share recognised as it. Lower recall means more m…
        - **Change**: compiled minus float in percentage points (pp), and in brackets the range that holds w…

        **Precision of each class**

        | Class | Images | Float | Compiled | Change |
        |---|--:|--:|--:|---|
        | bkl | 70 | 78.0 % | 77.0 % | −1.0 pp (−4.0 … +2.0) |
        | mel | 60 | 81.0 % | 82.0 % | +1.0 pp (−3.0 … +5.0) |
        | nv | 80 | 87.0 % | 86.0 % | −1.0 pp (−3.0 … +1.0) |

        - **Precision**: of the images answered as a class, the share that really show it. Lower precision m…

        **All classes together**

        | Measure | Float | Compiled | Change |
        |---|--:|--:|---|
        | Top-1 | 82.4 % | 81.9 % | −0.5 pp (−1.9 … +0.9) |
        | Macro-F1 | 80.1 % | 79.5 % | −0.6 pp (−2.1 … +0.9) |
        | AUC | 95.3 % | 95.2 % | −0.1 pp (−0.2 … +0.1) |
        | Calibration error | 6.1 % | 5.8 % | −0.3 pp |

        - **Top-1**: the share of images whose most probable class is the right one.
        - **Macro-F1**: the mean over classes of F1, which balances recall and precision; a rare class count…
        - **AUC**: how often an image of a class is given a higher score for it than an image of another cla…
        - **Calibration error**: how far stated confidence is, on average, from the share of answers that ar…

        **Compiled against float**

        |  |  |
        |---|---|
        | Agreement | 97.6 % (95.2 … 99.5) |
        | Output SQNR | 31.7 dB |
        | Cosine | 0.9991 |
        | KL divergence | 0.00066 |

        - **Agreement**: the share of images for which both models answer the same class first, right or wro…
        - **Output SQNR**: the strength of the model's outputs over the error compiling brings to them; 20 d…
        - **Cosine**: how far the outputs of both models point the same way, 1 being exactly.
        - **KL divergence**: the information about the float model's probabilities that the compiled model's…

        Which class was answered (columns) for the images of each class (rows). Right answers lie on the dia…

        **Float**

        |  | bkl | mel | nv |
        |---|--:|--:|--:|
        | bkl | 56 | 8 | 6 |
        | mel | 9 | 47 | 4 |
        | nv | 6 | 4 | 70 |

        **Compiled**

        |  | bkl | mel | nv |
        |---|--:|--:|--:|
        | bkl | 57 (+1) | 7 (−1) | 6 |
        | mel | 10 (+1) | 45 (−2) | 5 (+1) |
        | nv | 6 | 4 | 70 |

        ## What was compiled

        **What the answer means**

        |  |  |
        |---|---|
        | Answer | multi-class, 3 logits |
        | Output | logits |
        | Classes, in order | bkl, mel, nv |

        **How an image becomes the model's input**

        |  |  |
        |---|---|
        | Size | 224 × 224 pixels, width × height |
        | Pixel times | 0.5 |
        | EXIF orientation | not applied |

        Compare this with how the model was trained: wrong preprocessing is the commonest cause of wrong ans…

        **The data**

        | Used for | Samples | SHA-256 |
        |---|--:|---|
        | Calibration | 127 | `c0de` |
        | Evaluation | 210 | `beef` |

        The same files give the same hash, wherever they lie and whatever they are called.

        ## Size, work and memory

        **Before and after**

        |  | Source | Compiled |
        |---|--:|--:|
        | File | 9.14 MB | 2.15 MB |
        | Constants, uncoded | 9.07 MB | 2.30 MB |
        | Parameters | 2,232,839 | 2,215,000 |
        | MACs | 299,529,216 | 299,529,216 |
        | Effective MACs | – | 150,000,000 |
        | Peak activations | 4.82 MB | 1.20 MB |
        | Memory | 10.7 MB | 3.68 MB |
        | Activation buffer | 1.61 MB | 1.25 MB |
        | Scratch, each thread | 65.5 kB | 20.5 kB |
        | Weights in memory | 9.07 MB | 2.41 MB |

        - **MACs**: multiply-accumulates of convolutions and matrix products for one input; the work of an a…
        - **Effective MACs**: those by weights that are not zero.
        - **Peak activations**: the memory for intermediate results at the layer that needs most, were layer…
        - **Memory**: all that one thread needs to run the model: the buffer of intermediate results with la…

        **The sections of the bundle**

        | Section | Codec | Raw | Stored | Share of the file |
        |---|---|--:|--:|---|
        | graph | zlib | 41.2 kB | 6.10 kB | 0.3 % |
        | weights | zlib | 2.21 MB | 2.08 MB | 96.8 % |
        | Header, table of contents, padding |  |  | 63.2 kB | 2.9 % |
        | **File** |  | **2.25 MB** | **2.15 MB** |  |

        ## Layers

        Least like the float model's is the output of block_1 (Conv): 18.2 dB.

        2 layers of 4 run in int8 and do 100.0 % of the MACs.

        What stays float32, and why:

        - softmax (Softmax): Softmax has no int8 form

        **Layers, in the order they run**

        | Layer | Operator | Output | MACs | Precision | Weights | Bytes | Sparsity | SQNR |
        |---|---|--:|--:|---|--:|--:|--:|---|
        | conv&lt;1&gt;\|a | Conv | 1×32×112×112 | 10.8 M | int8 | 864 | 1.12 kB | 2.0 % | 31.8 dB |
        | block_1 | Conv | 1×96×56×56 | 2.71 M | int8 | 864 | 1.63 kB | 10.0 % | 18.2 dB |
        | reshape | Reshape | 1×1280 |  | pass-through |  |  |  |  |
        | softmax | Softmax | 1×3 |  | float32 |  |  |  |  |
        | **4 layers** |  |  | **13.5 M** |  | **1,728** | **2.75 kB** |  |  |

        - **SQNR**: signal to quantization noise: the strength of a layer's output over the error that all i…
        - **Sparsity**: the share of a layer's weights that are zero.

        The weight scales of 3 channels were raised so that their bias fits int32: block_1 (3).

        ## Passes

        Rewritings that leave what the model computes as it is, and make it smaller or faster. Each candidat…

        **What each pass did**

        | Pass | Applied | No effect | Refused |
        |---|--:|--:|--:|
        | fold-scale-shift | 52 | 0 | 0 |
        | fold-pad | 0 | 2 | 1 |

        - fold-pad: pad_3: pads with 0.5, not with 0

        ## Provenance

        **Where everything came from**

        |  |  |
        |---|---|
        | Source | lesions.onnx, onnx |
        | Source SHA-256 | `5f1c` |
        | Bundle | lesions.derm |
        | Bundle SHA-256 | `77ab` |
        | Calibration | 127 samples, ranges by mse, seed 0 |
        | Skipped | nv/broken.jpg: the JPEG ends early |
        | Recipe | `{"bias_correction":true,"int8":true,"prune":0.0,"prune_scope":"global","range":"mse","sa…
        | dermc | 0.1.0 |

        The same source, recipe and calibration data give the same bundle and the same report, bit for bit.

        """#)
  }

  @Test(arguments: [
    ("plain text, 1.5 (a-b)", "plain text, 1.5 (a-b)"),
    ("block_1_conv", "block_1_conv"), ("_emphasis_", "\\_emphasis\\_"), ("a*b|c", "a\\*b\\|c"),
    ("<script>&", "&lt;script&gt;&amp;"), ("[x](y)", "\\[x\\](y)"), ("- item", "\\- item"), ("1. item", "1\\. item"),
    ("12) item", "12\\) item"), ("---", "\\---"), ("+1.4 pp", "+1.4 pp"), ("80.0 %", "80.0 %"), ("# head", "\\# head"),
    ("`code`", "\\`code\\`"), ("\\", "\\\\"),
    ("https://evil.example", "https&#58;//evil.example"), ("www.evil.example", "www&#46;evil.example"),
    ("@everybody", "&#64;everybody"),
  ])
  func escapes(_ text: String, _ markdown: String) {
    #expect(MarkdownWriter.escaped(text) == markdown)
  }

  @Test func tablesKeepTheirColumnsWhateverNamesSay() {
    var report = sampleReport()
    report.layers[0].name = "a|b\n| c"
    report.source = .init(path: "a.onnx", format: "onnx", bytes: 1, sha256: "x|`y")
    for line in MarkdownReport.make(report).split(separator: "\n") where line.hasPrefix("| a") {
      #expect(line.split(separator: "|", omittingEmptySubsequences: false).count == 13, "\(line)")
    }
    #expect(MarkdownReport.make(report).contains("| a\\|b\\\\u{a}\\| c | Conv |"))
  }

  @Test func saysWhatIsMissingWithoutLabels() {
    var report = sampleReport()
    report.accuracy = AccuracyReport(data: .heldBack, samples: 16)
    report.accuracy?.agreement = Estimate(0.9375)
    let text = MarkdownReport.make(report)
    #expect(text.contains("For 15 of 16 held-back calibration samples (93.8 %) it gives the same first answer"))
    #expect(text.contains("Without labelled data nothing is known about which answers are right; --eval gives that."))
    #expect(!text.contains("Recall"))
    report.accuracy = nil
    #expect(MarkdownReport.make(report).contains("Its answers were not compared with the float model's"))
  }

  @Test func beginsWithTheFindings() {
    #expect(
      Findings.sentences(sampleReport()) == [
        "The compiled model is 4.2× smaller: 9.14 MB became 2.15 MB.",
        "For 205 of 210 images (97.6 %) it gives the same first answer as the float model.",
        "It is right for 81.9 % of them, the float model for 82.4 %: −0.5 pp (−1.9 … +0.9), which may be chance.",
        "The class that lost most is mel, of whose 60 images 45 are recognised instead of 47: "
          + "recall −3.3 pp (−8.3 … +1.7), which may be chance.",
      ])
  }

  @Test func namesEveryClassThatLostMoreThanChance() {
    var report = sampleReport()
    report.accuracy?.deltas?.perClass[2].recall = Estimate(-0.02, low: -0.03, high: -0.01)
    #expect(
      MarkdownReport.make(report).contains(
        "Of the other classes these lost more recall than chance explains: nv −2.0 pp (−3.0 … −1.0)."))
    #expect(SummaryText.make(report).contains("nv lost recall too, more than chance explains: −2.0 pp (−3.0 … −1.0)"))
  }
}

/// The text with the ends of long lines left out.
private func clipped(_ text: String) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false)
    .map { $0.count > 100 ? $0.prefix(100) + "…" : $0 }
    .joined(separator: "\n")
}
