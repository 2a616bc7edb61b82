import ArgumentParser
import Compiler

/// The names of classes: commands that store or show them take this.
struct LabelOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Class names in the model's order: a file with one a line, or names with commas between them.",
      valueName: "file|a,b,c"))
  var labels: String?
}

/// What is known of samples besides their pixels: commands that read data take this.
struct DataOptions: ParsableArguments {
  @OptionGroup var labels: LabelOption

  @Option(help: ArgumentHelp("A CSV file that gives files their classes and other columns.", valueName: "file.csv"))
  var table: String?

  @Option(help: ArgumentHelp("The column that names files, where its name does not tell.", valueName: "column"))
  var imageColumn: String?

  @Option(help: ArgumentHelp("The column of classes, where its name does not tell.", valueName: "column"))
  var labelColumn: String?

  @Option(
    help: ArgumentHelp(
      "The column that tells whose images they are; patient_id or lesion_id unless given.", valueName: "column"))
  var group: String?

  @Option(help: ArgumentHelp("Columns to measure subgroups by, as sex,age,skin_type.", valueName: "columns"))
  var subgroups: String?

  @Option(
    help: ArgumentHelp(
      "Columns that make up an input besides the image, as metadata=age,sex,site.", valueName: "input=columns"))
  var columns: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("An input besides the image, the same for all, as metadata=0.5,1,0.", valueName: "input=numbers")
  )
  var input: [String] = []

  @Option(help: ArgumentHelp("The input images are, where a model has several that could be.", valueName: "name"))
  var imageInput: String?

  var texts: DataSetTexts {
    var texts = DataSetTexts()
    texts.table = table
    texts.imageColumn = imageColumn
    texts.labelColumn = labelColumn
    texts.group = group
    texts.subgroups = subgroups
    texts.columns = columns
    texts.inputs = input
    texts.imageInput = imageInput
    return texts
  }
}
