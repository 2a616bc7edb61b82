import CKernels

/// One convolution shape, named, as tests and benchmarks share them.
struct ConvCase: Sendable, CustomStringConvertible {
  var height: Int32
  var width: Int32
  var inputChannels: Int32
  var outputChannels: Int32
  var kernelHeight: Int32
  var kernelWidth: Int32
  var stride: (height: Int32, width: Int32)
  var dilation: (height: Int32, width: Int32)
  /// Top, left, bottom, right.
  var padding: (Int32, Int32, Int32, Int32)
  var groups: Int32

  /// A square kernel, padded alike on all sides.
  init(
    _ height: Int32, _ width: Int32, _ inputChannels: Int32, _ outputChannels: Int32, kernel: Int32 = 1,
    stride: Int32 = 1, dilation: Int32 = 1, padding: Int32 = 0, groups: Int32 = 1
  ) {
    self.height = height
    self.width = width
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernelHeight = kernel
    self.kernelWidth = kernel
    self.stride = (stride, stride)
    self.dilation = (dilation, dilation)
    self.padding = (padding, padding, padding, padding)
    self.groups = groups
  }

  var shape: ck_conv_shape {
    let spanHeight = (kernelHeight - 1) * dilation.height + 1
    let spanWidth = (kernelWidth - 1) * dilation.width + 1
    return ck_conv_shape(
      in_h: height, in_w: width, in_c: inputChannels,
      out_h: (height + padding.0 + padding.2 - spanHeight) / stride.height + 1,
      out_w: (width + padding.1 + padding.3 - spanWidth) / stride.width + 1, out_c: outputChannels,
      kernel_h: kernelHeight, kernel_w: kernelWidth, stride_h: stride.height, stride_w: stride.width,
      dilation_h: dilation.height, dilation_w: dilation.width, pad_top: padding.0, pad_left: padding.1, groups: groups)
  }

  /// Whether at least one window fits the padded image.
  var isPossible: Bool {
    height + padding.0 + padding.2 >= (kernelHeight - 1) * dilation.height + 1
      && width + padding.1 + padding.3 >= (kernelWidth - 1) * dilation.width + 1
  }

  var macs: Int {
    let s = shape
    return Int(s.out_h) * Int(s.out_w) * Int(s.out_c) * Int(s.kernel_h) * Int(s.kernel_w) * Int(s.in_c / s.groups)
  }

  var description: String {
    """
    \(height)x\(width)x\(inputChannels)->\(outputChannels) k\(kernelHeight)x\(kernelWidth) \
    s\(stride.height),\(stride.width) d\(dilation.height),\(dilation.width) \
    p\(padding.0),\(padding.1),\(padding.2),\(padding.3) g\(groups)
    """
  }
}

extension ConvCase {
  /// Around every block size of the kernels: one, primes, powers of two and their neighbours.
  static let channelCounts: [Int32] = [1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 96]

  /// 1x1 convolutions and matrix products.
  static let pointwise: [ConvCase] = {
    var cases: [ConvCase] = []
    for (i, channels) in channelCounts.enumerated() {
      for (j, outputs) in channelCounts.enumerated() {
        // Rows around the register tiles: 1 to 25.
        let rows = Int32((i * 7 + j * 5) % 25) + 1
        cases.append(ConvCase(rows, 1, channels, outputs))
      }
    }
    for rows: Int32 in [1, 2, 5, 6, 7, 11, 12, 13, 49, 64] {
      cases.append(ConvCase(rows, 1, 40, 130))
      cases.append(ConvCase(rows, 1, 515, 7))
    }
    cases.append(ConvCase(1, 1, 1280, 1000))
    cases.append(ConvCase(1, 1, 2050, 33))
    cases.append(ConvCase(14, 14, 24, 48, stride: 2))
    cases.append(ConvCase(9, 7, 16, 32, padding: 1))
    return cases
  }()

  /// Dense convolutions with windows.
  static let dense: [ConvCase] = {
    var cases: [ConvCase] = []
    for (i, channels) in channelCounts.enumerated() {
      let outputs = channelCounts[(i * 5 + 3) % channelCounts.count]
      let size = Int32(i % 9) + 1
      cases.append(ConvCase(size, 9 - size + 1, channels, outputs, kernel: 3, padding: 1))
      cases.append(ConvCase(size + 4, size + 2, channels, outputs, kernel: 3, stride: 2, padding: 1))
      cases.append(ConvCase(7, size + 5, channels, outputs, kernel: 5, stride: Int32(i % 2) + 1, padding: 2))
    }
    cases.append(ConvCase(14, 14, 3, 32, kernel: 3, stride: 2, padding: 1))
    cases.append(ConvCase(14, 13, 3, 16, kernel: 7, stride: 2, padding: 3))
    cases.append(ConvCase(9, 9, 1, 8, kernel: 5))
    cases.append(ConvCase(9, 8, 6, 20, kernel: 3, dilation: 2, padding: 2))
    cases.append(ConvCase(9, 8, 32, 20, kernel: 3, dilation: 3, padding: 3))
    cases.append(ConvCase(2, 2, 5, 9, kernel: 7, padding: 3))
    cases.append(ConvCase(14, 14, 64, 64, kernel: 3, padding: 1))
    var uneven = ConvCase(8, 9, 3, 24, kernel: 3, stride: 2)
    uneven.padding = (0, 0, 1, 1)
    cases.append(uneven)
    uneven.inputChannels = 20
    uneven.padding = (2, 1, 0, 3)
    cases.append(uneven)
    var oblong = ConvCase(7, 9, 17, 19, kernel: 1)
    oblong.kernelWidth = 7
    oblong.padding = (0, 3, 0, 3)
    cases.append(oblong)
    oblong.kernelWidth = 1
    oblong.kernelHeight = 3
    oblong.stride = (2, 1)
    oblong.dilation = (2, 1)
    oblong.padding = (2, 0, 2, 0)
    cases.append(oblong)
    return cases
  }()

  /// Grouped convolutions that are not depthwise.
  static let grouped: [ConvCase] = [
    ConvCase(5, 5, 4, 6, kernel: 3, padding: 1, groups: 2),
    ConvCase(6, 5, 6, 12, kernel: 3, stride: 2, padding: 1, groups: 3),
    ConvCase(7, 7, 32, 64, kernel: 3, padding: 1, groups: 2),
    ConvCase(4, 4, 48, 48, groups: 3),
    ConvCase(3, 9, 34, 66, kernel: 3, padding: 1, groups: 2),
    ConvCase(5, 4, 8, 16, kernel: 3, padding: 1, groups: 8),
    ConvCase(7, 7, 64, 128, groups: 4),
  ]

  /// One input channel to one output channel.
  static let depthwise: [ConvCase] = {
    var cases: [ConvCase] = []
    for (i, channels) in (channelCounts + [48, 80, 112, 130, 144, 192]).enumerated() {
      let size = Int32(i % 9) + 1
      let kernel: Int32 = i % 2 == 0 ? 3 : 5
      for stride: Int32 in [1, 2] {
        for (k, extra) in [(kernel, Int32(0)), (8 - kernel, 5)] {
          cases.append(
            ConvCase(
              size + extra, 10 - size + extra, channels, channels, kernel: k, stride: stride, padding: k / 2,
              groups: channels))
        }
      }
    }
    for channels: Int32 in [8, 33, 64, 96] {
      cases.append(ConvCase(14, 14, channels, channels, kernel: 3, padding: 1, groups: channels))
      cases.append(ConvCase(14, 14, channels, channels, kernel: 3, stride: 2, padding: 1, groups: channels))
      cases.append(ConvCase(7, 8, channels, channels, kernel: 7, padding: 3, groups: channels))
      cases.append(ConvCase(7, 8, channels, channels, kernel: 3, dilation: 2, padding: 2, groups: channels))
      cases.append(ConvCase(6, 5, channels, channels, kernel: 1, groups: channels))
      var uneven = ConvCase(8, 9, channels, channels, kernel: 3, stride: 2, groups: channels)
      uneven.padding = (0, 0, 1, 1)
      cases.append(uneven)
      uneven.kernelWidth = 5
      uneven.stride = (1, 2)
      uneven.padding = (2, 1, 0, 3)
      cases.append(uneven)
    }
    cases.append(ConvCase(3, 75, 32, 32, kernel: 3, padding: 1, groups: 32))
    cases.append(ConvCase(4, 150, 16, 16, kernel: 5, stride: 2, padding: 2, groups: 16))
    return cases
  }()

  static let all: [ConvCase] = (pointwise + dense + grouped + depthwise).filter(\.isPossible)
}
