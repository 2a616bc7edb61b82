import CanonicalJSON
import Tensors
import Testing

/// Data as they are published, and what of them was not used.
@Suite struct DataTableTests {
  /// Three images with two classes of the small model, each with an id in a nested folder.
  private func prepared() throws -> (folder: Folder, model: String, data: String) {
    let folder = try Folder()
    let data = folder.makeFolder("data")
    _ = folder.makeFolder("data/part_1")
    for (index, name) in ["001", "002", "003"].enumerated() {
      try folder.copy(Fixture.evaluation + "/nv/\(name).jpg", as: "data/part_1/ISIC_\(index).jpg")
    }
    return (folder, try folder.copy(Fixture.bad("small")), data)
  }

  @Test func publishedTablesAreEvaluatedOn() throws {
    let (folder, model, data) = try prepared()
    try folder.write("image,B,C,A\nISIC_0,1.0,0.0,0.0\nISIC_1,0.0,0.0,1.0\nISIC_2,1.0,0.0,0.0\n", to: "data/truth.csv")
    let options = ["--scale", "1/255", "--labels", "a,b,c", "--json"]
    let outcome = try Program.run(["eval", model, data] + options)
    #expect(outcome.status == 0, "\(outcome.error)")
    let perClass = try outcome.json()["per_class"].elements()
    #expect(try perClass.map { try $0["name"].string() } == ["a", "b", "c"])
    #expect(try perClass.map { try $0["support"].int() } == [1, 2, 0])

    // The same by another table, from elsewhere.
    try folder.write("who;grade\nISIC_0;b\nISIC_1;a\nISIC_2;b\n", to: "other.csv")
    let table = ["--table", folder / "other.csv", "--image-column", "who", "--label-column", "grade"]
    #expect(try Program.run(["eval", model, data] + table + options).output == outcome.output)
    let refused = try Program.run(["eval", model, data] + options + ["--subgroups", "sex"])
    #expect(refused.status == 2 && refused.error.contains("has the columns image, B, C, A"), "\(refused.error)")
  }

  @Test func filesThatAreNamedTwiceAreToldOf() throws {
    let (folder, model, data) = try prepared()
    try folder.write("image_id,dx\nISIC_0,0\nISIC_1,1\nISIC_0,0\n", to: "data/table.csv")
    let outcome = try Program.run("eval", model, data, "--scale", "1/255")
    #expect(outcome.status == 0 && outcome.error.contains("1 of its rows name a file again"), "\(outcome.error)")
    #expect(try Program.run("eval", model, data, "--scale", "1/255", "--strict").status == 3)
  }

  @Test func whatIsNotUsedIsToldAndRefusedUnderStrict() throws {
    let (folder, model, data) = try prepared()
    try folder.write("image_id,dx\nISIC_0,0\nISIC_1,1\nISIC_7,2\n", to: "data/HAM10000_metadata.csv")
    try folder.write("x", to: "data/part_1/ISIC_7.heic")
    let outcome = try Program.run("eval", model, data, "--scale", "1/255")
    #expect(outcome.status == 0)
    for line in [
      "1 of 3 files it names is not in the folder: ISIC_7",
      "\(data): 1 file is not read: 1 .heic (convert them to JPEG or PNG)",
    ] {
      #expect(outcome.error.contains(line), "\(outcome.error)")
    }
    let strict = try Program.run("eval", model, data, "--scale", "1/255", "--strict")
    #expect(strict.status == 3 && strict.isOneLine(with: ["ISIC_7", "--strict"]), "\(strict.error)")
    let run = try Program.run("run", model, data, "--scale", "1/255", "--strict")
    #expect(run.status == 3 && run.isOneLine(with: ["1 .heic", "--strict"]), "\(run.error)")
  }

  @Test func copiesAndOtherImagesOfCalibrationLesionsAreWarnedOf() throws {
    let (folder, model, data) = try prepared()
    _ = folder.makeFolder("calib")
    try folder.copy(Fixture.evaluation + "/nv/001.jpg", as: "calib/renamed.jpg")
    try folder.copy(Fixture.evaluation + "/nv/004.jpg", as: "calib/ISIC_9.jpg")
    try folder.write(
      "image_id,dx,lesion_id\nISIC_0,0,L0\nISIC_1,1,L1\nISIC_2,2,L2\nISIC_9,1,L1\n", to: "data/metadata.csv")
    let outcome = try Program.run(
      "compile", model, "--int8", "--calib", folder / "calib", "--eval", data, "--scale", "1/255")
    #expect(outcome.status == 0)
    #expect(
      outcome.output.contains(
        "1 of 3 evaluation samples were calibrated on too, as copies under other names; 1 more have the lesion_id of "
          + "calibration samples: use a folder of others"), "\(outcome.output)")
  }

  @Test func modelsWithSeveralInputsGoThroughEverything() throws {
    let (folder, _, data) = try prepared()
    let model = folder / "metadata.onnx"
    try Models.withMetadata(to: model)
    let image = data + "/part_1/ISIC_0.jpg"
    let preprocessing = ["--scale", "1/255"]
    let bare = try Program.run(["run", model, image] + preprocessing)
    #expect(
      bare.status == 3
        && bare.isOneLine(with: ["image float32[1,3,8,8], metadata float32[1,3], age float32[1,1]", "nothing gives"]),
      "\(bare.error)")

    try folder.write(
      "image_id,dx,age,sex,site\nISIC_0,0,0.3,1,2\nISIC_1,1,0.5,0,-1\nISIC_2,2,0.9,1,0\n", to: "data/metadata.csv")
    let columns = ["--columns", "metadata=age,sex,site"]
    let single = try Program.run(
      ["run", model, image, "--json", "--input", "metadata=0.3,1,2", "--input", "age=0.3"] + preprocessing)
    #expect(single.status == 0, "\(single.error)")
    let all = try Program.run(["run", model, data, "--json"] + columns + preprocessing)
    #expect(all.status == 0, "\(all.error)")
    let outputs = { (node: JSONNode) in try node["output"].doubles() }
    #expect(try outputs(single.json().elements()[0]) == outputs(all.json().elements()[0]))
    #expect(try outputs(all.json().elements()[1]) != outputs(all.json().elements()[0]))

    let compiled = try Program.run(
      ["compile", model, "--int8", "--calib", data, "--eval", data] + columns + preprocessing)
    #expect(compiled.status == 0, "\(compiled.error)")
    let against = try Program.run(
      ["eval", folder / "metadata.derm", data, "--against", model, "--json"] + columns)
    #expect(against.status == 0, "\(against.error)")
    #expect(try against.json()["comparison"]["sqnr_db"].double() > 25)
    let open = try Program.run(["compile", model, "--int8", "--calib", data, "-o", folder / "x.derm"] + preprocessing)
    #expect(open.status == 3 && open.isOneLine(with: ["nothing gives metadata", "--columns metadata=COLUMN"]))
  }
}
