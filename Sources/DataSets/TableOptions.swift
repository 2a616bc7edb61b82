/// What the user says of the tables that describe samples.
package struct TableOptions: Sendable, Equatable {
  /// The table itself, where it is not to be looked for in the folder.
  package var path: String?
  /// The column that names the file of a row, and the one that has its class.
  package var imageColumn: String?
  package var labelColumn: String?
  /// The column whose equal values are images of one patient or lesion.
  package var groupColumn: String?
  /// Columns whose values divide samples into subgroups.
  package var subgroupColumns: [String] = []
  /// The columns that make up an input of the model, by its name.
  package var inputColumns: [String: [String]] = [:]

  package init() {}
}
