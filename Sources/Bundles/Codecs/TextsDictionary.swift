/// What codec 5 knows beforehand. It is part of the file format and never changes: another text needs another codec.
///
/// The later a piece stands in it, the fewer bits a reference to it takes: what each layer has comes last.
package enum TextsDictionary {
  package static let bytes = Array(text.utf8)

  private static let text = #"""
    {"agreement":1.0,"agreement_interval":{"high":1.0,"low":0.9,"value":0.95},"classes":[],"compiled":null,"conf\#
    usion":"cosine":0.99,"data":"held-back calibration samples","data":"labelled","deltas":null,"auc":{"high":"b\#
    alanced_accuracy":0.8,"brier":0.1,"ece":0.1,"log_loss":0.5,"macro_f1":0.9,"per_class":[{"auc":0.9,"average_p\#
    recision":0.9,"f1":0.9,"name":"precision":{"high":0.0,"low":-0.01,"value":0.0},"recall":0.9,"sensitivity_at_\#
    specificity":null,"specificity":1.0,"support":30},"top1":0.8},"float":{"auc":0.9,"kl":0.001,"max_relative_er\#
    ror":0.1,"mcnemar_p":null,"samples":70,"sqnr_db":30.0,"task":"multiclass"},{"answer":{"count":7,"output":"lo\#
    gits","scores":"probabilities","task":"multiclass","binary","multilabel"},"calibration":{"held_back":10,"ran\#
    ge":"l3","samples":70,"seed":0},"evaluation":{"agreement":"graph":{"free_batch":true,"inputs":[0],"kind":"co\#
    mpiled","checkpoint","name":"main_graph","nodes":[{"attributes":"labels":["akiec","bcc","bkl","df","mel","nv\#
    ","vasc"],"preprocessing":{"channels":"rgb","mean":[0.485,0.456,0.406],"resize":"direct","scale":0.003921568\#
    62745098,"size":[224,224],"std":[0.229,0.224,0.225]},"provenance":{"dermc":"0.1.0","recipe":{"bias_correctio\#
    n":true,"biases":"auto","int8":true,"prune":0.0,"prune_scope":"global","range":"auto","rounding":"auto","sam\#
    ples":null,"seed":0,"store":"compact","target":{"ratio":10.0}},"source":{"bytes":,"format":"onnx","sha256":"\#
    "}},"self-test":{"inputs":[{"element":"float32","offset":0,"section":"self-test-tensors","shape":[1,3,224,22\#
    4]}],"outputs":[{"element":"float32","offset":602112,"section":"self-test-tensors","shape":[1,7]}]}},"functi\#
    on":{"string":"mul"},{"attributes":{"perm":{"ints":[0,3,1,2]}},"op":"Transpose","axes":{"ints":[2,3]},"axis"\#
    :{"int":1},"shape":{"ints":[1,-1]},"op":"Reshape","op":"Softmax","op":"MulInt8","op":"AddInt8","op":"GlobalA\#
    veragePoolInt8","op":"GemmInt8","op":"QuantizeLinear","attributes":{"scale":{"float":0.0078125},"zero_point"\#
    :{"int":-128}},"activation":{"string":"clip"},"activation":{"string":"silu"},"activation_parameters":{"float\#
    s":[0.0,6.0]},"activation_scale":{"float":"dilations":{"ints":[2,2]},"group":{"int":96},"kernel_shape":{"int\#
    s":[3,3]},"output_scale":{"float":0.02},"output_zero_point":{"int":-128},"pads":{"ints":[0,0,1,1]},"strides"\#
    :{"ints":[2,2]}},"inputs":[1,2,3,4],"name":"/features/features.0/features.0.0/Conv","op":"ConvInt8","origins\#
    ":["features.0.0/Conv","/Relu"],"outputs":[5]},{"attributes":{"kernel_shape":{"ints":[1,1]},"outputs":[10],"\#
    values":[{"element":"float32","name":"input","shape":[1,3,224,224]},"_quantized","quantization":{"scale":0.0\#
    078125,"zero_point":0},"shape":[1,32,1,1]},{"constant":{"offset":0,"section":"parameters"},"element":"float3\#
    2","name":"features.0.0.weight_fused_bn_scale","shape":[32]},{"constant":{"offset":"section":"integers"},"el\#
    ement":"int32","name":"features.0.0.bias_fused_bn","shape":[64]},{"element":"int8","name":"_output_0","quant\#
    ization":{"scale":0.02,"zero_point":-128},"shape":[1,16,112,112]},{"constant":{"offset":0,"section":"weights\#
    "},"element":"int8","name":"features.0.0.weight_fused_bn","shape":[32,3,3,3]},
    """#
}
