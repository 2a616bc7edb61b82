"""Runs ONNX's tests of operators through dermc; scripts/wild-operators calls this.

Each test is a model of one operator (or of what it expands to), its inputs and what must come out. dermc reads the
model, runs it on the inputs and writes each output, which is compared as ONNX's own runner does it: a relative
difference of 1e-3 and an absolute one of 1e-7, unless the test says otherwise.
"""

import argparse
import collections
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnx.backend.test
from onnx import TensorProto, numpy_helper

DATA = pathlib.Path(onnx.backend.test.__file__).parent / "data" / "node"
RELATIVE, ABSOLUTE = 1e-3, 1e-7

# An input for models that have none.
UNREAD = "unread"
# Which inputs are constants of the model, in the order that is tried.
ATTEMPTS = ("none", "lists of integers", "all but the first", "all")

# What a compiler of image classifiers has no use for. A test is in scope unless one of these holds.
RANDOM = {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
TEXT = {"RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer"}
NO_NUMBERS = {TensorProto.STRING, TensorProto.COMPLEX64, TensorProto.COMPLEX128}
LOSSES = ("test_sce_", "test_nllloss_")
# Types that weights are stored in, of at most eight bits and neither int8 nor uint8.
NARROW = ("FLOAT8", "FLOAT6", "FLOAT4", "INT4", "UINT4", "INT2", "UINT2")

# Tests whose expected results are not those of the standard or of the runtimes that exported models are checked with.
CORNERS = "the corners are those of a size that is not rounded; here and in ONNX Runtime they are the output's"
CORRECTED = "ONNX has since corrected what it says: softcap comes before the mask"
ZEROS = "ONNX has since said that vectors of zeros stay zeros"
NOISE = "what is 0 is expected to be the rounding error of NumPy's complex64"
WRAPPED = "the test's sum wraps around, where QuantizeLinear saturates; ONNX Runtime saturates too"
DISPUTED = {
    "test_resize_downsample_scales_cubic_align_corners": CORNERS,
    "test_resize_downsample_scales_linear_align_corners": CORNERS,
    "test_attention_3d_with_past_and_present_qk_matmul_bias": CORRECTED,
    "test_attention_3d_with_past_and_present_qk_matmul_softcap": CORRECTED,
    "test_attention_4d_with_past_and_present_qk_matmul_bias": CORRECTED,
    "test_attention_4d_with_past_and_present_qk_matmul_bias_3d_mask": CORRECTED,
    "test_attention_4d_with_past_and_present_qk_matmul_bias_3d_mask_causal": CORRECTED,
    "test_attention_4d_with_past_and_present_qk_matmul_bias_4d_mask": CORRECTED,
    "test_attention_4d_with_past_and_present_qk_matmul_bias_4d_mask_causal": CORRECTED,
    "test_attention_4d_with_qk_matmul_bias": CORRECTED,
    "test_attention_4d_with_qk_matmul_softcap": CORRECTED,
    "test_dft_inverse": NOISE,
    "test_dft_inverse_opset19": NOISE,
    "test_l2normalization_axis_0": ZEROS,
    "test_qlinearmatmul_2D_int8_float16": WRAPPED,
    "test_qlinearmatmul_2D_int8_float32": WRAPPED,
    "test_qlinearmatmul_3D_int8_float16": WRAPPED,
    "test_qlinearmatmul_3D_int8_float32": WRAPPED,
}


def out_of_scope(name, model):
    """Why a test is not in scope; None where it is."""
    if any(opset.domain not in ("", "ai.onnx") for opset in model.opset_import):
        return "another domain (ai.onnx.ml, training)"
    values = [*model.graph.input, *model.graph.output]
    if any(value.type.WhichOneof("value") != "tensor_type" for value in values):
        return "sequences, maps or optional values as inputs or outputs"
    types = {value.type.tensor_type.elem_type for value in values}
    if types & NO_NUMBERS:
        return "texts or complex numbers"
    if any(TensorProto.DataType.Name(kind).startswith(NARROW) for kind in types):
        return "float8 and types of four or two bits as inputs or outputs"
    operators = {node.op_type for node in model.graph.node}
    if operators & RANDOM:
        return "random numbers"
    if operators & TEXT:
        return "texts or complex numbers"
    if "training" in name or name.startswith(LOSSES) or operators & {"Adagrad", "Adam", "Gradient", "Momentum"}:
        return "training"
    if "ImageDecoder" in operators:
        return "files as inputs"
    return None


def tensor(path):
    """A tensor of a test in a type that NumPy has."""
    proto = TensorProto()
    proto.ParseFromString(path.read_bytes())
    array = numpy_helper.to_array(proto)
    # Types of a package beside NumPy: bfloat16, float8 and the like.
    return array if array.dtype.kind in "fiub" else array.astype(np.float32)


class Test:
    def __init__(self, folder):
        self.name = folder.name
        self.folder = folder
        self.model = onnx.load(folder / "model.onnx", load_external_data=False)
        self.set = folder / "test_data_set_0"

    def inputs(self):
        # An optional input that is left out has a name, but no file.
        initializers = {tensor.name for tensor in self.model.graph.initializer}
        names = [value.name for value in self.model.graph.input if value.name not in initializers]
        return {name: tensor(self.set / f"input_{index}.pb") for index, name in enumerate(names)}

    def outputs(self):
        names = [value.name for value in self.model.graph.output]
        return {name: tensor(self.set / f"output_{index}.pb") for index, name in enumerate(names)}


def reason(message):
    """What kind of refusal a message is: names and numbers of the one model taken out."""
    text = message.strip().splitlines()[-1] if message.strip() else "no message"
    text = re.sub(r"^.*?\.(onnx|npz|npy): ", "", text)
    found = re.match(r"(?:error: )?operators that are not supported \(opset \d+\): (.*)", text)
    if found:
        return "operator " + ", ".join(sorted(set(re.findall(r"([A-Za-z.]+) \(", found.group(1).split("; ")[0]))))
    found = re.match(r"(?:error: )?node \S+ \((\w+), opset \d+\): (.*)", text)
    where = f"{found.group(1)}: " if found else ""
    text = found.group(2) if found else text
    text = re.sub(r"\[[^\]]*\]|-?\d[\d.e+-]*", "N", text)
    return (where + text)[:110]


def prepared(test, inputs, constants):
    """The test's model as `dermc run` takes it: outputs are float32, and some inputs are constants."""
    model = onnx.ModelProto()
    model.CopyFrom(test.model)
    graph = model.graph
    for output in graph.output:
        if output.type.tensor_type.elem_type == TensorProto.FLOAT:
            continue
        cast = graph.node.add(op_type="Cast", name=f"cast of {output.name}")
        cast.input.append(output.name)
        output.name = f"float32 {output.name}"
        cast.output.append(output.name)
        cast.attribute.add(name="to", i=TensorProto.FLOAT, type=onnx.AttributeProto.INT)
        output.type.tensor_type.elem_type = TensorProto.FLOAT
    if len(constants) == len(inputs):
        # dermc runs models on samples: what needs none gets an input that nothing reads.
        graph.input.append(onnx.helper.make_tensor_value_info(UNREAD, TensorProto.FLOAT, [1]))
    for name in constants:
        source = next(value for value in graph.input if value.name == name)
        kind = source.type.tensor_type.elem_type
        graph.initializer.append(onnx.helper.make_tensor(
            name, kind, inputs[name].shape, inputs[name].flatten().tolist()))
        graph.input.remove(source)
    return model


def constant_inputs(inputs, attempt):
    """Inputs that are made constants of the model at an attempt: graphs here take them from outside that no exporter
    leaves open, such as axes and shapes."""
    if attempt == 0:
        return []
    if attempt == 1:
        return [name for name, array in inputs.items() if array.dtype.kind in "iub" and array.ndim <= 1]
    return list(inputs)[1:] if attempt == 2 else list(inputs)


def run(dermc, test, folder):
    """(verdict, what is said of it, how many inputs are constants): right, refused or wrong."""
    inputs = test.inputs()
    tried = []
    for attempt in range(len(ATTEMPTS)):
        constants = constant_inputs(inputs, attempt)
        if constants in tried or (attempt < 3 and inputs and len(constants) == len(inputs)):
            continue
        tried.append(constants)
        kind, said = compare(dermc, test, folder, inputs, constants)
        # A dimension of 0 says in files of many exporters that it is free.
        is_empty = any(array.size == 0 for array in inputs.values())
        if kind != "refused" or not ("computed at run time" in said or is_empty):
            break
    return kind, said, ATTEMPTS[attempt]


def compare(dermc, test, folder, inputs, constants):
    model = prepared(test, inputs, constants)
    expected = dict(zip((value.name for value in model.graph.output), test.outputs().values(), strict=True))
    kinds = [value.type.tensor_type.elem_type for value in test.model.graph.output]
    path, data = pathlib.Path(folder) / "model.onnx", pathlib.Path(folder) / "inputs.npz"
    path.write_bytes(model.SerializeToString())
    # dermc computes in float32 and widens what it reads.
    arrays = {name: array.astype(np.float32) if array.dtype.kind == "f" else array for name, array in inputs.items()}
    given = {name: array for name, array in arrays.items() if name not in constants}
    np.savez(data, **(given or {UNREAD: np.zeros(1, np.float32)}))
    for (name, wanted), kind in zip(expected.items(), kinds, strict=True):
        result = pathlib.Path(folder) / "output.npy"
        result.unlink(missing_ok=True)
        command = [dermc, "run", path, data, "--task", "none", "--output-name", name, "--output", result, "--quiet"]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
        if done.returncode == 3 or done.returncode == 2:
            return "refused", done.stderr
        if done.returncode != 0:
            return "wrong", f"ends with {done.returncode}: {done.stderr.strip()[-300:]}"
        # It computes in float32, too, what the model has narrower floats for.
        given = np.load(result)
        if kind in (TensorProto.FLOAT16, TensorProto.BFLOAT16):
            given = given.astype(onnx.helper.tensor_dtype_to_np_dtype(kind)).astype(np.float32)
        if given.size != wanted.size or list(given.shape) != list(wanted.shape):
            return "wrong", f"{name}: shape {list(given.shape)}, expected {list(wanted.shape)}"
        with np.errstate(all="ignore"):
            close = np.allclose(
                given.astype(np.float64), wanted.astype(np.float64), RELATIVE, ABSOLUTE, equal_nan=True)
        if not close:
            difference = np.abs(given.astype(np.float64) - wanted.astype(np.float64)).max()
            return "wrong", f"{name}: differs by {difference:.3g}"
    return "right", ""


def verdict(dermc, test):
    with tempfile.TemporaryDirectory() as folder:
        try:
            return run(dermc, test, folder)
        except subprocess.TimeoutExpired:
            return "wrong", "takes more than two minutes", ATTEMPTS[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dermc", required=True)
    parser.add_argument("--only", default="", help="tests whose names hold this")
    parser.add_argument("--list", action="store_true", help="each test with its verdict")
    parser.add_argument("--at-least", type=int, default=0, help="fail below this number of right tests")
    options = parser.parse_args()

    scope, outside = [], collections.Counter()
    for folder in sorted(DATA.iterdir()):
        if options.only not in folder.name:
            continue
        test = Test(folder)
        why = out_of_scope(test.name, test.model)
        if why:
            outside[why] += 1
        else:
            scope.append(test)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        verdicts = list(pool.map(lambda test: verdict(options.dermc, test), scope))

    folded = collections.Counter(constants for kind, _, constants in verdicts if kind == "right")
    verdicts = [("disputed", DISPUTED[test.name]) if kind == "wrong" and test.name in DISPUTED else (kind, said)
                for test, (kind, said, _) in zip(scope, verdicts)]
    counts = collections.Counter(kind for kind, _ in verdicts)
    refusals = collections.defaultdict(list)
    for test, (kind, said) in zip(scope, verdicts):
        if kind == "refused":
            refusals[reason(said)].append(test.name)
        if options.list:
            print(f"{kind:8} {test.name}  {said.strip().splitlines()[-1][:300] if said.strip() else ''}")
        elif kind in ("wrong", "disputed"):
            print(f"{kind:8} {test.name}: {said}")
    print(f"\nRefused, by reason ({counts['refused']} tests):")
    for why, names in sorted(refusals.items(), key=lambda item: (-len(item[1]), item[0])):
        print(f"{len(names):5}  {why}  ({names[0]}{', ...' if len(names) > 1 else ''})")
    print(f"\nNot in scope ({sum(outside.values())} tests): "
          + "; ".join(f"{count} {why}" for why, count in outside.most_common()))
    print(f"\nonnx {onnx.__version__}, {len(scope)} tests in scope: {counts['right']} right, "
          f"{counts['refused']} refused, {counts['wrong']} wrong, {counts['disputed']} disputed")
    print("of the right ones, inputs that are constants: "
          + "; ".join(f"{name} in {folded[name]}" for name in ATTEMPTS if folded[name]))
    if counts["wrong"]:
        sys.exit(1)
    if counts["right"] < options.at_least:
        sys.exit(f"fewer than {options.at_least} are right")


if __name__ == "__main__":
    main()
