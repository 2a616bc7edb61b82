import PlainC
import Testing

@Suite struct NameTests {
  @Test func textsBecomeIdentifiers() {
    #expect(CName.identifier("lesion_mobilenet") == "lesion_mobilenet")
    #expect(CName.identifier("my model-v2.1") == "my_model_v2_1")
    #expect(CName.identifier("2nd") == "model_2nd")
    #expect(CName.identifier("int") == "model_int")
    #expect(CName.identifier("--Ä--") == "model")
    #expect(CName.identifier("") == "model")
    #expect(CName.isIdentifier("net_2"))
    #expect(!CName.isIdentifier("net__2"))
    #expect(!CName.isIdentifier("while"))
  }
}
