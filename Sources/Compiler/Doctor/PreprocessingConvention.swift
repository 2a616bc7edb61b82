import Images
import Tensors

/// A way in which the field turns pixels into a model's numbers, whatever the order of colours.
struct PreprocessingConvention: Sendable {
  let name: String
  let scale: Double
  /// Of red, green and blue, or one for all.
  let mean: [Double]
  let std: [Double]
  /// The order of colours it is used with, where there are colours.
  let channels: Preprocessing.Channels

  private init(
    _ name: String, scale: Double = 1, mean: [Double] = [0], std: [Double] = [1],
    channels: Preprocessing.Channels = .rgb
  ) {
    self.name = name
    self.scale = scale
    self.mean = mean
    self.std = std
    self.channels = channels
  }

  /// The conventions, the commonest first.
  ///
  /// - Parameter pixels: those of the data themselves, for conventions that use their mean and deviation
  static func all(_ pixels: PixelStatistics) -> [PreprocessingConvention] {
    let isGray = pixels.mean.count == 1
    var all = [PreprocessingConvention("1/255", scale: 1.0 / 255)]
    if !isGray {
      // torchvision, timm, most of PyTorch
      all.append(
        PreprocessingConvention(
          "ImageNet mean and std", scale: 1.0 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]))
    }
    // Keras's MobileNet, Inception and Xception; TensorFlow's slim
    all.append(PreprocessingConvention("x/127.5 - 1", scale: 1 / 127.5, mean: [1]))
    // Keras's EfficientNet and ConvNeXt, which scale by layers of their own; MLPerf Tiny
    all.append(PreprocessingConvention("raw pixels"))
    if !isGray {
      // Keras's VGG, ResNet and DenseNet before 2019; Caffe
      all.append(PreprocessingConvention("Caffe means", mean: [123.68, 116.779, 103.939], channels: .bgr))
    } else {
      all.append(PreprocessingConvention("MNIST mean and std", scale: 1.0 / 255, mean: [0.1307], std: [0.3081]))
    }
    // Notebooks that standardise: (x - x.mean()) / x.std() over all pixels, or over those of a colour
    all.append(
      PreprocessingConvention("data's own mean and std", mean: [pixels.allMean], std: [pixels.allDeviation]))
    if !isGray {
      all.append(
        PreprocessingConvention("data's own, by colour", mean: pixels.mean, std: pixels.deviation))
    }
    return all
  }

  /// The preprocessing of a model's input, with mean and std in the order of its colours.
  func preprocessing(
    height: Int, width: Int, channels: Preprocessing.Channels, resize: Preprocessing.Resize,
    exifOrientation: Bool = false
  ) throws(Refusal) -> Preprocessing {
    let isTurned = channels == .bgr
    return try Preprocessing(
      height: height, width: width, scale: scale, mean: isTurned ? mean.reversed() : mean,
      std: isTurned ? std.reversed() : std, channels: channels, resize: resize, exifOrientation: exifOrientation)
  }
}
