"""The doors to the runtime beside their peers; scripts/bench-doors makes what this measures and says how to call it.

Size is what an app has to bring: a library or program and what it loads of its own package, without Python and numpy.
Start is the wall time of a process that loads a model and answers once, and its processor's; what Python takes to import
numpy is a row of its own. An answer is the time of one inference of a tensor after that, on one thread. Everything is
measured in turn, round after round, and the best is shown: other load on the machine only ever adds.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("work")
    options = parser.parse_args()
    packages = os.path.join(sys.prefix, f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages")
    library = os.environ["DERM_LIBRARY"]
    sizes = {
        "derm-run": size(os.path.join(ROOT, "out/derm-run")),
        "C": size(library),
        "Python": size(library) + size(os.path.join(ROOT, "python/dermc")),
        "ONNX Runtime, Python": size(os.path.join(packages, "onnxruntime")),
        "LiteRT, Python": size(os.path.join(packages, "ai_edge_litert")),
    }

    def file(name):
        return os.path.join(options.work, name)

    def ours(bundle, has_image):
        rows = {"C": [file("latency"), file(bundle)], "Python": child("dermc", file(bundle))}
        image = os.path.join(ROOT, "fixtures/images/eval/nv/001.jpg")
        return {"derm-run": [os.path.join(ROOT, "out/derm-run"), file(bundle), image], **rows} if has_image else rows

    tflite = os.path.join(ROOT, "fixtures/tflite/network_{}.tflite").format
    print(f"best of {options.rounds}, one thread\n")
    print(f"{'network':18s} {'door':22s} {'size MB':>8s} {'start ms':>9s} {'CPU ms':>8s} {'answer ms':>10s} {'median':>8s}")
    for network, rows in (
        ("none", {"Python with numpy": [sys.executable, "-c", "import numpy"]}),
        ("mobilenet, int8", {
            **ours("mobilenet-int8.derm", True), "ONNX Runtime, Python": child("onnxruntime", file("mobilenet-int8.onnx"))}),
        ("mobilenet, float", {
            **ours("mobilenet-float.derm", True),
            "ONNX Runtime, Python": child("onnxruntime", os.path.join(ROOT, "fixtures/lesion_mobilenet.onnx"))}),
        ("tflite, int8", {**ours("network-int8.derm", False), "LiteRT, Python": child("litert", tflite("int8"))}),
        ("tflite, float", {**ours("network-float.derm", False), "LiteRT, Python": child("litert", tflite("float"))}),
    ):
        starts = {door: [] for door in rows}
        answers = {door: [] for door in rows}
        for _ in range(options.rounds):
            for door, command in rows.items():
                is_measured = door not in ("derm-run", "Python with numpy")
                starts[door].append(duration([*command, "1"] if is_measured else command))
                if is_measured:
                    answers[door].append(tuple(map(float, subprocess.run(
                        [*command, "300"], check=True, capture_output=True, text=True).stdout.split()[-2:])))
        for door in rows:
            best = [f"{min(column):.3f}" for column in zip(*answers[door])] or ["", ""]
            bytes_ = f"{sizes[door] / 1e6:.1f}" if door in sizes else ""
            wall, processor = (min(column) for column in zip(*starts[door]))
            print(
                f"{network:18s} {door:22s} {bytes_:>8s} {wall:9.1f} {processor:8.1f} {best[0]:>10s} {best[1]:>8s}",
                flush=True)


def child(door, model):
    return [sys.executable, os.path.abspath(__file__), "child", door, model]


def size(path):
    """Bytes of a file, or of a package without what Python compiles for itself."""
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(
        os.path.getsize(os.path.join(folder, name))
        for folder, _, names in os.walk(path)
        for name in names
        if not name.endswith(".pyc") and not os.path.islink(os.path.join(folder, name))
    )


def duration(command):
    """Wall and processor time of a process, in milliseconds."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return wall * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3


def answers_of(door, model):
    """A call that answers once."""
    import numpy

    if door == "dermc":
        import dermc

        loaded = dermc.Model(model)
        numbers = numpy.zeros(loaded.input_shape, dtype=numpy.float32)
        return lambda: loaded.run(numbers)
    if door == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        (input_,) = session.get_inputs()
        shape = [dimension if isinstance(dimension, int) else 1 for dimension in input_.shape]
        feed = {input_.name: numpy.zeros(shape, dtype=numpy.float32)}
        return lambda: session.run(None, feed)
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=model, num_threads=1)
    interpreter.allocate_tensors()
    (input_,), output = interpreter.get_input_details(), interpreter.get_output_details()[0]
    numbers = numpy.zeros(input_["shape"], dtype=input_["dtype"])

    def answer():
        interpreter.set_tensor(input_["index"], numbers)
        interpreter.invoke()
        return interpreter.get_tensor(output["index"])

    return answer


def measure(door, model, runs):
    answer = answers_of(door, model)
    times = []
    for _ in range(int(runs)):
        start = time.perf_counter()
        answer()
        times.append((time.perf_counter() - start) * 1e3)
    print(f"{min(times):.4f} {statistics.median(times):.4f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        measure(*sys.argv[2:])
    else:
        main()
