import IR
import Operators
import Tensors

/// Col2Im and DeformConv: convolutions taken apart into the numbers each window sees.
enum Columns: ONNXFamily {
  static let limits = "Col2Im of shapes that are constants; DeformConv over images"
  static let readers: [String: NodeReader] = ["Col2Im": columnsToImage, "DeformConv": deformable]

  /// Adds the blocks [N, C * block, positions] where they belong in images [N, C, ...]: over [H, W] a transposed
  /// convolution of windows that hold a single one each, else a product with the matrix of what belongs where.
  private static func columnsToImage(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    guard let image = try node.ints(input: 1, "image_shape"), let block = try node.ints(input: 2, "block_shape") else {
      throw Refusal("image_shape or block_shape is missing")
    }
    let rank = image.count
    let strides = try node.ints("strides") ?? [Int](repeating: 1, count: rank)
    let dilations = try node.ints("dilations") ?? [Int](repeating: 1, count: rank)
    let pads = try node.ints("pads") ?? [Int](repeating: 0, count: 2 * rank)
    let range = 1...(1 << 15)
    guard rank >= 1, rank <= Limits.rank - 2, block.count == rank, strides.count == rank, dilations.count == rank,
      pads.count == 2 * rank, (image + block + strides + dilations).allSatisfy(range.contains),
      pads.allSatisfy((0...(1 << 15)).contains), Limits.count(image) != nil, let taps = Limits.count(block)
    else {
      throw Refusal("blocks \(block) with strides \(strides), dilations \(dilations), pads \(pads) do not fit \(image)")
    }
    var positions: [Int] = []
    for axis in 0..<rank {
      let reach = image[axis] + pads[axis] + pads[axis + rank] - (block[axis] - 1) * dilations[axis] - 1
      positions.append(reach < 0 ? 0 : reach / strides[axis] + 1)
    }
    guard x.shape.count == 3, x.shape[1] % taps == 0, x.shape[2] == Limits.count(positions), x.type.count > 0 else {
      throw Refusal("x has shape \(x.shape), blocks \(block) of an image \(image) are at \(positions) positions")
    }
    let channels = x.shape[1] / taps
    let shape = [x.shape[0], channels] + image
    guard rank == 2 else {
      let matrix = try placement(image, block, positions, strides, dilations, pads, node)
      let rows = try node.step("rows", reshaping: x, to: [x.shape[0], channels, taps * x.shape[2]])
      return try node.add(Reshape(shape: shape), [try node.step("placed", product: rows, matrix)])
    }
    try node.reserve(.float32, [channels * taps, taps])
    let ones = (0..<channels * taps * taps).map { Float($0 / taps % taps == $0 % taps ? 1 : 0) }
    let windows = node.constant("windows", Tensor(ones, shape: [channels * taps, 1] + block))
    let padding = (0..<2).map { axis in
      let reach = (positions[axis] - 1) * strides[axis] + (block[axis] - 1) * dilations[axis] + 1
      return image[axis] + pads[axis] + pads[axis + 2] - reach
    }
    let op = ConvTranspose(
      window: Window(kernel: block, strides: strides, dilations: dilations, pads: pads), outputPadding: padding,
      group: channels)
    return try node.add(
      op, [try node.step("blocks", reshaping: x, to: [x.shape[0], x.shape[1]] + positions), windows])
  }

  /// The matrix [block * positions, image]: a one where an element of a block belongs.
  private static func placement(
    _ image: [Int], _ block: [Int], _ positions: [Int], _ strides: [Int], _ dilations: [Int], _ pads: [Int],
    _ node: NodeImport
  ) throws(Refusal) -> Symbol {
    let width = image.reduce(1, *)
    let all = block + positions
    let shape = [all.reduce(1, *), width]
    try node.reserve(.float32, shape)
    var matrix = [Float](repeating: 0, count: shape[0] * width)
    let steps = Layout.rowMajor.strides(of: all)
    for row in 0..<shape[0] {
      let index = zip(all, steps).map { row / $1 % $0 }
      var place: Int? = 0
      for axis in image.indices {
        let coordinate = index[axis + image.count] * strides[axis] - pads[axis] + index[axis] * dilations[axis]
        place = (0..<image[axis]).contains(coordinate) ? place.map { $0 * image[axis] + coordinate } : nil
      }
      if let place { matrix[row * width + place] = 1 }
    }
    return node.constant("placement", Tensor(matrix, shape: shape))
  }

  /// A convolution whose windows see pixels beside their own: `offset` says how far down and across, for each element
  /// of a window, `mask` how much each counts (Zhu et al. 2019). What a window sees is sampled first, then convolved.
  private static func deformable(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let w = try node.input(1, "weights")
    let offset = try node.input(2, "offset")
    guard x.shape.count == 4, w.shape.count == 4, offset.shape.count == 4, x.type.count > 0 else {
      throw Refusal("x has shape \(x.shape), weights \(w.shape), offset \(offset.shape): expected images")
    }
    let window = try node.window(x, kernel: Array(w.shape.dropFirst(2)))
    let groups = try node.int("offset_group", default: 1)
    let group = try node.int("group", default: 1)
    let size = try window.outputSize(Array(x.shape[2...]), ceiling: false)
    let taps = window.kernel[0] * window.kernel[1]
    let (n, channels) = (x.shape[0], x.shape[1])
    guard groups >= 1, (1...channels).contains(group), channels % groups == 0, w.shape[1] * group == channels,
      offset.shape == [n, groups * taps * 2] + size, Array(w.shape[2...]) == window.kernel
    else {
      throw Refusal("offset with shape \(offset.shape) does not fit x \(x.shape) and weights \(w.shape)")
    }
    let mask = node.optional(4)
    guard mask.map({ $0.shape == [n, groups * taps] + size }) ?? true else {
      throw Refusal("mask has shape \(mask?.shape ?? []), expected \([n, groups * taps] + size)")
    }
    // Of images whose sides are powers of two float32 holds the places of pixels exactly; beyond the edges are zeros.
    let sides = x.shape[2...].map { extent in (0...).lazy.map { 1 << $0 }.first { $0 >= extent } ?? extent }
    let padding = [0, 0, 0, 0, 0, 0, sides[0] - x.shape[2], sides[1] - x.shape[3]]
    let padded = padding.allSatisfy { $0 == 0 } ? x : try node.add(step: "padded", Pad(pads: padding), [x])
    let base = try sampledPlaces(window, size, sides, node)
    let scale = node.constant("scale", Tensor([2 / Float(sides[1]), 2 / Float(sides[0])]))
    let turn = node.constant("turn", Tensor([Int64(1), 0]))
    let offsets = try node.step("offsets", reshaping: offset, to: [n, groups, taps, 2] + size)
    let masks = try mask.map { (mask) throws(Refusal) in
      try node.step("masks", reshaping: mask, to: [n, groups, 1, taps] + size)
    }
    var seen: [Symbol] = []
    for index in 0..<groups {
      let at = node.constant("at_\(index)", Tensor(scalar: Int64(index)))
      let own = try node.add(step: "offset_\(index)", Gather(axis: 1), [offsets, at])
      let last = try node.step("last_\(index)", transposing: own, by: [0, 1, 3, 4, 2])
      // Of (down, across) a grid takes (across, down).
      let turned = try node.add(step: "turned_\(index)", Gather(axis: -1), [last, turn])
      let places = try node.step("places_\(index)", .add, try node.step("scaled_\(index)", .mul, turned, scale), base)
      let grid = try node.step("grid_\(index)", reshaping: places, to: [n, taps * size[0], size[1], 2])
      let width = channels / groups
      let part = Slice(starts: [index * width], ends: [(index + 1) * width], axes: [1])
      let images = groups == 1 ? padded : try node.add(step: "images_\(index)", part, [padded])
      let sampled = try node.add(step: "sampled_\(index)", GridSample(), [images, grid])
      var windows = try node.step("windows_\(index)", reshaping: sampled, to: [n, width, taps] + size)
      if let masks {
        let own = try node.add(step: "mask_\(index)", Gather(axis: 1), [masks, at])
        windows = try node.step("masked_\(index)", .mul, windows, own)
      }
      seen.append(try node.step("seen_\(index)", reshaping: windows, to: [n, width * taps] + size))
    }
    let all = try node.joined(seen, axis: 1, isNew: false, step: "seen")
    let kernels = try node.step("kernels", reshaping: w, to: [w.shape[0], w.shape[1] * taps, 1, 1])
    return try node.add(Conv(window: Window(kernel: [1, 1]), group: group), [all, kernels, node.optional(3)])
  }

  /// Where the elements of undeformed windows are, as a grid names places: [taps, oH, oW, 2].
  private static func sampledPlaces(
    _ window: Window, _ size: [Int], _ image: [Int], _ node: NodeImport
  ) throws(Refusal) -> Symbol {
    let shape = window.kernel + size + [2]
    try node.reserve(.float32, shape)
    func number(_ axis: Int, _ tap: Int, _ position: Int) -> Float {
      let place = position * window.strides[axis] - window.pads[axis] + tap * window.dilations[axis]
      return Float(2 * place + 1) / Float(image[axis]) - 1
    }
    var numbers: [Float] = []
    for down in 0..<window.kernel[0] {
      for across in 0..<window.kernel[1] {
        for row in 0..<size[0] {
          for column in 0..<size[1] { numbers += [number(1, across, column), number(0, down, row)] }
        }
      }
    }
    return node.constant("base", Tensor(numbers, shape: [window.kernel[0] * window.kernel[1]] + size + [2]))
  }
}
