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
    .systemLibrary(
      name: "CProtobufC", path: "Sources/System/CProtobufC", pkgConfig: "libprotobuf-c",
      providers: [.apt(["libprotobuf-c-dev"])]),
    .target(
      name: "CONNX", dependencies: ["CProtobufC"], exclude: ["onnx.proto", "regenerate.sh"],
      // C code does not take part in module maps' automatic linking.
      linkerSettings: [.linkedLibrary("protobuf-c")]),
    .target(name: "CKernels"),
    .target(name: "CanonicalJSON", swiftSettings: settings),
    .systemLibrary(
      name: "CZlib", path: "Sources/System/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "Tensors", swiftSettings: settings),
    .target(name: "NumPyFiles", dependencies: ["CZlib", "Tensors"], swiftSettings: settings),
    .target(name: "Math", dependencies: ["CKernels"], swiftSettings: settings),
    .target(name: "OpenBLASMath", dependencies: ["CKernels", "COpenBLAS", "Math"], swiftSettings: settings),
    .target(name: "IR", dependencies: ["Math", "Tensors"], swiftSettings: settings),
    .target(name: "Operators", dependencies: ["CKernels", "IR", "Math", "Tensors"], swiftSettings: settings),
    .target(
      name: "ONNX", dependencies: ["CONNX", "CProtobufC", "IR", "Math", "Operators", "Tensors"],
      swiftSettings: settings),
    .target(name: "Runtime", dependencies: ["CKernels", "IR", "Math", "Operators", "Tensors"], swiftSettings: settings),
    .target(
      name: "Quantization",
      dependencies: ["CKernels", "IR", "Math", "Operators", "Runtime", "Tensors"], swiftSettings: settings),
    .testTarget(name: "CKernelsTests", dependencies: ["CKernels"], swiftSettings: settings),
    .testTarget(
      name: "OperatorsTests", dependencies: ["CKernels", "IR", "Math", "Operators", "Tensors"], swiftSettings: settings),
    .testTarget(name: "CanonicalJSONTests", dependencies: ["CanonicalJSON"], swiftSettings: settings),
    .testTarget(
      name: "NumPyFilesTests", dependencies: ["NumPyFiles", "Tensors"], exclude: ["Goldens"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
