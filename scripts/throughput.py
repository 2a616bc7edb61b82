"""Images a second, from JPEG files to answers: dermc beside pairs of an int8 runtime and an image library.

usage: throughput.py [--dermc PATH] [--rounds N] [--workers N] [--tflite PYTHON] MODEL.onnx FOLDER ...

Each FOLDER holds a folder of JPEGs for each class. dermc is `dermc eval` as a whole process: start, reading the model,
listing, decoding, resizing, inference on as many threads as there are workers, and all that it measures. A pair is as
many Python processes as there are workers, each with its share of the files and a session of one thread, or, where it
says so, one process of as many threads; imports, sessions and a first image are not counted. Pillow is what models are
trained with, and dermc's pixels are equal to Pillow's; OpenCV's resizing does not filter when it makes images smaller,
so that its pixels are others.

Needs numpy, onnx, onnxruntime, openvino, nncf, pillow and opencv-python-headless in this Python. TensorFlow Lite
(tensorflow-cpu, pillow, opencv-python-headless in the Python named) takes Keras's architecture of the model's name with
random weights.
CPU is processor time per image of everything counted; other load on the machine hardly changes it.
"""

import argparse
import glob
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import bench

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "pair":
        return pair(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dermc", default=".build/release/dermc")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tflite", metavar="PYTHON")
    parser.add_argument("model")
    parser.add_argument("folders", nargs="+")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        programs = list(measured(options, work))
        for folder in options.folders:
            compare(options, folder, programs)


def compare(options, folder, programs):
    count = len(images(folder))
    print(f"\n{os.path.basename(options.model)}, {count} images of {folder}, {options.workers} workers", flush=True)
    print(f"{'':30s} {'images/s':>9s} {'median':>9s} {'CPU ms':>8s} {'dermc is':>9s}")
    jobs = {name: lambda job=job: job(folder) for name, job in programs}
    rows = bench.in_turn(jobs, options.rounds)
    ours = min(wall for wall, _ in rows["dermc"])
    for name, runs in rows.items():
        walls = sorted(wall for wall, _ in runs)
        cpu = min(cpu for _, cpu in runs) / count * 1e3
        best, median = count / walls[0], count / walls[len(walls) // 2]
        print(f"{name:30s} {best:9.0f} {median:9.0f} {cpu:8.2f} {walls[0] / ours:8.2f}x", flush=True)


def images(folder):
    return sorted(glob.glob(os.path.join(folder, "*", "*.jpg")))


def measured(options, work):
    """Names of programs, and what measures each on a folder: wall and CPU seconds."""
    import onnx

    shape = [d.dim_value or 1 for d in onnx.load(options.model).graph.input[0].type.tensor_type.shape.dim]
    bundle, onnx_file, ir, lite = (os.path.join(work, f"int8.{end}") for end in ("derm", "onnx", "xml", "tflite"))
    calibration, listing = os.path.join(work, "calibration.npy"), os.path.join(work, "calibration.lst")
    preprocessing = ["--mean", ",".join(map(str, MEAN)), "--std", ",".join(map(str, STD))]
    sample = images(options.folders[0])[::24]
    np.save(calibration, np.concatenate([pillow(shape[-1], "nchw")(path) for path in sample]))
    with open(listing, "w") as file:
        file.writelines(os.path.abspath(path) + "\n" for path in sample)
    subprocess.run(
        [options.dermc, "compile", options.model, "--int8", "--calib", listing, *preprocessing, "--quiet",
         "-o", bundle],
        check=True)
    yield "dermc", lambda folder: whole_process(
        [options.dermc, "eval", bundle, folder, "--threads", str(options.workers), "--json"])

    bench.quantize_ort(options.model, onnx_file, calibration)
    bench.quantize_openvino(options.model, ir, calibration)
    runtimes = [
        ("ONNX Runtime", "onnxruntime", onnx_file, sys.executable), ("OpenVINO", "openvino", ir, sys.executable)]
    if options.tflite:
        keras = next(keras for name, keras in bench.KERAS.items() if name in os.path.basename(options.model))
        subprocess.run(
            [options.tflite, bench.__file__, "quantize-tflite", keras, lite, calibration], check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        runtimes.append(("TensorFlow Lite", "tflite", lite, options.tflite))
    for title, runtime, file, python in runtimes:
        for library, name in (("Pillow", "pillow"), ("OpenCV", "opencv")):
            yield f"{title} + {library}", lambda folder, file=file, runtime=runtime, name=name, python=python: workers(
                [python, __file__, "pair", runtime, file, name, str(shape[-1]), folder], options.workers)
    yield "ONNX Runtime + Pillow, threads", lambda folder: workers(
        [sys.executable, __file__, "pair", "onnxruntime", onnx_file, "pillow", str(shape[-1]), folder], 1,
        threads=options.workers)


def whole_process(command):
    output = subprocess.run([sys.executable, bench.__file__, "measure", *command], check=True, capture_output=True,
                            text=True).stdout
    wall, cpu, _ = json.loads(output.splitlines()[-1])
    return wall, cpu


def workers(command, count, threads=1):
    """Starts the processes of a pair, lets them go together when all are ready, waits for the last."""
    processes = [
        subprocess.Popen([*command, str(i), str(count), str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True)
        for i in range(count)]
    for process in processes:
        while process.stdout.readline() != "ready\n":
            if process.poll() is not None:
                raise SystemExit(f"{' '.join(command)} ended before it was ready")
    start = time.perf_counter()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    seconds = [json.loads(process.stdout.readline()) for process in processes]
    wall = time.perf_counter() - start
    for process in processes:
        process.communicate()
    return wall, sum(seconds)


def pair(runtime, file, library, size, folder, index, count, threads):
    """One process of a pair: says that it is ready, waits for a line, prints the CPU seconds of its share."""
    answer, layout = RUNTIMES[runtime](file)
    load = LIBRARIES[library](int(size), layout)
    share = images(folder)[int(index)::int(count)]
    answer(load(share[0]))
    print("ready", flush=True)
    sys.stdin.readline()
    before = cpu_seconds()
    with ThreadPoolExecutor(int(threads)) as pool:
        each = pool.map if int(threads) > 1 else map
        for _ in each(lambda path: answer(load(path)), share):
            pass
    print(cpu_seconds() - before, flush=True)


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def normalized(pixels, layout):
    """What (x / 255 - mean) / std is, as one multiplication and one addition of float32."""
    scale = np.float32(1) / (255 * np.array(STD, np.float32))
    x = pixels * scale - np.array(MEAN, np.float32) / np.array(STD, np.float32)
    return np.ascontiguousarray(x.transpose(2, 0, 1) if layout == "nchw" else x, np.float32)[None]


def pillow(size, layout):
    from PIL import Image

    def load(path):
        image = Image.open(path).convert("RGB").resize((size, size), Image.BILINEAR)
        return normalized(np.asarray(image), layout)

    return load


def opencv(size, layout):
    import cv2

    cv2.setNumThreads(1)

    def load(path):
        image = cv2.resize(cv2.imread(path), (size, size), interpolation=cv2.INTER_LINEAR)
        return normalized(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), layout)

    return load


def onnxruntime(file):
    import onnxruntime as ort

    session_options = ort.SessionOptions()
    session_options.intra_op_num_threads = session_options.inter_op_num_threads = 1
    session = ort.InferenceSession(file, session_options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, {name: x})[0], "nchw"


def openvino(file):
    import openvino as ov

    compiled = ov.Core().compile_model(
        file, "CPU", {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    return lambda x: request.infer({0: x}), "nchw"


def tflite(file):
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model_path=file, num_threads=1)
    interpreter.allocate_tensors()
    entry, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero_point = entry["quantization"]

    def answer(x):
        q = np.clip(np.rint(x / np.float32(scale)) + zero_point, -128, 127).astype(np.int8)
        interpreter.set_tensor(entry["index"], q)
        interpreter.invoke()
        return interpreter.get_tensor(result["index"])

    return answer, "nhwc"


LIBRARIES = {"pillow": pillow, "opencv": opencv}
RUNTIMES = {"onnxruntime": onnxruntime, "openvino": openvino, "tflite": tflite}

if __name__ == "__main__":
    main()
