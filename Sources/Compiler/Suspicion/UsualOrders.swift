/// Orders of classes that are common for public data sets, where it is not the alphabetical one.
enum UsualOrders {
  private static let all = [
    // Notebooks on HAM10000
    ["akiec", "bcc", "bkl", "df", "nv", "vasc", "mel"],
    // The ground truth of ISIC 2018, and of 2019
    ["mel", "nv", "bcc", "akiec", "bkl", "df", "vasc"],
    ["mel", "nv", "bcc", "ak", "bkl", "df", "vasc", "scc"],
  ]

  /// The orders of exactly these classes, as positions among them.
  static func of(_ classes: [String]) -> [[Int]] {
    let names = classes.map { $0.lowercased() }
    return all.filter { Set($0) == Set(names) && $0.count == names.count }
      .map { order in order.compactMap(names.firstIndex) }
  }
}
