import Answers
import Images
import Tensors

extension CModel {
  /// Names of the parameters for inputs and outputs.
  var inputNames: [String] {
    program.inputs.count == 1 ? ["input"] : CName.identifiers(program.inputs.map { "in_\($0.name)" }, otherwise: "in")
  }
  var outputNames: [String] {
    program.outputs.count == 1
      ? ["output"] : CName.identifiers(program.outputs.map { "out_\($0.name)" }, otherwise: "out")
  }

  func parameters(_ names: [String], _ type: String) -> String {
    names.map { "\(type) *\($0)" }.joined(separator: ", ")
  }

  var tensorParameters: String { parameters(inputNames, "const float") + ", " + parameters(outputNames, "float") }
  var imageParameters: String { "const uint8_t *rgb, int32_t w, int32_t h, " + parameters(outputNames, "float") }

  /// The file that says how the model is used.
  func headerFile(_ weights: WeightsFile?) -> CText {
    var text = CText()
    let upper = name.uppercased()
    text.comment("\(name): an image classifier in C99. Written by \(author): change the model, not this.")
    text.line("//")
    fact("inputs", inputsFact, &text)
    fact("outputs", outputsFact, &text)
    fact("answer", answerFact, &text)
    if let weights {
      fact("weights", "\(name)_weights.bin, \(weights.bytes.count) bytes: \(name)_use_weights() comes first", &text)
    }
    fact("flash", "\(flashBytes(weights)) bytes of constants; code comes on top", &text)
    fact("RAM", ramFact, &text)
    fact(
      "threads", "one call at a time: the memory is static, so that no function here may run twice at once", &text)
    fact(
      "bits", "the same on every machine, and those of dermc run: \(name)_selftest() shows it. Without -ffast-math.",
      &text)
    fact("compile", "cc -std=c99 -O2 -c \(name).c", &text)
    fact("", "-march=native, -mavx2, -msimd128 and the like let it use SIMD; NEON and SSE2 need nothing.", &text)
    if needsMathLibrary { fact("", "Link with -lm.", &text) }
    text.line("#ifndef \(upper)_H")
    text.line("#define \(upper)_H")
    text.line()
    if weights != nil { text.line("#include <stddef.h>") }
    text.line("#include <stdint.h>")
    text.line()
    text.line("#ifdef __cplusplus")
    text.line("extern \"C\" {")
    text.line("#endif")
    text.line()
    for (port, parameter) in zip(program.inputs, inputNames) {
      text.line("#define \(upper)_\(parameter.uppercased())_COUNT \(port.type.count)")
    }
    for (port, parameter) in zip(program.outputs, outputNames) {
      text.line("#define \(upper)_\(parameter.uppercased())_COUNT \(port.type.count)")
    }
    if meaning.task != .none { text.line("#define \(upper)_CLASS_COUNT \(meaning.classCount)") }
    if meaning.task != .none {
      text.line("#define \(upper)_GIVES_PROBABILITIES \(meaning.scores == .probabilities ? 1 : 0)")
    }
    text.line()
    if !labels.isEmpty {
      text.comment(
        labels.count == 1 ? "The class, in UTF-8." : "The classes in the order of the numbers, in UTF-8.")
      text.line("extern const char *const \(name)_labels[\(labels.count)];")
      text.line()
    }
    writeFunctions(&text)
    text.line()
    text.line("#ifdef __cplusplus")
    text.line("}")
    text.line("#endif")
    text.line()
    text.line("#endif")
    return text
  }

  private func writeFunctions(_ text: inout CText) {
    if hasWeightsFile {
      text.comment(
        "Has to be called before all else, with the content of \(name)_weights.bin, mapped or read, which must stay where "
          + "it is. Returns 0; 3 where that is not the file written with this program, or the machine has its highest "
          + "bytes first; 4 where its address is no multiple of 4. What is called without returns 3.")
      text.line("int \(name)_use_weights(const void *file, size_t size);")
      text.line()
    }
    if let image {
      text.comment(
        "Classifies an image: rgb has w * h pixels, row by row from the top, three bytes each for red, green and blue. "
          + imageFact(image))
      text.comment("Returns 0, or 1 where the image is empty or too large: 64 Mi pixels, or far wider than high.")
      text.line("int \(name)_run(\(imageParameters));")
    } else {
      text.comment("There is no \(name)_run for images: the model does not say how an image becomes its input.")
    }
    text.line()
    text.comment(
      "Runs the model on numbers that are prepared already: float32, all of them finite, in the order of the model's own "
        + "input. Returns 0.")
    text.line("int \(name)_run_tensor(\(tensorParameters));")
    text.line()
    text.comment(
      "Runs the model on patterns and compares the answers' bits with dermc's. Returns 0 where they are the same"
        + (image == nil ? "." : ", 1 where the layers' differ, 2 where the image's do."))
    text.line("int \(name)_selftest(void);")
  }

  // MARK: Facts

  private func fact(_ title: String, _ value: String, _ text: inout CText) {
    let width = 9
    var line = "//   \(title)" + String(repeating: " ", count: width - title.utf8.count)
    for word in value.split(separator: " ") {
      if line.utf8.count + 1 + word.utf8.count > CText.columns {
        text.line(line)
        line = "//   " + String(repeating: " ", count: width)
      }
      line += line.last == " " ? word : " \(word)"
    }
    text.line(line)
  }

  private func shape(_ type: TensorType) -> String { type.shape.map { "\($0)" }.joined(separator: " x ") }

  private var inputsFact: String {
    zip(program.inputs, inputNames).map { port, parameter in
      "\(parameter) (\(CProgram.plain(port.name))): \(shape(port.type)) float32"
    }.joined(separator: "; ")
  }

  private var outputsFact: String {
    zip(program.outputs, outputNames).map { port, parameter in
      "\(parameter) (\(CProgram.plain(port.name))): \(shape(port.type)) float32"
    }.joined(separator: "; ")
  }

  /// How the numbers are read.
  private var answerFact: String {
    let output = outputNames[decision]
    let isProbability = meaning.scores == .probabilities
    func label(_ index: Int) -> String {
      labels.indices.contains(index) ? "class \(index) (\(CProgram.plain(labels[index])))" : "class \(index)"
    }
    switch meaning.task {
    case .none: return "\(output) is no decision between classes"
    case .multiclass:
      return "\(output) has a \(isProbability ? "probability" : "logit") for each class, the highest of which decides"
        + (isProbability ? "" : "; their softmax is the probabilities")
    case .binary where meaning.count == 1:
      let number = isProbability ? "" : "a logit x, and p = 1 / (1 + exp(-x)) "
      return "\(output) is \(number)the probability of \(label(1)); \(decided(label))"
    case .binary:
      let numbers = "\(output) has a \(isProbability ? "probability" : "logit") for each of two classes"
      guard meaning.threshold != nil else {
        return numbers + (isProbability ? "" : ", whose softmax is the probabilities") + "; the higher decides"
      }
      return "\(numbers); \(decided(label))"
    case .multilabel:
      let thresholds = (0..<meaning.count).map { "\(meaning.threshold(ofLabel: $0))" }
      let same = Set(thresholds).count == 1
      return "\(output) has a \(isProbability ? "probability p" : "logit x") for each label"
        + (isProbability ? "" : ", whose probability is p = 1 / (1 + exp(-x))") + "; a label is there from p = "
        + (same ? thresholds[0] : thresholds.joined(separator: ", ")) + " on"
    }
  }

  private func decided(_ label: (Int) -> String) -> String {
    let (positive, threshold) = (meaning.positive, meaning.threshold ?? OutputMeaning.usualThreshold)
    return "\(label(positive)) is decided for where its probability is \(threshold) or more"
  }

  /// Bytes of everything that does not change, but for what is in a file.
  private func flashBytes(_ weights: WeightsFile?) -> Int {
    program.constantBytes - (weights?.constantBytes ?? 0)
      + (image == nil ? 0 : CSelfTest.pictureBytes.count) + (image?.tables.count ?? 0)
  }

  private var ramFact: String {
    let fitting = image.map { " and \($0.workingBytes) for images" } ?? ""
    let scratch = program.scratch.isEmpty ? "" : ", and what a convolution's window takes"
    return "\(program.arenaBytes + 64) bytes for layers\(fitting), all of it static\(scratch); nothing is allocated"
  }

  private var needsMathLibrary: Bool { kernelFiles.contains("dc_math_f32.h") }

  private func imageFact(_ image: CImageInput) -> String {
    let preprocessing = image.preprocessing
    let size = "\(preprocessing.width) x \(preprocessing.height)"
    let how =
      preprocessing.resize == .centerCrop
      ? "Its shorter side is resized with a margin and the middle cut out, to \(size)"
      : "It is resized to \(size)"
    return "\(how), as Pillow does it with BILINEAR, and normalised as the model was trained."
      + (preprocessing.exifOrientation ? " Turn it upright first, as its EXIF data say." : "")
  }
}
