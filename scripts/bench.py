"""dermc beside ONNX Runtime on the same models, calibration tensors and machine, in one run.

usage: bench.py [--dermc PATH] [--samples N] [--runs N] MODEL.onnx ...      needs numpy, onnx, onnxruntime

Compilation: wall seconds, CPU seconds and peak memory of a whole process from float ONNX to int8 file, both on the
same N tensors. Inference: best and median milliseconds at batch 1, the programs measured in turn. Best-of-many is
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


def main():
    if len(sys.argv) > 1 and sys.argv[1] in CHILDREN:
        return CHILDREN[sys.argv[1]](*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dermc", default=".build/release/dermc")
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--runs", type=int, default=3)
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

    ours, theirs = os.path.join(folder, "int8.derm"), os.path.join(folder, "int8.onnx")
    compilers = {
        "dermc": [options.dermc, "compile", model, "--int8", "--calib", calibration, "-o", ours, "--threads", "2", "--quiet"],
        "ONNX Runtime min-max": [sys.executable, __file__, "quantize", model, theirs, calibration],
    }
    print(f"{'compile to int8':26s} {'wall s':>8s} {'cpu s':>8s} {'peak MB':>8s} {'file MB':>8s}")
    for name, rows in in_turn({n: lambda c=c: process(c) for n, c in compilers.items()}, options.runs).items():
        wall, cpu, peak = (min(column) for column in zip(*rows))
        size = os.path.getsize(ours if name == "dermc" else theirs) / 1e6
        print(f"{name:26s} {wall:8.2f} {cpu:8.2f} {peak:8.0f} {size:8.2f}")

    print(f"{'inference, batch 1':26s} {'threads':>8s} {'best ms':>8s} {'median':>8s}")
    for threads in (1, 2):
        programs = {
            "dermc float32": [options.dermc, "bench", model, "--json", "--threads", str(threads)],
            "ONNX Runtime float32": [sys.executable, __file__, "latency", model, str(threads)],
            "dermc int8": [options.dermc, "bench", ours, "--json", "--threads", str(threads)],
            "ONNX Runtime int8": [sys.executable, __file__, "latency", theirs, str(threads)],
        }
        for name, rows in in_turn({n: lambda c=c: latency(c) for n, c in programs.items()}, options.runs).items():
            best, median = (min(column) for column in zip(*rows))
            print(f"{name:26s} {threads:8d} {best:8.3f} {median:8.3f}", flush=True)


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
    figures = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return figures["best_ms"], figures["median_ms"]


def smooth_tensors(count, shape):
    """Blocky random images, normalised like photographs."""
    rng = np.random.default_rng(1)
    block = 8 if all(d % 8 == 0 for d in shape[-2:]) else 1
    small = [count] + shape[1:-2] + [d // block for d in shape[-2:]]
    x = rng.normal(size=small).astype(np.float32)
    return x.repeat(block, axis=-2).repeat(block, axis=-1)


def child_measure(*command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps([wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))


def child_quantize(model, output, calibration):
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


def child_latency(model, threads):
    import onnxruntime as ort

    session_options = ort.SessionOptions()
    session_options.intra_op_num_threads = int(threads)
    session_options.inter_op_num_threads = 1
    session = ort.InferenceSession(model, session_options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    shape = [d if isinstance(d, int) and d > 0 else 1 for d in entry.shape]
    x = {entry.name: smooth_tensors(1, shape)}
    for _ in range(10):
        session.run(None, x)
    times, end = [], time.perf_counter() + 1.5
    while len(times) < 10 or (time.perf_counter() < end and len(times) < 1000):
        start = time.perf_counter()
        session.run(None, x)
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps({"best_ms": min(times), "median_ms": sorted(times)[len(times) // 2]}))


CHILDREN = {"measure": child_measure, "quantize": child_quantize, "latency": child_latency}

if __name__ == "__main__":
    main()
