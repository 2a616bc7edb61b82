import IR
import Operators
import Tensors

/// Boxes in images: what of them stays, and what is in them.
enum Regions: ONNXFamily {
  static let limits = "boxes are constants, of NonMaxSuppression their scores too"
  static let readers: [String: NodeReader] = ["NonMaxSuppression": nonMaxSuppression, "RoiAlign": roiAlign]

  /// Of boxes [batch, n, 4] with scores [batch, classes, n], those that no better one of their class covers: rows of
  /// (batch, class, box), the best first.
  private static func nonMaxSuppression(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    guard let boxes = try node.constant(0, "boxes"), let scores = try node.constant(1, "scores"),
      boxes.shape.count == 3, scores.shape.count == 3, boxes.shape[2] == 4, boxes.shape[0] == scores.shape[0],
      boxes.shape[1] == scores.shape[2], let corners = boxes.floats(), let numbers = scores.floats()
    else {
      throw Refusal("boxes and scores do not fit: expected [batch, n, 4] and [batch, classes, n] of float32")
    }
    let most = try node.ints(input: 2, "max_output_boxes_per_class")?.first ?? 0
    let overlap = try node.scalar(input: 3, orAttribute: "iou_threshold") ?? 0
    let lowest = try node.scalar(input: 4, orAttribute: "score_threshold") ?? -.infinity
    let isCentred = try node.bool("center_point_box", default: false)
    let (classes, count) = (scores.shape[1], scores.shape[2])
    try node.reserve(.int64, [scores.count, 3])
    // Each box is held against all that were chosen before it.
    guard scores.count * max(0, min(most, count)) <= 1 << 32 else {
      throw Refusal("\(scores.count) boxes of which \(most) stay are too many")
    }
    var kept: [Int64] = []
    for (row, start) in stride(from: 0, to: numbers.count, by: max(1, count)).enumerated() {
      let batch = row / max(1, classes)
      let scored = (0..<count).filter { numbers[start + $0] > lowest }
      let ranked = scored.sorted { a, b in (numbers[start + a], b) > (numbers[start + b], a) }
      let candidates = ranked.map { box in
        let first = (batch * count + box) * 4
        return Box(corners[first..<first + 4], box, isCentred)
      }
      var chosen: [Box] = []
      for box in candidates where chosen.count < most && !chosen.contains(where: { $0.overlap(box) > overlap }) {
        chosen.append(box)
        kept += [Int64(batch), Int64(row % max(1, classes)), Int64(box.index)]
      }
    }
    return node.result(Tensor(kept, shape: [kept.count / 3, 3]))
  }

  private struct Box {
    let index: Int
    private let low: (Float, Float)
    private let high: (Float, Float)

    /// - Parameter isCentred: whether the numbers are centre and size (x, y, w, h), else two corners (y, x, y, x)
    init(_ numbers: ArraySlice<Float>, _ index: Int, _ isCentred: Bool) {
      let n = Array(numbers)
      self.index = index
      low = isCentred ? (n[0] - n[2] / 2, n[1] - n[3] / 2) : (min(n[0], n[2]), min(n[1], n[3]))
      high = isCentred ? (n[0] + n[2] / 2, n[1] + n[3] / 2) : (max(n[0], n[2]), max(n[1], n[3]))
    }

    private var area: Float { (high.0 - low.0) * (high.1 - low.1) }

    /// The area of the intersection over that of the union; 0 where one of the boxes is empty.
    func overlap(_ other: Box) -> Float {
      let width = min(high.0, other.high.0) - max(low.0, other.low.0)
      let height = min(high.1, other.high.1) - max(low.1, other.low.1)
      guard width > 0, height > 0, area > 0, other.area > 0 else { return 0 }
      return width * height / (area + other.area - width * height)
    }
  }

  /// Regions [n, 4] (x, y, x, y) of images [N, C, H, W], each in `output_height` x `output_width` parts: the mean, or
  /// the largest, of points in a part, each interpolated between four pixels (He et al. 2017). As in ONNX Runtime, the
  /// largest is that of the four pixels' products with their weights.
  private static func roiAlign(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let mode = try node.string("mode", default: "avg")
    guard mode == "avg" || mode == "max" else {
      throw Refusal("attribute mode is \"\(printable(mode))\", expected avg or max")
    }
    let height = try node.int("output_height", default: 1)
    let width = try node.int("output_width", default: 1)
    let sampling = try node.int("sampling_ratio", default: 0)
    let scale = try node.float("spatial_scale", default: 1)
    let transformation = try node.string(
      "coordinate_transformation_mode", default: node.opset < 16 ? "output_half_pixel" : "half_pixel")
    guard let rois = try node.floats(input: 1, "rois"), let images = try node.ints(input: 2, "batch_indices"),
      rois.count == 4 * images.count, x.shape.count == 4, images.allSatisfy((0..<x.shape[0]).contains)
    else {
      throw Refusal("rois and batch_indices do not fit x with shape \(x.shape)")
    }
    let range = 1...1 << 12
    guard range.contains(height), range.contains(width), (0...64).contains(sampling), scale.isFinite,
      rois.allSatisfy({ abs($0 * scale) <= 0x1p20 }), x.type.count > 0
    else {
      throw Refusal("regions of \(height) x \(width) parts with scale \(scale) and sampling_ratio \(sampling)")
    }
    let isHalfPixel = transformation == "half_pixel"
    let (rows, columns) = (x.shape[2], x.shape[3])
    let regions = images.indices.map { index in
      let corners = rois[4 * index..<4 * index + 4].map { $0 * scale - (isHalfPixel ? 0.5 : 0) }
      return (
        down: RegionAxis(
          corners[1], corners[3], parts: height, extent: rows, sampling: sampling, isAtLeastOne: !isHalfPixel),
        across: RegionAxis(
          corners[0], corners[2], parts: width, extent: columns, sampling: sampling, isAtLeastOne: !isHalfPixel)
      )
    }
    let length = max(1, regions.map { 4 * $0.down.points * $0.across.points }.max() ?? 0)
    let shape = [images.count * height * width, length]
    try node.reserve(.int64, shape)
    try node.reserve(.float32, shape)
    var parts: [[(place: Int64, weight: Float)]] = []
    for ((down, across), image) in zip(regions, images) {
      for row in 0..<height {
        for column in 0..<width {
          let count = mode == "avg" ? Float(max(1, down.points * across.points)) : 1
          var taps: [(place: Int64, weight: Float)] = []
          for vertical in down.taps(part: row) {
            for horizontal in across.taps(part: column) {
              let place = (image * rows + vertical.index) * columns + horizontal.index
              taps.append((Int64(place), vertical.weight * horizontal.weight / count))
            }
          }
          parts.append(taps)
        }
      }
    }
    // What a part has less than the others is one of its own again, or nothing.
    let filled = parts.map { taps in
      let more = taps.first.map { (place: $0.place, weight: mode == "max" ? $0.weight : 0) } ?? (place: 0, weight: 0)
      return taps + [(place: Int64, weight: Float)](repeating: more, count: length - taps.count)
    }
    let places = node.constant("places", Tensor(filled.flatMap { $0.map(\.place) }, shape: shape))
    let weights = node.constant("weights", Tensor(filled.flatMap { $0.map(\.weight) }, shape: shape))
    let channels = try node.step("channels", transposing: x, by: [1, 0, 2, 3])
    let flat = try node.step("flat", reshaping: channels, to: [x.shape[1], x.shape[0] * rows * columns])
    let pixels = try node.add(step: "pixels", Gather(axis: 1), [flat, places])
    let weighted = try node.step("weighted", .mul, pixels, weights)
    let joined = try node.add(
      step: "joined", Reduce(mode == "max" ? .max : .sum, axes: [2], keepsDimensions: false), [weighted])
    let planes = try node.step("planes", reshaping: joined, to: [x.shape[1], images.count, height, width])
    return try node.add(Transpose(perm: [1, 0, 2, 3]), [planes])
  }

  /// One axis of a region: the points of its parts.
  private struct RegionAxis {
    let start: Float
    let part: Float
    /// In each part.
    let points: Int
    let extent: Int

    init(_ start: Float, _ end: Float, parts: Int, extent: Int, sampling: Int, isAtLeastOne: Bool) {
      let length = isAtLeastOne ? max(1, end - start) : end - start
      self.start = start
      self.extent = extent
      part = length / Float(parts)
      points = sampling > 0 ? sampling : max(0, Int(part.rounded(.up)))
    }

    /// The pixels the points of a part are between; the weight is 0 where one is outside.
    func taps(part index: Int) -> [(index: Int, weight: Float)] {
      (0..<points).flatMap { point -> [(index: Int, weight: Float)] in
        let place = start + Float(index) * part + (Float(point) + 0.5) * part / Float(points)
        guard place >= -1, place <= Float(extent) else { return [(0, 0), (0, 0)] }
        let inside = max(0, place)
        let first = min(Int(inside), extent - 1)
        let rest = first == extent - 1 ? 0 : inside - Float(first)
        return [(first, 1 - rest), (min(first + 1, extent - 1), rest)]
      }
    }
  }
}
