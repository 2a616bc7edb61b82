import CKernels
import HeapMemory
import Math
import Operators
import Synchronization
import Tensors
import Threads

/// What one thread has seen of a layer's inputs since it last added to the moments: rows of what the weights of a row
/// meet, as a convolution by matrix product lays them out, [rows][taps][channels]; and, where that is wanted, of how
/// far these are from the inputs in the float network.
final class InputRows {
  /// So many are multiplied at once: of short rows, of which layers have many groups, fewer. Sums of up to 1024
  /// products of int8 are exact in float32.
  static func capacity(_ shape: ConvolutionShape) -> Int {
    length(shape) / Int(shape.groups) <= 32 ? 64 : 256
  }

  private let capacity: Int
  private let shape: ConvolutionShape
  private let quantization: Quantization
  private let zeroPoint: Int8
  private let moments: SharedMoments
  private let differences: SharedDifferences?
  private let memory: Arena
  private let differenceMemory: Arena
  private var filled = 0

  /// - Parameter shape: of one image's convolution
  init(
    _ shape: ConvolutionShape, _ quantization: Quantization, moments: SharedMoments,
    differences: SharedDifferences? = nil
  ) {
    self.shape = shape
    self.quantization = quantization
    zeroPoint = Int8(truncatingIfNeeded: quantization.zeroPoint)
    self.moments = moments
    self.differences = differences
    capacity = InputRows.capacity(shape)
    memory = Arena(count: capacity * InputRows.length(shape))
    differenceMemory = Arena(count: differences == nil ? 0 : memory.count)
  }

  static func length(_ shape: ConvolutionShape) -> Int { taps(shape) * Int(shape.in_c) }
  private static func taps(_ shape: ConvolutionShape) -> Int { Int(shape.kernel_h) * Int(shape.kernel_w) }

  /// Positions of the output that are looked at in each sample.
  ///
  /// Neighbours tell little more than one of them. What is to be known of a row grows with its length, so of all
  /// samples together 64 times as many positions are taken, but at most 256 of each.
  static func positions(_ shape: ConvolutionShape, images: Int, samples: Int) -> Int {
    let wanted = max(1024, 64 * length(shape) / Int(shape.groups)) / max(1, samples)
    return max(
      1,
      min(
        images * Int(shape.out_h) * Int(shape.out_w), max(8, min(256, wanted)), InputMoments.mostRows / max(1, samples))
    )
  }

  /// Takes the rows of some positions of one sample; every sample has others.
  ///
  /// - Parameter float: the same input in the float network, where differences are wanted
  func add(
    _ x: UnsafePointer<Int8>, float: UnsafePointer<Float>? = nil, images: Int, positions: Int, sample: Int,
    scratch: MomentScratch
  ) {
    precondition((float == nil) == (differences == nil), "differences are wanted of inputs that are not given")
    let perImage = Int(shape.out_h) * Int(shape.out_w)
    let all = images * perImage
    let stride = Spread.stride(all)
    for index in 0..<positions {
      let position = ((sample % all * positions + index) % all) * stride % all
      let (image, pixel) = position.quotientAndRemainder(dividingBy: perImage)
      write(x + image * shape.inputCount, pixel: pixel)
      if let float { write(x, float, from: image * shape.inputCount, pixel: pixel) }
      filled += 1
      if filled == capacity { flush(scratch) }
    }
  }

  private func write(_ image: UnsafePointer<Int8>, pixel: Int) {
    let channels = Int(shape.in_c)
    memory.withMemory { memory in
      var to = memory.assumingMemoryBound(to: Int8.self) + filled * InputRows.length(shape)
      forEachTap(pixel) { place in
        if let place {
          to.update(from: image + place, count: channels)
        } else {
          to.update(repeating: zeroPoint, count: channels)
        }
        to += channels
      }
    }
  }

  private func write(
    _ integers: UnsafePointer<Int8>, _ floats: UnsafePointer<Float>, from start: Int, pixel: Int
  ) {
    let channels = Int(shape.in_c)
    let (scale, zero) = (quantization.scale, Float(quantization.zeroPoint))
    let unit = InputDifferences.perStep / scale
    differenceMemory.withMemory { memory in
      var to = memory.assumingMemoryBound(to: Int8.self) + filled * InputRows.length(shape)
      forEachTap(pixel) { place in
        if let place {
          let (integers, floats) = (integers + start + place, floats + start + place)
          for channel in 0..<channels {
            let difference = floats[channel] - (Float(integers[channel]) - zero) * scale
            to[channel] = .nearestLevel(difference * unit, scale: 1)
          }
        } else {
          to.update(repeating: 0, count: channels)
        }
        to += channels
      }
    }
  }

  /// Where the first channel lies that each tap meets at a position; nil in the padding.
  private func forEachTap(_ pixel: Int, _ body: (Int?) -> Void) {
    let (row, column) = pixel.quotientAndRemainder(dividingBy: Int(shape.out_w))
    for ky in 0..<Int(shape.kernel_h) {
      let y = row * Int(shape.stride_h) - Int(shape.pad_top) + ky * Int(shape.dilation_h)
      for kx in 0..<Int(shape.kernel_w) {
        let x = column * Int(shape.stride_w) - Int(shape.pad_left) + kx * Int(shape.dilation_w)
        let isInside = y >= 0 && y < Int(shape.in_h) && x >= 0 && x < Int(shape.in_w)
        body(isInside ? (y * Int(shape.in_w) + x) * Int(shape.in_c) : nil)
      }
    }
  }

  /// Adds what was taken to the moments, and begins anew.
  func flush(_ scratch: MomentScratch) {
    if filled == 0 { return }
    scratch.withTurned { turned, turnedDifferences in
      turn(memory, to: turned)
      if differences != nil { turn(differenceMemory, to: turnedDifferences) }
      multiply(
        UnsafePointer(turned.assumingMemoryBound(to: Int8.self)),
        UnsafePointer(turnedDifferences.assumingMemoryBound(to: Int8.self)), scratch)
    }
    moments.moments.withLock { $0.add(rows: filled) }
    differences?.differences.withLock { $0.add(rows: filled) }
    filled = 0
  }

  private func turn(_ memory: Arena, to turned: UnsafeMutableRawPointer) {
    let (rows, length) = (capacity, InputRows.length(shape))
    memory.withMemory { memory in
      // Rows of zeros add nothing.
      (memory + filled * length).initializeMemory(as: UInt8.self, repeating: 0, count: (rows - filled) * length)
      Kernels.float.transpose8(
        rows, length, memory.assumingMemoryBound(to: UInt8.self), turned.assumingMemoryBound(to: UInt8.self))
    }
  }

  /// Adds sums and products of columns, each of which lies in a row: [taps][channels][rows].
  private func multiply(
    _ turned: UnsafePointer<Int8>, _ turnedDifferences: UnsafePointer<Int8>, _ scratch: MomentScratch
  ) {
    let rows = capacity
    let length = InputRows.taps(shape) * Int(shape.in_c) / Int(shape.groups)
    let stripes = moments.moments.withLock { $0.stripes }
    scratch.withColumns { columns, differenceColumns, sums, products in
      for group in 0..<Int(shape.groups) {
        take(turned, group, to: columns, sums)
        moments.moments.withLock { moments in
          for column in 0..<length { moments.add(sum: sums[column], at: column, group: group) }
        }
        for stripe in stripes {
          multiply(
            columns + stripe.first * rows, stripe.height, columns + stripe.columns.lowerBound * rows,
            stripe.columns.count, diagonal: stripe.columns.lowerBound - stripe.first, to: products, scratch)
          moments.moments.withLock { $0.add(products, to: stripe, group: group) }
        }
        guard let differences else { continue }
        take(turnedDifferences, group, to: differenceColumns, sums)
        differences.differences.withLock { differences in
          for column in 0..<length { differences.add(sum: sums[column], at: column, group: group) }
        }
        for part in differences.parts {
          multiply(
            differenceColumns + part.block.lowerBound * rows, part.block.count,
            columns + part.columns.lowerBound * rows, part.columns.count, diagonal: part.block.count, to: products,
            scratch)
          differences.differences.withLock { $0.add(products, to: part, group: group) }
        }
      }
    }
  }

  /// The columns of a group in the order of weights, channels, then taps; and their sums.
  private func take(
    _ turned: UnsafePointer<Int8>, _ group: Int, to columns: UnsafeMutablePointer<Int8>,
    _ sums: UnsafeMutablePointer<Int32>
  ) {
    let (rows, taps, channels) = (capacity, InputRows.taps(shape), Int(shape.in_c))
    let perGroup = channels / Int(shape.groups)
    for column in 0..<taps * perGroup {
      let (channel, tap) = column.quotientAndRemainder(dividingBy: taps)
      let from = turned + (tap * channels + group * perGroup + channel) * rows
      (columns + column * rows).update(from: from, count: rows)
      sums[column] = InputRows.sum(from, rows)
    }
  }

  /// The products of some columns with others: [height][width].
  ///
  /// - Parameter diagonal: of column i only those with the other columns from i - diagonal on are wanted
  private func multiply(
    _ columns: UnsafePointer<Int8>, _ height: Int, _ others: UnsafePointer<Int8>, _ width: Int, diagonal: Int,
    to products: UnsafeMutablePointer<Float>, _ scratch: MomentScratch
  ) {
    let rows = capacity
    if width * height <= InputRows.fewProducts {
      products.update(repeating: 0, count: width * height)
      for i in 0..<height {
        for j in max(0, i - diagonal)..<width {
          products[i * width + j] = Float(InputRows.product(columns + i * rows, others + j * rows, rows))
        }
      }
      return
    }
    let product = scratch.withOnes { ones in
      Int8Convolution(
        ConvolutionShape(rows: height, inner: rows, columns: width), weights: others, bias: nil, multiplier: ones,
        inputZeroPoint: 0, isWide: true)
    }
    scratch.run(product, columns, to: products)
  }

  // Rows of a number the compiler knows, which it makes vectors of; capacities are multiples of it.
  private static let run = 64

  private static func sum(_ a: UnsafePointer<Int8>, _ rows: Int) -> Int32 {
    var sum: Int32 = 0
    for start in stride(from: 0, to: rows, by: run) {
      for row in 0..<run { sum &+= Int32(a[start + row]) }
    }
    return sum
  }

  private static func product(_ a: UnsafePointer<Int8>, _ b: UnsafePointer<Int8>, _ rows: Int) -> Int32 {
    var sum: Int32 = 0
    for start in stride(from: 0, to: rows, by: run) {
      for row in 0..<run { sum &+= Int32(a[start + row]) * Int32(b[start + row]) }
    }
    return sum
  }

  /// Up to here they cost less one by one than packing does.
  private static let fewProducts = 32 * 32
}

/// Memory one thread needs to multiply rows of inputs.
final class MomentScratch {
  private let turned: Arena
  private let turnedDifferences: Arena
  private let columns: Arena
  private let differenceColumns: Arena
  private let sums: Arena
  private let products: Arena
  private let ones: Arena
  private var running = Arena(count: 0)
  private let workers = Workers(threads: 1)

  /// - Parameters:
  ///   - shapes: the layers' convolutions
  ///   - products: the most numbers of a stripe
  ///   - isForDifferences: whether differences are taken too
  init(_ shapes: [ConvolutionShape], products: Int, isForDifferences: Bool = false) {
    let longest = shapes.map { InputRows.length($0) / Int($0.groups) }.max() ?? 0
    turned = Arena(count: shapes.map { InputRows.length($0) * InputRows.capacity($0) }.max() ?? 0)
    turnedDifferences = Arena(count: isForDifferences ? turned.count : 0)
    columns = Arena(
      count: shapes.map { InputRows.length($0) / Int($0.groups) * InputRows.capacity($0) }.max() ?? 0)
    differenceColumns = Arena(count: isForDifferences ? columns.count : 0)
    sums = Arena(count: longest * MemoryLayout<Int32>.size)
    self.products = Arena(count: products * MemoryLayout<Float>.size)
    ones = Arena(count: longest * MemoryLayout<Float>.size)
    ones.withMemory { $0.assumingMemoryBound(to: Float.self).update(repeating: 1, count: longest) }
  }

  func withTurned(
    _ body: (_ inputs: UnsafeMutableRawPointer, _ differences: UnsafeMutableRawPointer) -> Void
  ) {
    turned.withMemory { turned in turnedDifferences.withMemory { body(turned, $0) } }
  }

  func withColumns(
    _ body: (
      _ inputs: UnsafeMutablePointer<Int8>, _ differences: UnsafeMutablePointer<Int8>,
      _ sums: UnsafeMutablePointer<Int32>, _ products: UnsafeMutablePointer<Float>
    ) -> Void
  ) {
    columns.withMemory { columns in
      differenceColumns.withMemory { differences in
        sums.withMemory { sums in
          products.withMemory { products in
            body(
              columns.assumingMemoryBound(to: Int8.self), differences.assumingMemoryBound(to: Int8.self),
              sums.assumingMemoryBound(to: Int32.self), products.assumingMemoryBound(to: Float.self))
          }
        }
      }
    }
  }

  func withOnes<Result>(_ body: (UnsafePointer<Float>) -> Result) -> Result {
    ones.withMemory { body(UnsafePointer($0.assumingMemoryBound(to: Float.self))) }
  }

  func run(_ product: Int8Convolution, _ columns: UnsafePointer<Int8>, to products: UnsafeMutablePointer<Float>) {
    if running.count < product.scratch { running = Arena(count: product.scratch) }
    running.withMemory { running in
      product.run(
        columns, toFloat: products, inputZeroPoint: 0, workers: workers, scratch: running, stride: 0)
    }
  }
}

/// An order of numbers below a count in which any that follow each other are spread over all.
enum Spread {
  /// A stride that meets every number once: near the golden section of the count, and with no common divisor.
  static func stride(_ count: Int) -> Int {
    var stride = max(1, Int(Double(count) * 0.618_033_988_749_895))
    while greatestCommonDivisor(stride, count) != 1 { stride += 1 }
    return stride
  }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestCommonDivisor(b, a % b) }
}
