import DataSets
import Tensors
import Testing

/// Tables as they are found beside images of skin.
@Suite struct TableTests {
  @Test func labelsFileIsReadAsEver() throws {
    let folder = try Folder("b.npy", "deep/a.npy", "c.npy")
    try folder.write("x,label,file\n1,nv,deep/a.npy\n2,mel,b.npy\n3,3,c.npy\n", "labels.csv")
    let data = try labelled(folder)
    #expect(data.samples.map(\.name) == ["deep/a.npy", "b.npy", "c.npy"])
    #expect(data.samples.map(\.path) == ["deep/a.npy", "b.npy", "c.npy"].map { folder / $0 })
    #expect(data.samples.map(\.label) == [1, 0, 3])
    #expect(data.classes == ["mel", "nv", "2", "3"])
    #expect(data.warnings == [])
  }

  @Test func metadataOfHAM10000() throws {
    let folder = try Folder("HAM10000_images_part_1/ISIC_1.npy", "HAM10000_images_part_2/ISIC_2.NPY")
    try folder.write(
      """
      lesion_id,image_id,dx,dx_type,age,sex,localization
      HAM_7,ISIC_2,bkl,histo,80.0,male,scalp
      HAM_7,ISIC_1,mel,histo,,female,back
      HAM_8,ISIC_3,mel,histo,30.0,female,back

      """, "HAM10000_metadata.csv")
    let data = try labelled(folder) { $0.subgroupColumns = ["sex", "age"] }
    #expect(
      data.named == ["HAM10000_images_part_1/ISIC_1.npy": "mel", "HAM10000_images_part_2/ISIC_2.NPY": "bkl"])
    #expect(data.classes == ["bkl", "mel"])
    #expect(data.groups?.column == "lesion_id" && Set(data.groups?.names ?? []).count == 1)
    #expect(data.subgroups.map(\.column) == ["sex", "age"])
    #expect(data.subgroups.map(\.values) == [["male", "female"], ["80.0", "unknown"]])
    #expect(data.missing?.count == 1 && data.missing?.first == ["ISIC_3"])
    #expect(
      data.warnings.count == 1 && data.warnings[0].hasSuffix("1 of 3 files it names is not in the folder: ISIC_3"))
  }

  @Test func oneHotOfISIC() throws {
    let folder = try Folder("a.npy", "b.npy", "c.npy")
    try folder.write(
      "image,MEL,NV,UNK,score_weight,validation_weight\r\na,1.0,0.0,0.0,1,1\r\nb,0.0,1.0,0.0,0,1\r\nc,1.0,0.0,0.0,1,0\r\n",
      "ISIC_2019_Training_GroundTruth.csv")
    let data = try labelled(folder)
    #expect(data.classes == ["MEL", "NV"] && data.samples.map(\.label) == [0, 1, 0])
    #expect(data.notes.contains { $0.hasSuffix("classes are in the order of its columns: MEL, NV") })
    // The model's order and case stand above the table's.
    let known = try labelled(folder, classes: ["nv", "mel"])
    #expect(known.classes == ["nv", "mel"] && known.samples.map(\.label) == [1, 0, 1])
    #expect(known.notes.contains("class MEL, NV of the data is taken as mel, nv of the model"))
    #expect(refusal(folder, classes: ["nv", "akiec", "bcc"])?.description.contains("akiec, bcc") == true)
  }

  @Test func rowsWithoutAMarkAreTheClassThatHasNoColumn() throws {
    let folder = try Folder("a.npy", "b.npy", "c.npy")
    let table = try folder.write(
      "image_id,melanoma,seborrheic_keratosis\na,1.0,0.0\nb,0.0,0.0\nc,0.0,1.0\n", "truth.csv")
    let data = try labelled(folder, classes: ["nevus", "seborrheic_keratosis", "melanoma"])
    #expect(data.samples.map(\.label) == [2, 0, 1])
    #expect(data.notes.contains("\(table): rows without a mark are nevus"))
    let unnamed = try #require(refusal(folder))
    #expect(unnamed.description.hasPrefix("\(table), line 3: has no label, expected one"))
    #expect(unnamed.description.contains("--task multilabel"))
    // Melanoma against the rest is not what such a row says.
    let other = try #require(refusal(folder, classes: ["other", "melanoma"]))
    #expect(other.description.contains("line 4: is marked seborrheic_keratosis, which is no class"))
    let melanoma = try labelled(folder) { $0.labelColumn = "melanoma" }
    #expect(melanoma.classes == ["0", "1"] && melanoma.samples.map(\.label) == [1, 0, 0])
  }

  @Test func targetOfISIC2020() throws {
    let folder = try Folder("ISIC_1.npy", "ISIC_2.npy")
    try folder.write(
      """
      image_name,patient_id,sex,age_approx,anatom_site_general_challenge,diagnosis,benign_malignant,target
      ISIC_1,IP_5,male,45,torso,unknown,benign,0
      ISIC_2,IP_6,,45,torso,melanoma,malignant,1

      """, "train.csv")
    let data = try labelled(folder, classes: ["benign", "malignant"]) { $0.subgroupColumns = ["sex"] }
    #expect(data.samples.map(\.label) == [0, 1] && data.groups?.column == "patient_id")
    #expect(data.subgroups[0].values == ["male", "unknown"])
    #expect(data.notes.contains { $0.contains("labels are column target, not diagnosis, benign_malignant") })
    let text = try labelled(folder) { $0.labelColumn = "benign_malignant" }
    #expect(text.classes == ["benign", "malignant"] && text.samples.map(\.label) == [0, 1])
    let lesions = try labelled(folder) { $0.groupColumn = "Diagnosis" }
    #expect(lesions.groups?.column == "diagnosis" && lesions.groups?.names == ["unknown", "melanoma"])
  }

  @Test func labelSets() throws {
    let folder = try Folder("a.npy", "b.npy", "c.npy")
    try folder.write("file,label\na,nv|mel\nb,\nc,mel ; 0\n", "labels.csv")
    let data = try labelled(folder, classes: ["bkl", "mel", "nv"], .labelSets)
    #expect(data.labelSets == [[1, 2], [], [0, 1]])
    let refused = try #require(refusal(folder, classes: ["bkl", "mel", "nv"]))
    #expect(
      refused.description.contains("labels.csv, line 2: has 2 labels") && refused.description.contains("multilabel"))
    try folder.write("file,x,y\na,1,1\nb,0,0\nc,0,1\n", "labels.csv")
    let marked = try labelled(folder, .labelSets)
    #expect(marked.classes == ["x", "y"] && marked.labelSets == [[0, 1], [], [1]])
    #expect(refusal(folder)?.description.contains("line 2: has 2 labels (x, y), expected one") == true)
  }

  @Test func classFoldersHaveOneLabelEach() throws {
    let folder = try Folder("MEL/a.npy", "nv/b.npy")
    let data = try labelled(folder, classes: ["nv", "mel"], .labelSets)
    #expect(data.samples.map(\.name) == ["MEL/a.npy", "nv/b.npy"])
    #expect(data.labelSets == [[1], [0]] && data.classes == ["nv", "mel"])
    #expect(data.notes == ["class MEL of the data is taken as mel of the model"])
    #expect(refusal(folder, classes: ["nv", "Mel", "mEL"])?.description.contains("MEL: is no class") == true)
    #expect(try labelled(folder).labelSets == nil)
  }

  @Test func tableBesideClassFoldersTellsTheRest() throws {
    let folder = try Folder("mel/a.npy", "nv/b.npy")
    try folder.write("image_id,dx,lesion_id\na,mel,L1\nb,nv,L1\n", "metadata.csv")
    let data = try labelled(folder, classes: ["nv", "mel"])
    #expect(data.samples.map(\.label) == [1, 0] && data.groups?.names == ["L1", "L1"])
    try folder.write("image_id,patient\na,P\nb,Q\n", "metadata.csv")
    let grouped = try labelled(folder) { $0.groupColumn = "patient" }
    #expect(grouped.classes == ["mel", "nv"] && grouped.groups?.names == ["P", "Q"])
    // Unless the table's classes are others, folders tell them: images it leaves out count.
    try folder.tensor([1, 1], "nv/c.npy")
    try folder.write("image_id,dx,lesion_id\na,nv,L1\n", "metadata.csv")
    #expect(try labelled(folder).named == ["mel/a.npy": "mel", "nv/b.npy": "nv", "nv/c.npy": "nv"])
    try folder.write("image_id,dx,lesion_id\na,bkl,L1\n", "metadata.csv")
    #expect(try labelled(folder).named == ["mel/a.npy": "bkl"])
    // A table of something else changes nothing.
    try folder.write("file,label\nx.png,1\n", "metadata.csv")
    #expect(try labelled(folder).samples.map(\.label) == [0, 1, 1])
  }

  @Test(arguments: [
    "file;label\na.npy;\"mel\"\nb.npy;nv\n", "file\tlabel\r\na.npy\tmel\r\nb.npy\tnv",
    "\u{FEFF}note,file,label\n\"two\nlines, \"\"quoted\"\"\",a.npy,mel\n5\" long,b,nv\n",
    "\n\nfile , label\n a.npy , mel \n\nb.npy,nv,more\n", "file,label\n \"a.npy\" , \"mel\"\nb.npy,\"nv\"\n",
  ])
  func csvAsProgramsWriteIt(text: String) throws {
    let folder = try Folder("a.npy", "b.npy")
    try folder.write(text, "labels.csv")
    let data = try labelled(folder)
    #expect(data.named == ["a.npy": "mel", "b.npy": "nv"])
  }

  @Test func linesAreCountedThroughQuotedOnes() throws {
    let folder = try Folder("a.npy")
    try folder.write("file,label,note\na,1,\"x\ny\nz\"\na,many,\n", "labels.csv")
    #expect(refusal(folder, classes: ["q"])?.description.contains("line 5: label many") == true)
    try folder.write("file,label\na,\"1\n", "labels.csv")
    #expect(refusal(folder)?.description.hasSuffix("labels.csv, line 2: a quotation mark is not closed") == true)
  }

  @Test func idsAreFoundWhereverTheyLie() throws {
    let folder = try Folder("one/ISIC_1.npy", "two/ISIC_1.npy", "two/deep/ISIC_2.NPY", "ISIC_3.1.npy")
    try folder.write("file,label\ntwo/ISIC_1,1\ndeep/ISIC_2.npy,0\nISIC_3.1,1\n", "labels.csv")
    let data = try labelled(folder)
    #expect(data.samples.map(\.name) == ["two/ISIC_1.npy", "two/deep/ISIC_2.NPY", "ISIC_3.1.npy"])
    #expect(data.notes.contains { $0.hasSuffix("does not name 1 of the 4 files that could be samples") })
    try folder.write("file,label\nISIC_1,1\n", "labels.csv")
    let refused = try #require(refusal(folder))
    #expect(refused.description.hasSuffix("line 2: ISIC_1 may be one/ISIC_1.npy or two/ISIC_1.npy"))
    try folder.write("file,label\nISIC_9,1\nISIC_8,1\n", "labels.csv")
    #expect(
      refusal(folder)?.description.hasSuffix("2 of 2 files it names are not in the folder: ISIC_9, ISIC_8") == true)
  }

  @Test func tablesOutsideTheFolder() throws {
    let (folder, tables) = (try Folder("a.npy"), try Folder())
    let path = try tables.write("Image Name,Grade\na,low\n", "truth.csv")
    let data = try labelled(folder) {
      $0.path = path
      $0.labelColumn = "grade"
    }
    #expect(data.named == ["a.npy": "low"] && data.table == path)
    let refused = try #require(refusal(folder) { $0.path = path })
    #expect(refused.description.contains("it has Image Name, Grade: say which with --label-column"))
    let wrong = try #require(
      refusal(folder) {
        $0.path = path
        $0.labelColumn = "dx"
      })
    #expect(wrong.kind == .usage && wrong.description == "--label-column dx: \(path) has the columns Image Name, Grade")
  }

  @Test func severalTablesAreNotChosenFrom() throws {
    let folder = try Folder("a.npy")
    try folder.write("image,label\na,1\n", "one.csv")
    try folder.write("image,dx\na,1\n", "two.csv")
    #expect(refusal(folder)?.description.contains("several tables of classes (one.csv, two.csv)") == true)
    try folder.write("file,label\na,0\n", "labels.csv")
    #expect(try labelled(folder).table == folder / "labels.csv")
  }

  @Test func headersThatTellNothing() throws {
    let folder = try Folder("a.npy")
    try folder.write("who,what\na,1\n", "data.csv")
    let refused = try #require(refusal(folder))
    #expect(refused.description.contains("it has who, what: say which with --image-column and --label-column"))
    #expect(
      try labelled(folder) { options in
        options.imageColumn = "who"
        options.labelColumn = "what"
      }.named == ["a.npy": "1"])
  }
}

/// Columns that divide samples.
@Suite struct SubgroupTests {
  @Test func manyNumbersAreDividedIntoTens() throws {
    let folder = try Folder()
    var text = "file,label,age,size\n"
    for age in 0..<14 {
      try folder.tensor([0, 1], "\(age).npy")
      text += "\(age).npy,0,\(age == 13 ? "" : "\(age * 5).0"),\(age % 2)\n"
    }
    try folder.write(text, "labels.csv")
    let data = try labelled(folder) { $0.subgroupColumns = ["age", "size"] }
    #expect(
      data.subgroups[0].values
        == [
          "0-9", "0-9", "10-19", "10-19", "20-29", "20-29", "30-39", "30-39", "40-49", "40-49", "50-59", "50-59",
          "60-69",
          "unknown",
        ])
    #expect(Set(data.subgroups[1].values) == ["0", "1"])
    let refused = try #require(refusal(folder) { $0.subgroupColumns = ["sex"] })
    #expect(refused.kind == .usage && refused.description.hasSuffix("has the columns file, label, age, size"))
  }

  /// A column in which every sample has a value of its own divides nothing.
  @Test func tooManyValues() throws {
    let folder = try Folder()
    var text = "file,label,name\n"
    for index in 0..<257 {
      try folder.tensor([0, 1], "\(index).npy")
      text += "\(index).npy,0,n\(index)\n"
    }
    try folder.write(text, "labels.csv")
    let refused = try #require(refusal(folder) { $0.subgroupColumns = ["name"] })
    #expect(refused.kind == .usage)
    #expect(
      refused.description == "column name has 257 values, subgroups have at most 256: leave it out of --subgroups")
  }

  /// Whose images calibration samples are, a table of the evaluation data may tell.
  @Test func groupsByAnotherTable() throws {
    let folder = try Folder("a.npy", "deep/b.npy", "c.npy")
    let other = try Folder()
    let table = try other.write("image_id,patient_id\nb,P2\na,P1\nz,P9\n", "evaluation.csv")
    let data = try SampleFolder.samples(at: folder.path, inputs: ModelInputs(TensorType(.float32, [1, 2])))
    let groups = try #require(data.groups(of: "patient_id", in: table))
    #expect(groups.column == "patient_id" && groups.names == ["P1", "", "P2"])
    #expect(data.groups(of: "lesion", in: table) == nil)
    #expect(data.groups(of: "patient_id", in: other / "none.csv") == nil)
    let broken = try other.write("image_id,patient_id\n\"a,P1\n", "open.csv")
    #expect(data.groups(of: "patient_id", in: broken) == nil)
  }
}
