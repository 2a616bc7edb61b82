package import Tensors

/// The inputs of a model, and the one that images and tensors without a name are written to.
package struct ModelInputs: Sendable {
  package struct Input: Sendable, Hashable {
    package let name: String
    package let type: TensorType

    package init(name: String, type: TensorType) {
      self.name = name
      self.type = type
    }
  }

  package let all: [Input]
  /// The input asked for, the only one, or the only one a batch of images fits; nil where none or several do.
  package let main: Int?

  /// - Parameter main: the name of the input for images, nil to tell it by its shape
  package init(_ all: [Input], main name: String? = nil) throws(Refusal) {
    self.all = all
    if let name {
      guard let index = all.firstIndex(where: { $0.name == name }) else {
        throw Refusal.usage("no input is named \(DataTable.shown(name)); there are \(ModelInputs.list(all))")
      }
      main = index
    } else {
      let images = all.indices.filter { all[$0].type.rank == 4 && all[$0].type.element == .float32 }
      main = all.count == 1 ? 0 : images.count == 1 ? images[0] : nil
    }
  }

  /// The only input of a model.
  package init(_ type: TensorType) {
    all = [Input(name: "input", type: type)]
    main = 0
  }

  /// The type of the main input.
  package var mainType: TensorType? { main.map { all[$0].type } }

  /// Names and types, as messages show them.
  package var description: String { ModelInputs.list(all) }

  private static func list(_ inputs: [Input]) -> String {
    inputs.map { "\(DataTable.shown($0.name)) \($0.type)" }.joined(separator: ", ")
  }
}
