// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "dermc",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .systemLibrary(
      name: "COpenBLAS", path: "Sources/System/COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .target(name: "CKernels"),
    .target(name: "CanonicalJSON", swiftSettings: settings),
    .target(name: "Tensors", swiftSettings: settings),
    .target(name: "Math", dependencies: ["CKernels"], swiftSettings: settings),
    .target(name: "OpenBLASMath", dependencies: ["CKernels", "COpenBLAS", "Math"], swiftSettings: settings),
    .target(name: "IR", dependencies: ["Math", "Tensors"], swiftSettings: settings),
    .target(name: "Operators", dependencies: ["CKernels", "IR", "Math", "Tensors"], swiftSettings: settings),
    .target(name: "Passes", dependencies: ["IR", "Math", "Operators", "Tensors"], swiftSettings: settings),
    .target(name: "Runtime", dependencies: ["CKernels", "IR", "Math", "Operators", "Tensors"], swiftSettings: settings),
    .target(
      name: "Quantization",
      dependencies: ["CKernels", "IR", "Math", "Operators", "Runtime", "Tensors"], swiftSettings: settings),
    .testTarget(name: "CKernelsTests", dependencies: ["CKernels"], swiftSettings: settings),
    .testTarget(name: "CanonicalJSONTests", dependencies: ["CanonicalJSON"], swiftSettings: settings),
    .testTarget(
      name: "OperatorsTests", dependencies: ["IR", "Math", "Operators", "Tensors"], swiftSettings: settings),
    .testTarget(
      name: "PassesTests", dependencies: ["IR", "Math", "Operators", "Passes", "Tensors"],
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
