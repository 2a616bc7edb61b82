/// The names columns of tables have in this field, in the order they are looked for.
///
/// Names count as the same whatever their case, and with spaces or dashes for underscores.
enum ColumnNames {
  /// What file a row is about: a path, a name, or a name without ending.
  static let image = [
    "file", "filename", "file_name", "image", "image_id", "image_name", "isic_id", "img_id", "image_file", "path",
    "filepath", "file_path", "image_path",
  ]

  /// The class of a row.
  static let label = [
    "label", "labels", "dx", "target", "target_label", "class", "class_name", "diagnosis", "diagnostic",
    "benign_malignant",
  ]

  /// Whose image it is: those of one patient, or of one lesion, are alike. The larger group comes first.
  static let group = ["patient_id", "lesion_id"]

  /// Columns of ones and zeros that are no classes.
  static let weights: Set = ["score_weight", "validation_weight"]

  /// The class that ISIC 2019 has a column for and no image of.
  static let unknownClass = "unk"

  static func normalized(_ name: String) -> String {
    String(name.lowercased().map { $0 == " " || $0 == "-" ? "_" : $0 })
  }
}
