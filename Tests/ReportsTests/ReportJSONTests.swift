import CanonicalJSON
import IR
import Metrics
import Operators
import Quantization
import Runtime
import Tensors
import Testing

@testable import Reports

struct ReportJSONTests {
  @Test func writesTheDocumentedFields() throws {
    var report = sampleReport()
    report.layers = [report.layers[1]]
    report.accuracy = AccuracyReport(data: .heldBack, samples: 16)
    report.accuracy?.agreement = Estimate(0.9375, low: 0.8125, high: 1)
    report.accuracy?.outputSQNR = 28.5
    #expect(
      String(decoding: report.json.prettyBytes(), as: UTF8.self) == """
        {
          "schema": 1,
          "dermc": "0.1.0",
          "source": {
            "file": "lesions.onnx",
            "format": "onnx",
            "bytes": 9137004,
            "sha256": "5f1c"
          },
          "recipe": {
            "int8": true,
            "range": "mse",
            "bias_correction": true,
            "prune": 0.0,
            "prune_scope": "global",
            "samples": 127,
            "seed": 0,
            "store": "compact"
          },
          "bundle": {
            "file": "lesions.derm",
            "bytes": 2150300,
            "sha256": "77ab",
            "sections": [
              {
                "name": "graph",
                "codec": "zlib",
                "raw_bytes": 41200,
                "stored_bytes": 6100
              },
              {
                "name": "weights",
                "codec": "zlib",
                "raw_bytes": 2210000,
                "stored_bytes": 2081000
              }
            ],
            "container_bytes": 63200
          },
          "stats": {
            "parameters": 2232839,
            "running_statistics": 0,
            "macs": 299529216,
            "flops": 599058432,
            "element_operations": 0,
            "bytes": {
              "total": 9068000,
              "float32": 9068000
            },
            "peak_activation_bytes": 4816896,
            "inputs": [],
            "outputs": [],
            "arena_bytes": 1605632,
            "scratch_bytes": 65536,
            "packed_bytes": 9068032,
            "memory_bytes": 10739200
          },
          "compiled": {
            "parameters": 2215000,
            "macs": 299529216,
            "effective_macs": 150000000,
            "bytes": 2300500,
            "peak_activation_bytes": 1204224,
            "arena_bytes": 1254400,
            "scratch_bytes": 20480,
            "packed_bytes": 2410000,
            "memory_bytes": 3684944
          },
          "answer": {
            "output": "logits",
            "task": "multiclass",
            "scores": "logits",
            "count": 3,
            "description": "multi-class, 3 logits"
          },
          "preprocessing": {
            "size": [224, 224],
            "scale": 0.5
          },
          "calibration": {
            "samples": 127,
            "held_back": 0,
            "skipped": [
              {
                "file": "nv/broken.jpg",
                "reason": "the JPEG ends early"
              }
            ],
            "range": "mse",
            "seed": 0
          },
          "data": {
            "calibration": {
              "count": 127,
              "sha256": "c0de"
            },
            "evaluation": {
              "count": 210,
              "sha256": "beef"
            }
          },
          "accuracy": {
            "data": "held-back calibration samples",
            "classes": [],
            "samples": 16,
            "agreement": 0.9375,
            "agreement_interval": {
              "value": 0.9375,
              "low": 0.8125,
              "high": 1.0
            },
            "kl": null,
            "sqnr_db": 28.5,
            "cosine": null,
            "max_relative_error": null,
            "float": null,
            "compiled": null,
            "deltas": null,
            "mcnemar_p": null
          },
          "passes": [
            {
              "pass": "fold-scale-shift",
              "applied": 52,
              "no_effect": 0,
              "refused": 0,
              "notes": []
            },
            {
              "pass": "fold-pad",
              "applied": 0,
              "no_effect": 2,
              "refused": 1,
              "notes": ["pad_3: pads with 0.5, not with 0"]
            }
          ],
          "layers": [
            {
              "name": "block_1",
              "op": "Conv",
              "output": [1, 96, 56, 56],
              "macs": 2709504,
              "precision": "int8",
              "bits": 8,
              "weights": 864,
              "bytes": 1632,
              "sparsity": 0.1,
              "output_sqnr_db": 18.24,
              "reason": "",
              "raised_scales": 3
            }
          ],
          "warnings": ["1 calibration file was skipped: nv/broken.jpg (the JPEG ends early)"]
        }

        """)
  }

  @Test func readsWhatItWrites() throws {
    let report = sampleReport()
    let text = report.json.prettyBytes()
    #expect(try Report(json: JSON(parsing: text)) == report)
    #expect(try Report(json: JSON(parsing: text)).json == report.json)
  }

  @Test func searchesOfRangesReadAsTheyAreWritten() throws {
    var report = sampleReport()
    for isDivergence in [true, false] {
      report.calibration?.search = .init(
        samples: 64, isDivergence: isDivergence,
        candidates: [
          .init(["l3"], cost: 0.25, standardError: 0.125),
          .init(["mse"], cost: .infinity, standardError: .infinity),
        ])
      report.calibration?.equalizedLayers = 3
      report.calibration?.channelSearch = .init(
        samples: 32, isDivergence: isDivergence,
        candidates: [
          .init(["equalized"], cost: 0.25, standardError: 0.125),
          .init(["as they are"], cost: 0.5, standardError: 0.25),
        ])
      report.calibration?.rounding = "compensated"
      report.calibration?.weightSearch = .init(
        samples: 32, isDivergence: isDivergence,
        candidates: [
          .init(["nearest", "weights"], cost: 0.5, standardError: 0.25),
          .init(["compensated", "weights"], cost: 0.25, standardError: 0.125),
        ])
      let search = JSONNode(report.json, name: "report")
      let weights = try search["calibration"]["weight_search"]["candidates"].elements()
      #expect(try weights.map { try $0["rounding"].string() } == ["nearest", "compensated"])
      #expect(try weights.map { try $0["biases"].string() } == ["weights", "weights"])
      #expect(try search["calibration"]["range_search"]["measure"].string() == (isDivergence ? "kl" : "squared_error"))
      #expect(try Report(json: JSON(parsing: report.json.prettyBytes())) == report)
    }
  }

  @Test func searchesOfStepsReadAsTheyAreWritten() throws {
    var report = sampleReport()
    report.calibration?.steps = .init(
      samples: 64, isDivergence: true,
      candidates: [.init(distortion: 0.5, bytes: 900, cost: 0.25), .init(distortion: 2, bytes: 300, cost: nil)],
      chosen: 1)
    let search = JSONNode(report.json, name: "report")
    #expect(try search["calibration"]["step_search"]["candidates"].elements().count == 2)
    #expect(try Report(json: JSON(parsing: report.json.prettyBytes())) == report)
  }

  @Test func whatWasPruned() throws {
    var report = sampleReport()
    report.pruning = .init(method: "obs", weights: 1000, zeros: 500, threshold: 0.25)
    #expect(
      try JSONNode(report.json, name: "report")["pruning"].value
        == ["method": "obs", "weights": 1000, "zeros": 500, "threshold": 0.25])
    #expect(try Report(json: JSON(parsing: report.json.prettyBytes())) == report)
    #expect(SummaryText.make(report).contains("obs: 50.0 % of 1,000 weights are zero"))
    report.channels = .init(method: "obs", channels: 100, removed: 24, macsBefore: 1_000_000, macs: 700_000)
    #expect(SummaryText.make(report).contains("obs: 24 of 100 removed, "))
    report.pruning = .init(method: "adaptive", weights: 10, zeros: 1, threshold: nil)
    #expect(try Report(json: JSON(parsing: report.json.prettyBytes())) == report)
  }

  @Test func searchesOfPrecisionReadAsTheyAreWritten() throws {
    var report = sampleReport()
    for measure in Report.PrecisionSearchSummary.Measure.allCases {
      report.calibration?.precision = .init(
        samples: 56, measure: measure, limit: 0.05,
        trials: [.init(kept: 0, macs: 0, loss: 0.5), .init(kept: 1, macs: 300, loss: 0.046875)], chosen: 1,
        seen: Estimate(0.03125, low: 0.0078125, high: 0.125),
        foretold: measure == .drop ? .init(mean: 0.03125, standardError: 0.015625) : nil,
        kept: [.init(name: "conv", op: "Conv", foretold: 0.25, extraBytes: 27, macs: 300)])
      #expect(try Report(json: JSON(parsing: report.json.prettyBytes())) == report)
    }
  }

  @Test func recipesReadAsTheyAreWritten() throws {
    var recipe = Recipe()
    recipe.estimator = .percentile
    recipe.correctsBias = false
    recipe.keptFloat = ["conv", "a, b"]
    recipe.pruneFraction = 0.25
    recipe.pruneScope = .layer
    recipe.seed = .max
    recipe.store = .raw
    #expect(try Recipe(JSONNode(recipe.json, name: "recipe")) == recipe)
    recipe.samples = 16
    recipe.estimator = nil
    recipe.rounding = nil
    recipe.biases = .network
    #expect(try Recipe(JSONNode(recipe.json, name: "recipe")) == recipe)
    recipe.learnsAgain = true
    for target in [nil, Recipe.Target.bytes(900_000), .ratio(10.5), .cost(0.001), .agreement(0.995), .drop(0.002)] {
      recipe.target = target
      #expect(try Recipe(JSONNode(recipe.json, name: "recipe")) == recipe)
    }
    recipe.channelFraction = 0.3
    for method in Recipe.PruneMethod.allCases {
      recipe.pruneMethod = method
      #expect(try Recipe(JSONNode(recipe.json, name: "recipe")) == recipe)
    }
    #expect(try Recipe(JSONNode([:], name: "recipe")) == Recipe())
  }

  @Test func statisticsReadAsTheyAreWritten() throws {
    var graph = Graph(name: "small")
    graph.hasFreeBatch = true
    let x = graph.addInput("image", TensorType(.float32, [1, 3, 8, 8]))
    let weights = graph.addConstant("w", Tensor([Float](repeating: 1, count: 16 * 27), shape: [16, 3, 3, 3]))
    graph.addOutput(try graph.add(Conv(window: Window(kernel: [3, 3])), name: "stem", inputs: [x, weights, nil])[0])
    var statistics = ModelStatistics(graph)
    for memory in [nil, PlanMemory(arenaBytes: 1, scratchBytes: 2, packedBytes: 3, memoryBytes: 6)] {
      statistics.memory = memory
      let read = try ModelStatistics(JSONNode(statistics.json(perLayer: true), name: "stats"))
      #expect(read.layers.isEmpty)
      #expect(read.json(perLayer: false) == statistics.json(perLayer: false))
      statistics.layers = []
      #expect(read == statistics)
    }
  }

  @Test func passesOverUnknownMembersAndToleratesMissingOnes() throws {
    let json: JSON = [
      "schema": 1, "invented": [1, 2], "source": ["file": "a.onnx", "colour": "red"],
      "compiled": ["macs": 10, "peak_activation_bytes": 20],
    ]
    let report = try Report(json: json)
    #expect(report.source.file == "a.onnx")
    #expect(report.compiled.effectiveMACs == 10)
    #expect(report.bundle == nil && report.recipe == nil && report.stats == nil)
    #expect(report.accuracy == nil)
  }

  @Test(
    arguments: [
      ([], "report: expected an object, found an array"),
      (["schema": 2], "report.schema: schema 2 is not known; this dermc reads schema 1"),
      (["schema": 1], #"report: the member "source" is missing"#),
      (
        ["schema": 1, "source": ["file": "a"], "compiled": ["macs": -1]],
        "report.compiled.macs: -1 is out of range; expected 0 to 70368744177664"
      ),
      (
        ["schema": 1, "source": ["file": "a"], "recipe": ["range": "best"], "compiled": [:]],
        "report.recipe.range: unknown value; known are minmax, percentile, mse, l3, l4"
      ),
    ] as [(JSON, String)])
  func refusesOtherJSON(_ json: JSON, _ message: String) {
    #expect {
      try Report(json: json)
    } throws: {
      "\($0)" == message
    }
  }

  @Test func namesNoFolders() {
    let text = "\(sampleReport().json)"
    #expect(!text.contains("models/"))
    #expect(!text.contains("out/"))
  }
}
