import ArgumentParser
import Compiler
import DataSets
import Images

/// How images become inputs.
struct PreprocessingOptions: ParsableArguments {
  @Option(help: "Height and width of the input, as 96 or 96x128, where the model leaves them free.")
  var size: String?

  // A value that begins with a minus is a number here, not another option.
  @Option(parsing: .unconditional, help: "Factor for pixel values, as 1/255.")
  var scale: String?

  @Option(parsing: .unconditional, help: "Mean of each channel after scaling, as 0.485,0.456,0.406.")
  var mean: String?

  @Option(parsing: .unconditional, help: "Standard deviation of each channel, as 0.229,0.224,0.225.")
  var std: String?

  @Option(help: "Order of colours.")
  var channels: Preprocessing.Channels?

  @Option(help: "How images are fitted to the input.")
  var resize: Preprocessing.Resize?

  @Flag(help: "Turn images upright as their EXIF data say.")
  var exifOrientation = false

  @Option(help: ArgumentHelp("A JSON file with all of these.", valueName: "file"))
  var preprocess: String?

  @Option(help: "Order of the input's dimensions, where the shape does not tell.")
  var layout: ModelInput.Order?

  /// - Parameters:
  ///   - labels: of commands that only take class names
  ///   - data: of commands that read data
  func settings(labels: LabelOption? = nil, data: DataOptions? = nil) throws -> DataSettings {
    try DataSettings(
      size: size, scale: scale, mean: mean, std: std, channels: channels, resize: resize, file: preprocess,
      layout: layout, exifOrientation: exifOrientation, labels: data?.labels.labels ?? labels?.labels,
      data: data?.texts ?? DataSetTexts())
  }
}
