import CanonicalJSON
import Tensors
import Testing

@testable import Images

@Suite struct PreprocessingTests {
  static let recipes: [(String, Double, [Double], [Double])] = [
    ("imagenet", 1.0 / 255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]), ("signed", 1 / 127.5, [1], [1]),
    ("raw", 1, [159.88402177], [46.45399133]),
  ]

  @Test(arguments: recipes)
  func normalizesAsNumPy(name: String, scale: Double, mean: [Double], std: [Double]) throws {
    let goldens = try Goldens.arrays("inputs.npz")
    let image = try Image(path: Goldens.path("rgb.png"))
    for (channels, suffix) in [(Preprocessing.Channels.rgb, ""), (.bgr, " bgr"), (.gray, " gray")] {
      let gray = channels == .gray
      let preprocessing = try Preprocessing(
        height: 10, width: 12, scale: scale, mean: gray ? [mean[0]] : mean, std: gray ? [std[0]] : std,
        channels: channels)
      let golden = try #require(goldens[name + suffix])
      #expect(golden.shape == [10, 12, channels.count])
      let input = try preprocessing.apply(image)
      #expect(Tensor(input, shape: golden.shape).isIdentical(to: golden), "\(name + suffix)")
      let planes = try preprocessing.apply(image, layout: .rowMajor)
      for (index, value) in input.enumerated() {
        #expect(planes[index % channels.count * 120 + index / channels.count] == value)
      }
    }
  }

  @Test func centerCrops() throws {
    let preprocessing = try Preprocessing(height: 24, width: 24, resize: .centerCrop)
    let image = try Image(path: Goldens.path("rgb.png"))
    #expect(try preprocessing.apply(image) == image.centerCropped(width: 24, height: 24).pixels.map(Float.init))
  }

  @Test func repeatsGrayImages() throws {
    let preprocessing = try Preprocessing(height: 10, width: 12)
    let input = try preprocessing.apply(Image(path: Goldens.path("gray.png")))
    let expected = try Image(path: Goldens.path("gray.png")).rgb().resized(width: 12, height: 10)
    #expect(input == expected.pixels.map(Float.init))
  }

  @Test func roundTripsThroughJSON() throws {
    let preprocessing = try Preprocessing(
      height: 96, width: 128, scale: 1.0 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225],
      channels: .bgr, resize: .centerCrop)
    let expected = """
      {"channels":"bgr","mean":[0.485,0.456,0.406],"resize":"center-crop","scale":0.00392156862745098,\
      "size":[96,128],"std":[0.229,0.224,0.225]}
      """
    #expect(preprocessing.json.description == expected)
    let read = try Preprocessing(json: JSONNode(JSON(parsing: Array(expected.utf8)), name: "preprocessing"))
    #expect(read == preprocessing)
  }

  @Test func writesOrientationWhereImagesAreTurned() throws {
    let preprocessing = try Preprocessing(height: 9, width: 8, exifOrientation: true)
    #expect(preprocessing.json["exif_orientation"] == .bool(true))
    #expect(try Preprocessing(json: JSONNode(preprocessing.json, name: "p")) == preprocessing)
    #expect(
      try Preprocessing(json: JSONNode(["size": [9, 8], "exif_orientation": false], name: "p")).json
        == Preprocessing(height: 9, width: 8, scale: 1.0 / 255).json)
  }

  @Test func fillsInDefaults() throws {
    let read = try Preprocessing(json: JSONNode(["channels": "gray"], name: "p"), size: (height: 28, width: 30))
    #expect(try read == Preprocessing(height: 28, width: 30, scale: 1.0 / 255, channels: .gray))
    #expect(throws: JSONError.unexpected("the member \"size\" is missing", path: "p")) {
      try Preprocessing(json: JSONNode(["scale": 1], name: "p"))
    }
  }

  static let malformed: [(JSON, String)] = [
    (["size": [96]], "p: size needs two numbers, height and width"),
    (["size": [0, 96]], "p: size 0x96 is out of range; each side must be 1 to 4096"),
    (["size": [96, 4097]], "p: size 96x4097 is out of range; each side must be 1 to 4096"),
    (["size": [9, 9], "std": [0.5, 0, 1]], "p: std must not be zero"),
    (["size": [9, 9], "std": [1e-300]], "p: std must not be zero"),
    (
      ["size": [9, 9], "scale": 1, "std": [1e-44]],
      "p: scale 1.0, mean 0.0 and std 1e-44 give values that are not finite"
    ),
    (["size": [9, 9], "mean": [1e300]], "p: mean must be finite"),
    (["size": [9, 9], "mean": [1, 2]], "p: 2 mean values for 3 channels (rgb)"),
    (["size": [9, 9], "scale": 0], "p: scale 0.0 must be finite and not zero"),
    (["size": [9, 9], "scale": "1/255"], "p.scale: expected a number, found a string"),
    (["size": [9, 9], "channels": "RGB"], "p.channels: unknown value; known are rgb, bgr, gray"),
    (["size": [9, 9], "resize": "crop"], "p.resize: unknown value; known are direct, center-crop"),
    (
      ["size": [9, 9], "bias": 1],
      "p: unknown member \"bias\"; known are size, scale, mean, std, channels, resize, exif_orientation"
    ),
    (["size": [9, 9], "exif_orientation": 1], "p.exif_orientation: expected a boolean, found an integer"),
    ([1], "p: expected an object, found an array"),
  ]

  @Test(arguments: malformed)
  func refusesWhatMakesNoSense(json: JSON, message: String) {
    #expect {
      try Preprocessing(json: JSONNode(json, name: "p"))
    } throws: { error in
      "\(error)" == message
    }
  }

  @Test func readsCommandLineValues() throws {
    #expect(try Preprocessing.number("1/255") == 1.0 / 255)
    #expect(try Preprocessing.number("-2.5e-1") == -0.25)
    #expect(try Preprocessing.numbers("0.485,0.456,0.406") == [0.485, 0.456, 0.406])
    #expect(try Preprocessing.numbers("1/2") == [0.5])
    #expect(try Preprocessing.size("96") == (96, 96))
    #expect(try Preprocessing.size("96x128") == (96, 128))
  }

  @Test(arguments: ["", "1/", "/2", "1/0", "1/2/3", "0x10", "inf", "nan", "1e999", "a", "1,2", " 1"])
  func refusesMalformedNumbers(text: String) {
    #expect(throws: Refusal("'\(text)' is not a number; write it as in 0.5 or 1/255")) {
      try Preprocessing.number(text)
    }
  }

  @Test(arguments: ["", "0", "x", "96x", "96x96x3", "-5", "4097", "1e2"])
  func refusesMalformedSizes(text: String) {
    #expect(throws: Refusal.self) { try Preprocessing.size(text) }
  }

  @Test(arguments: ["", ",", "1,", "1;2"])
  func refusesMalformedLists(text: String) {
    #expect(throws: Refusal.self) { try Preprocessing.numbers(text) }
  }
}
