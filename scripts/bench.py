"""dermc beside its peers on the same models, calibration tensors and machine, in one run.

usage: bench.py [--dermc PATH] [--samples N] [--runs N] [--openvino PYTHON] [--tflite PYTHON] MODEL.onnx ...

ONNX Runtime is measured in this Python, which needs numpy, onnx and onnxruntime; OpenVINO with NNCF (openvino, nncf)
and TensorFlow Lite (tensorflow-cpu) in the Pythons named, since they seldom agree on the versions they want. TensorFlow
Lite cannot read ONNX: for models named like one of KERAS it takes that architecture with 7 classes and random weights.

Compilation: wall seconds, CPU seconds and peak memory of a whole process from the float model to the int8 file, all on
the same N tensors. Inference: best and median milliseconds at batch 1, the programs measured in turn. Best-of-many is
what to compare: other load on the machine only ever adds.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np


KERAS = {"mobilenet_v2": "MobileNetV2", "efficientnet_b0": "EfficientNetB0", "resnet50": "ResNet50"}


def main():
    if len(sys.argv) > 1 and sys.argv[1] in CHILDREN:
        return CHILDREN[sys.argv[1]](*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dermc", default=".build/release/dermc")
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--openvino", metavar="PYTHON")
    parser.add_argument("--tflite", metavar="PYTHON")
    parser.add_argument("models", nargs="+")
    options = parser.parse_args()
    for model in options.models:
        with tempfile.TemporaryDirectory() as folder:
            compare(model, options, folder)


def compare(model, options, folder):
    import onnx

    shape = [d.dim_value or 1 for d in onnx.load(model).graph.input[0].type.tensor_type.shape.dim]
    calibration = os.path.join(folder, "calibration.npy")
    np.save(calibration, smooth_tensors(options.samples, shape))
    print(f"\n{os.path.basename(model)}, input {shape}, {options.samples} calibration tensors")
    programs = list(measured(model, calibration, options, folder))

    print(f"{'compile to int8':26s} {'wall s':>8s} {'cpu s':>8s} {'peak MB':>8s} {'file MB':>8s}")
    compilers = {p.name: lambda p=p: process(p.compile) for p in programs}
    for program, rows in zip(programs, in_turn(compilers, options.runs).values()):
        wall, cpu, peak = (min(column) for column in zip(*rows))
        size = sum(os.path.getsize(file) for file in program.files) / 1e6
        print(f"{program.name:26s} {wall:8.2f} {cpu:8.2f} {peak:8.0f} {size:8.2f}", flush=True)

    print(f"{'inference, batch 1':26s} {'threads':>8s} {'best ms':>8s} {'median':>8s}")
    for threads in (1, 2):
        for precision in ("float32", "int8"):
            runs = {p.name: lambda p=p: latency(p.run(precision, str(threads))) for p in programs}
            for name, rows in in_turn(runs, options.runs).items():
                best, median = (min(column) for column in zip(*rows))
                print(f"{name + ' ' + precision:26s} {threads:8d} {best:8.3f} {median:8.3f}", flush=True)


class Program:
    """One program: the command that makes `files`, and the one that times float32 or int8 inference."""

    def __init__(self, name, compile, files, run):
        self.name, self.compile, self.files, self.run = name, compile, files, run


def measured(model, calibration, options, folder):
    """The programs to measure on a model."""

    def path(name):
        return os.path.join(folder, name)

    def child(python, *arguments):
        return [python, __file__, *arguments]

    bundle = path("int8.derm")
    yield Program(
        "dermc",
        [options.dermc, "compile", model, "--int8", "--calib", calibration, "-o", bundle, "--threads", "2", "--quiet"],
        [bundle],
        lambda precision, threads: [
            options.dermc, "bench", bundle if precision == "int8" else model, "--json", "--threads", threads])
    quantized = path("int8.onnx")
    yield Program(
        "ONNX Runtime", child(sys.executable, "quantize-ort", model, quantized, calibration), [quantized],
        lambda precision, threads: child(
            sys.executable, "latency-ort", quantized if precision == "int8" else model, threads))
    if options.openvino:
        ir = path("int8.xml")
        yield Program(
            "OpenVINO", child(options.openvino, "quantize-openvino", model, ir, calibration), [ir, path("int8.bin")],
            lambda precision, threads: child(
                options.openvino, "latency-openvino", ir if precision == "int8" else model, calibration, threads))
    keras = KERAS.get(os.path.splitext(os.path.basename(model))[0])
    if options.tflite and keras:
        lite = path("int8.tflite")
        yield Program(
            "TensorFlow Lite", child(options.tflite, "quantize-tflite", keras, lite, calibration), [lite],
            lambda precision, threads: child(
                options.tflite, "latency-tflite", keras, lite if precision == "int8" else "", threads))


def in_turn(jobs, runs):
    """Runs all jobs once, then all again, so that a slow minute of the machine hits each."""
    results = {name: [] for name in jobs}
    for _ in range(runs):
        for name, job in jobs.items():
            results[name].append(job())
    return results


def process(command):
    """Wall seconds, CPU seconds and peak resident MB of a process, measured by a parent of its own."""
    output = subprocess.run([sys.executable, __file__, "measure", *command], check=True, capture_output=True, text=True)
    return json.loads(output.stdout.splitlines()[-1])


def latency(command):
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # The last value printed: libraries greet on standard output too.
    figures = json.loads(output if output.startswith("{") else output.splitlines()[-1])
    return figures["best_ms"], figures["median_ms"]


def smooth_tensors(count, shape):
    """Blocky random images, normalised like photographs."""
    rng = np.random.default_rng(1)
    block = 8 if all(d % 8 == 0 for d in shape[-2:]) else 1
    small = [count] + shape[1:-2] + [d // block for d in shape[-2:]]
    x = rng.normal(size=small).astype(np.float32)
    return x.repeat(block, axis=-2).repeat(block, axis=-1)


def measure(*command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps([wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))


def time_runs(run):
    """Prints the best and median milliseconds of calls of `run`."""
    for _ in range(10):
        run()
    times, end = [], time.perf_counter() + 1.5
    while len(times) < 10 or (time.perf_counter() < end and len(times) < 1000):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps({"best_ms": min(times), "median_ms": sorted(times)[len(times) // 2]}))


def quantize_ort(model, output, calibration):
    import onnxruntime as ort
    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    name = ort.InferenceSession(model, providers=["CPUExecutionProvider"]).get_inputs()[0].name

    class Tensors(CalibrationDataReader):
        def __init__(self):
            self.tensors = iter(np.load(calibration))

        def get_next(self):
            x = next(self.tensors, None)
            return None if x is None else {name: x[None]}

    prepared = output + ".prepared.onnx"
    quant_pre_process(model, prepared, skip_symbolic_shape=True)
    quantize_static(
        prepared, output, Tensors(), quant_format=QuantFormat.QDQ, per_channel=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax)


def latency_ort(model, threads):
    import onnxruntime as ort

    session_options = ort.SessionOptions()
    session_options.intra_op_num_threads = int(threads)
    session_options.inter_op_num_threads = 1
    session = ort.InferenceSession(model, session_options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    shape = [d if isinstance(d, int) and d > 0 else 1 for d in entry.shape]
    x = {entry.name: smooth_tensors(1, shape)}
    time_runs(lambda: session.run(None, x))


def openvino_model(file, calibration):
    import openvino

    model = openvino.Core().read_model(file)
    model.reshape([1, *np.load(calibration, mmap_mode="r").shape[1:]])
    return model


def quantize_openvino(model, output, calibration):
    import nncf
    import openvino

    tensors = np.load(calibration)
    quantized = nncf.quantize(
        openvino_model(model, calibration), nncf.Dataset([x[None] for x in tensors]), subset_size=len(tensors))
    openvino.save_model(quantized, output, compress_to_fp16=False)


def latency_openvino(model, calibration, threads):
    import openvino

    compiled = openvino.Core().compile_model(
        openvino_model(model, calibration), "CPU",
        {"INFERENCE_NUM_THREADS": int(threads), "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1,
         "INFERENCE_PRECISION_HINT": "f32"})
    request, x = compiled.create_infer_request(), np.load(calibration)[:1]
    time_runs(lambda: request.infer({0: x}))


def keras_converter(name, size=224):
    import tensorflow as tf

    shape = (size, size, 3)
    model = getattr(tf.keras.applications, name)(weights=None, classes=7, input_shape=shape)
    return tf.lite.TFLiteConverter.from_keras_model(model)


def quantize_tflite(name, output, calibration):
    import tensorflow as tf

    converter = keras_converter(name, np.load(calibration, mmap_mode="r").shape[-1])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([x.transpose(1, 2, 0)[None]] for x in np.load(calibration))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    with open(output, "wb") as file:
        file.write(converter.convert())


def latency_tflite(name, file, threads):
    import tensorflow as tf

    content = open(file, "rb").read() if file else keras_converter(name).convert()
    interpreter = tf.lite.Interpreter(model_content=content, num_threads=int(threads))
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]
    x = np.random.default_rng(0).normal(size=entry["shape"]) * 30
    interpreter.set_tensor(entry["index"], x.astype(entry["dtype"]))
    time_runs(interpreter.invoke)


CHILDREN = {
    "measure": measure,
    "quantize-ort": quantize_ort,
    "latency-ort": latency_ort,
    "quantize-openvino": quantize_openvino,
    "latency-openvino": latency_openvino,
    "quantize-tflite": quantize_tflite,
    "latency-tflite": latency_tflite,
}

if __name__ == "__main__":
    main()
