import IR
import Operators
import Tensors

/// Elements in another order: transpositions, blocks of positions as channels and back.
enum Permutations: TFLiteFamily {
  static let readers: [String: OperatorReader] = [
    "DEPTH_TO_SPACE": { node throws(Refusal) in
      try node.finish(DepthToSpace(block: try node.int(block)), [try node.images(0, "x")], .channelsFirst)
    },
    "SPACE_TO_DEPTH": { node throws(Refusal) in
      try node.finish(SpaceToDepth(block: try node.int(block)), [try node.images(0, "x")], .channelsFirst)
    },
    "TRANSPOSE": { node throws(Refusal) in
      let x = try node.symbol(try node.input(0, "x"))
      return try node.finish(Transpose(perm: try node.ints(input: 1, "permutation")), [x])
    },
  ]

  private static let block = 0
}
