// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// C code states its contracts in asserts. Builds for debugging check them.
let contracts: [CSetting] = [.define("NDEBUG", .when(configuration: .release))]

/// A library of the system, found by pkg-config and installed by apt.
func system(_ name: String, _ pkgConfig: String, apt package: String) -> Target {
  .systemLibrary(name: name, path: "Sources/System/\(name)", pkgConfig: pkgConfig, providers: [.apt([package])])
}

func library(_ name: String, _ dependencies: Target.Dependency...) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// Tests of one module.
func tests(_ module: String, _ dependencies: Target.Dependency..., exclude: [String] = []) -> Target {
  .testTarget(
    name: "\(module)Tests", dependencies: [.byName(name: module)] + dependencies, exclude: exclude,
    swiftSettings: settings)
}

/// Left out of `swift build --disable-default-traits`.
let openBLASMath = Target.Dependency.target(name: "OpenBLASMath", condition: .when(traits: ["OpenBLAS"]))

let package = Package(
  name: "dermc",
  products: [
    .executable(name: "dermc", targets: ["dermc"]),
    // What an app links to run bundles: no ONNX, no BLAS.
    .library(name: "DermRuntime", targets: ["DermRuntime"]),
    .executable(name: "derm-run", targets: ["derm-run"]),
    // The same for C: scripts/build-libderm links it with Swift's library inside.
    .library(name: "derm", type: .static, targets: ["libderm"]),
  ],
  traits: [
    .trait(name: "OpenBLAS", description: "Computing float layers on OpenBLAS: dermc's --math openblas."),
    .default(enabledTraits: ["OpenBLAS"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  // Floors, from the ground up: imports only go down.
  targets: [
    // 0: C code, and the libraries of the system
    system("CJPEG", "libjpeg", apt: "libjpeg-dev"),
    system("CPNG", "libpng", apt: "libpng-dev"),
    system("CProtobufC", "libprotobuf-c", apt: "libprotobuf-c-dev"),
    system("CZlib", "zlib", apt: "zlib1g-dev"),
    .target(
      name: "CImages", dependencies: ["CJPEG", "CPNG"],
      linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png"), .linkedLibrary("z")]),
    .target(
      name: "CONNX", dependencies: ["CProtobufC"], exclude: ["onnx.proto", "regenerate.sh"],
      // C code does not take part in the automatic linking of module maps.
      linkerSettings: [.linkedLibrary("protobuf-c")]),
    // Files include by folder, as in "igemm/igemm_s8.h".
    .target(name: "CKernels", cSettings: contracts + [.headerSearchPath(".")]),
    .target(name: "CThreads", cSettings: contracts),
    .target(name: "CSHA256"),
    .target(name: "CHeap", cSettings: contracts),
    .target(name: "CProcess"),
    // The kernels of plain C programs as text. The files are of the module that writes such programs.
    .target(name: "CPlainC"),
    .target(name: "CAllocation", dependencies: ["CProcess"]),

    // 1: the system, memory, threads and hashes; tensors and texts
    library("Platform"),
    library("HeapMemory", "CHeap", "CKernels"),
    library("Threads", "CThreads"),
    library("Hashing", "CSHA256"),
    library("CanonicalJSON"),
    library("Tensors", "CProcess", "Platform"),
    library("Texts", "Tensors"),
    library("Metrics", "Platform", "Tensors"),
    library("Deflate", "CZlib", "Tensors"),
    library("EntropyCoding", "CKernels", "Tensors"),
    library("NumPyFiles", "Deflate", "Tensors"),

    // 2: arithmetic and images, no graph
    library("Images", "CImages", "CKernels", "CanonicalJSON", "Tensors"),
    library("Math", "CKernels", "HeapMemory", "Platform", "Threads"),
    library("OpenBLASMath", "CKernels", "HeapMemory", "Math", "Platform", "Tensors", "Threads"),

    // 3, 4: keys; the graph and its operators
    library("Signing", "Hashing", "Platform", "Tensors"),
    library("IR", "Math", "Tensors", "Threads"),
    library("Operators", "CKernels", "HeapMemory", "IR", "Math", "Platform", "Tensors", "Threads"),

    // 5: siblings around the graph
    library("ONNX", "CONNX", "CProtobufC", "IR", "Math", "Operators", "Platform", "Tensors"),
    library("TFLite", "IR", "Math", "NumPyFiles", "Operators", "Tensors"),
    library("Passes", "IR", "Math", "Operators", "Tensors"),
    library("Runtime", "CKernels", "HeapMemory", "IR", "Math", "Operators", "Tensors", "Threads"),
    library(
      "Bundles", "CanonicalJSON", "Deflate", "EntropyCoding", "Hashing", "IR", "Operators", "Signing", "Tensors",
      "Texts", "Threads"),

    library("Answers", "CanonicalJSON", "IR", "Math", "Operators", "Platform", "Tensors"),
    library("Explanations", "Answers", "IR", "Math", "Operators", "Runtime", "Tensors", "Threads"),

    // The runtime half, floors 0 to 5, as a library with a public interface, and a tool of it alone
    library(
      "DermRuntime", "Answers", "Bundles", "CanonicalJSON", "Explanations", "Hashing", "HeapMemory", "IR", "Images",
      "Math", "Platform", "Runtime", "Signing", "Tensors", "Threads"),
    .executableTarget(
      name: "derm-run", dependencies: ["CAllocation", "DermRuntime", "Math", "Platform", "Tensors", "Texts"],
      swiftSettings: settings),

    // derm.h and what implements it
    .target(name: "CDerm"),
    library("libderm", "CDerm", "DermRuntime", "Images", "Tensors"),

    // 6: programs in plain C
    .target(
      name: "PlainC",
      dependencies: [
        "Answers", "CKernels", "CPlainC", "HeapMemory", "IR", "Images", "Math", "Operators", "Runtime", "Tensors",
      ],
      exclude: ["Kernels", "Web"], swiftSettings: settings),

    // 6: numbers
    library(
      "Quantization", "CKernels", "HeapMemory", "IR", "Math", "Operators", "Platform", "Runtime", "Tensors", "Threads"),
    library("DataSets", "Hashing", "Images", "NumPyFiles", "ONNX", "Platform", "Runtime", "Tensors", "Threads"),

    // 7: the main flow, and what is said about it
    library(
      "Reports", "Bundles", "CanonicalJSON", "Hashing", "IR", "Math", "Metrics", "Operators", "Passes",
      "Quantization", "Runtime", "Signing", "Tensors", "Texts"),
    library(
      "Compiler", "Answers", "Bundles", "CanonicalJSON", "DataSets", "Deflate", "Explanations", "Hashing", "IR",
      "Images", "Math", "Metrics", "NumPyFiles", "ONNX", openBLASMath, "Operators", "Passes", "PlainC", "Platform",
      "Quantization", "Reports", "Runtime", "Signing", "TFLite", "Tensors", "Texts", "Threads"),

    // 8: the command line
    .executableTarget(
      name: "dermc",
      dependencies: [
        "Answers", "CAllocation", "CanonicalJSON", "Compiler", "DataSets", "Explanations", "Images", "Platform",
        "Quantization", "Reports", "Signing", "Tensors", "Texts",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: settings),

    // The shapes that kernels are tested and timed on, for Swift and for C
    .target(name: "KernelCases", dependencies: ["CKernels"], path: "Tests/KernelCases"),
    // The AMX kernel compiled against a software model of the tiles.
    .target(
      name: "CAMXModel", dependencies: ["CKernels"], path: "Tests/CAMXModel",
      cSettings: contracts + [.headerSearchPath("../../Sources/CKernels")]),
    // The kernels of plain C beside the definitions of CKernels.
    .target(
      name: "PlainCKernels", dependencies: ["CKernels"], path: "Tests/PlainCKernels",
      exclude: ["cortex_m", "main.c", "wasi.mjs"],
      cSettings: [.headerSearchPath("../../Sources/PlainC/Kernels"), .define("WITH_CKERNELS")]),
    .target(
      name: "TestSupport", dependencies: ["IR", "Math", "Operators", "Tensors", "Threads"], path: "Tests/Support",
      swiftSettings: settings),
    // What is fuzzed and how; the tests run the stored inputs.
    .target(
      name: "FuzzTargets",
      dependencies: [
        "Answers", "Bundles", "CZlib", "CanonicalJSON", "Compiler", "DataSets", "Hashing", "IR", "Images", "Math",
        "NumPyFiles", "ONNX", "Operators", "Platform", "Quantization", "Reports", "Runtime", "Tensors", "TestSupport",
      ], path: "Fuzz/Targets", swiftSettings: settings),
    tests("Answers", "CanonicalJSON", "IR", "Math", "Operators", "Tensors"),
    tests(
      "Explanations", "Answers", "IR", "Math", "Operators", "Platform", "Runtime", "Tensors", "TestSupport", "Threads"),
    tests("FuzzTargets", "Bundles", "CanonicalJSON", "Math", "Platform", "Tensors"),
    tests(
      "Bundles", "CanonicalJSON", "Deflate", "Hashing", "IR", "Math", "Operators", "Platform", "Signing", "Tensors",
      "TestSupport"),
    tests("CKernels", "CAMXModel", "KernelCases", "PlainCKernels", "Platform"),
    tests("CSHA256"),
    tests("CThreads"),
    tests("CanonicalJSON"),
    tests(
      "dermc", "CanonicalJSON", "DermRuntime", "FuzzTargets", "Hashing", "IR", "Images", "Math", "NumPyFiles", "ONNX",
      "Operators", "Platform", "Reports", "Signing", "Tensors", "TestSupport"),
    tests("derm-run", "Bundles", "CanonicalJSON", "IR", "Math", "Operators", "Platform", "Tensors", "TestSupport"),
    tests(
      "Compiler", "Answers", "CanonicalJSON", "DataSets", "Hashing", "IR", "Images", "Math", "Metrics", "ONNX",
      "Operators", "Platform", "Reports", "Runtime", "Tensors"),
    tests(
      "DataSets", "Hashing", "HeapMemory", "IR", "Images", "Math", "NumPyFiles", "Operators", "Platform",
      "Quantization", "Runtime", "Tensors", "TestSupport"),
    tests(
      "DermRuntime", "Answers", "Bundles", "CanonicalJSON", "IR", "Images", "Math", "Operators", "Platform", "Runtime",
      "Signing", "Tensors", "TestSupport", "Threads"),
    tests("Deflate", "Tensors"),
    tests("EntropyCoding", "CKernels", "Hashing", "Tensors"),
    tests("IR", "Math", "Operators", "Platform", "Tensors"),
    tests("Images", "CKernels", "CZlib", "CanonicalJSON", "NumPyFiles", "Platform", "Tensors", exclude: ["Goldens"]),
    tests("Math", "Platform"),
    tests("Metrics", "CanonicalJSON", "Platform", "Tensors", exclude: ["Goldens"]),
    tests("NumPyFiles", "Tensors", exclude: ["Goldens"]),
    tests(
      "ONNX", "IR", "Math", "NumPyFiles", "Operators", "Passes", "Platform", "Reports", "Tensors", "TestSupport"),
    tests("OpenBLASMath", "CKernels", "HeapMemory", "Math", "Threads"),
    tests("Operators", "CKernels", "IR", "Math", "Platform", "Tensors", "TestSupport", "Threads"),
    tests("PlainC", "Hashing", "Tensors"),
    // Random graphs through everything from passes to bundles
    .testTarget(
      name: "PropertyTests",
      dependencies: [
        "Bundles", "IR", "Math", "Operators", "Passes", "Platform", "Quantization", "Runtime", "TestSupport", "Tensors",
        "Threads",
      ],
      swiftSettings: settings),
    tests("Quantization", "CKernels", "IR", "Math", "Operators", "Runtime", "TestSupport", "Tensors", "Threads"),
    tests(
      "Reports", "CanonicalJSON", "IR", "Math", "Metrics", "Operators", "Quantization", "Runtime", "Tensors"),
    tests("Signing", "Hashing", "Platform", "Tensors"),
    tests("Texts"),
    tests("Passes", "IR", "Math", "Operators", "Platform", "Tensors", "TestSupport"),
    tests("Runtime", "HeapMemory", "IR", "Math", "Operators", "Tensors", "Threads"),
    tests("TFLite", "IR", "Math", "NumPyFiles", "Operators", "Passes", "Platform", "Tensors", "TestSupport"),
    tests("Tensors", "Platform"),
  ],
  swiftLanguageModes: [.v6]
)

// The fuzzer itself links libFuzzer, which scripts/fuzz puts in; other builds are without.
if Context.environment["DERMC_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "fuzz", dependencies: ["FuzzTargets", "Platform"], path: "Fuzz/Driver", swiftSettings: settings))
}
