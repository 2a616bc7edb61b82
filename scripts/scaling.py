"""How the time and memory of dermc grow with the number of nodes: graphs of many shapes in sizes n, 2n and 4n.

usage: scripts/scaling.py --dermc PATH [--nodes 1000] [--bound SECONDS] [--only NAME,...]

For each shape and command: CPU seconds and peak MB at 4n, and the exponent of growth from 2n to 4n (1 is linear, 2
quadratic; "-" where the time is too short to tell). Needs Python alone: models are written field by field.
"""

import argparse
import math
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time


# ONNX's messages, as far as they are needed.
def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def integer(field, number):
    return varint(field << 3) + varint(number)


def message(field, content):
    if isinstance(content, str):
        content = content.encode()
    return varint(field << 3 | 2) + varint(len(content)) + content


def attribute(name, value):
    if isinstance(value, float):
        return message(5, message(1, name) + varint(2 << 3 | 5) + struct.pack("<f", value) + integer(20, 1))
    if isinstance(value, int):
        return message(5, message(1, name) + integer(3, value) + integer(20, 2))
    return message(5, message(1, name) + b"".join(integer(8, v) for v in value) + integer(20, 7))


def tensor(name, shape, values):
    kind, code = (7, "q") if all(isinstance(v, int) for v in values) else (1, "f")
    raw = struct.pack(f"<{len(values)}{code}", *values)
    return b"".join(integer(1, d) for d in shape) + integer(2, kind) + message(8, name) + message(9, raw)


def value(name, shape):
    dims = b"".join(message(1, integer(1, d)) for d in shape)
    return message(1, name) + message(2, message(1, integer(1, 1) + message(2, dims)))


class Model:
    """A graph under construction: inputs of any node are names."""

    def __init__(self, shape):
        self.shape = shape
        self.parts = [message(11, value("x", shape))]
        self.count = 0

    def node(self, op, inputs, outputs=1, name=None, **attributes):
        self.count += 1
        names = [f"v{self.count}_{i}" for i in range(outputs)]
        content = b"".join(message(1, i) for i in inputs) + b"".join(message(2, o) for o in names)
        content += message(3, f"n{self.count}" if name is None else name) + message(4, op)
        self.parts.append(message(1, content + b"".join(attribute(k, v) for k, v in attributes.items())))
        return names if outputs > 1 else names[0]

    def constant(self, shape, seed=1.0):
        self.count += 1
        numbers = [math.sin(seed * (i + 1)) for i in range(math.prod(shape))]
        self.parts.append(message(5, tensor(f"c{self.count}", shape, numbers)))
        return f"c{self.count}"

    def integers(self, values):
        self.count += 1
        self.parts.append(message(5, tensor(f"c{self.count}", [len(values)], values)))
        return f"c{self.count}"

    def save(self, path, outputs):
        graph = message(2, "scaling") + b"".join(self.parts)
        # Outputs without a shape: dermc infers them.
        graph += b"".join(message(12, message(1, o) + message(2, message(1, integer(1, 1)))) for o in outputs)
        with open(path, "wb") as file:
            file.write(integer(1, 8) + message(8, message(1, "") + integer(2, 13)) + message(7, graph))


IMAGE = [1, 4, 4, 4]


def chain(step, shape=None):
    def make(n):
        model = Model(shape or IMAGE)
        last = "x"
        for i in range(n):
            last = step(model, last, i)
        return model, [last]

    return make


def conv(model, x, channels=4, seed=1.0, **attributes):
    return model.node("Conv", [x, model.constant([channels, channels, 1, 1], seed)], **attributes)


def batch_normalised(model, x, i):
    y = conv(model, x, seed=i + 1.0)
    parameters = [model.constant([4], 0.1 * k + 0.2) for k in range(3)]
    y = model.node("BatchNormalization", [y] + parameters + [model.constant([4], 0.3)])
    return model.node("Relu", [y])


def same_names(model, x, i):
    return model.node("Relu", [conv(model, x, seed=i + 1.0, name="same")], name="same")


def residual(model, x, i):
    return model.node("Add", [x, model.node("Relu", [conv(model, x, seed=i + 1.0)])])


def wide(step, join):
    def make(n):
        model = Model(IMAGE)
        return model, join(model, [step(model, "x", i) for i in range(n)])

    return make


def concat(model, parts):
    return [model.node("Concat", parts, axis=1)]


def split(n):
    model = Model([1, n, 2, 2])
    return model, concat(model, list(reversed(model.node("Split", ["x"], outputs=n, axis=1))))


def constants(n):
    model = Model(IMAGE)
    last = "x"
    for i in range(n):
        shape = model.node("Constant", [], value_ints=[1, -1])
        folded = model.node("Concat", [shape, model.node("Constant", [], value_ints=[1, 1])], axis=0)
        if i % 100 == 99:
            last = model.node("Reshape", [last, folded])
    return model, [last]


def folding(n):
    """A long sum of constants, and one of what is known when the graph is rewritten."""
    model = Model(IMAGE)
    total = model.constant([4, 1, 1])
    for i in range(n):
        total = model.node("Add", [total, model.constant([4, 1, 1], i + 2.0)])
    return model, [model.node("Mul", ["x", total])]


SHAPES = {
    "transposes": chain(lambda m, x, i: m.node("Transpose", [x], perm=[0, 2, 3, 1])),
    "transposed": chain(lambda m, x, i: m.node(*(("Sigmoid", [x]) if i % 2 else ("Transpose", [x])),
                                               **({} if i % 2 else {"perm": [0, 2, 3, 1]}))),
    "relus": chain(lambda m, x, i: m.node("Relu", [x])),
    "sigmoids": chain(lambda m, x, i: m.node("Sigmoid", [x])),
    "identities": chain(lambda m, x, i: m.node("Identity", [x])),
    "reshapes": chain(lambda m, x, i: m.node("Reshape", [x, m.integers([1, 8, 4, 2] if i % 2 else [1, 4, 4, 4])])),
    "added constants": chain(lambda m, x, i: m.node("Add", [x, m.constant([1, 4, 1, 1], i + 1.0)])),
    "one shared operand": chain(lambda m, x, i: m.node("Add", [x, "x"])),
    "convolutions": chain(batch_normalised),
    "equal names": chain(same_names),
    "residuals": chain(residual),
    "matrix products": chain(lambda m, x, i: m.node("MatMul", [x, m.constant([4, 4], i + 1.0)]), [1, 4]),
    "pads": chain(lambda m, x, i: m.node("Pad", [x, m.integers([0, 0, -1, 0, 0, 0, 1, 0])])),
    "sum of one": lambda n: (m := Model(IMAGE), [m.node("Sum", ["x"] * n)]),
    "sum of many": wide(lambda m, x, i: m.node("Elu", [x], alpha=0.001 * (i + 1)),
                        lambda m, parts: [m.node("Sum", parts)]),
    "concat of one": lambda n: (m := Model(IMAGE), concat(m, ["x"] * n)),
    "concat of many": wide(lambda m, x, i: m.node("Elu", [x], alpha=0.001 * (i + 1)), concat),
    "concat of convolutions": wide(lambda m, x, i: conv(m, x, seed=i + 1.0), concat),
    "concat of equals": wide(lambda m, x, i: m.node("Sigmoid", [x]), concat),
    "outputs": wide(lambda m, x, i: m.node("Elu", [x], alpha=0.001 * (i + 1)), lambda m, parts: parts),
    "equal outputs": wide(lambda m, x, i: m.node("Sigmoid", [x]), lambda m, parts: parts),
    "split": split,
    "constants": constants,
    "folding": folding,
}


def measure(command, bound):
    """CPU seconds, peak MB and exit code; None for the time of a run that was stopped."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (bound, bound)))
    error = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = usage.ru_utime + usage.ru_stime
    return (None if process.returncode < 0 else seconds, usage.ru_maxrss / 1024, process.returncode, error)


def npy(path, shape):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({','.join(map(str, shape))},), }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    numbers = [math.sin(i) for i in range(math.prod(shape))]
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        file.write(struct.pack(f"<{len(numbers)}f", *numbers))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dermc", required=True)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--bound", type=int, default=60, help="CPU seconds after which a run is stopped")
    parser.add_argument("--only", default="", help="names of shapes, or parts of them, with commas between")
    options = parser.parse_args()
    wanted = [name for name in options.only.split(",") if name]
    steep = 0
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'shape':24}{'nodes':>8}  " + "".join(f"{c:>22}" for c in ["stats", "convert", "compile", "int8", "run"]))
        for name, make in SHAPES.items():
            if wanted and not any(part in name for part in wanted):
                continue
            rows = []
            for size in [options.nodes, 2 * options.nodes, 4 * options.nodes]:
                model, outputs = make(size)
                path, data = f"{folder}/m.onnx", f"{folder}/data"
                model.save(path, outputs)
                os.makedirs(data, exist_ok=True)
                npy(f"{data}/0.npy", model.shape)
                quiet, tensors = ["--quiet", "-o", f"{folder}/out.derm"], [f"{data}/0.npy"]
                rows.append([
                    measure([options.dermc, *command], options.bound) for command in [
                        ["stats", path], ["convert", path, "-o", f"{folder}/c.derm"], ["compile", path, *quiet],
                        ["compile", path, "--int8", "--calib", data, *quiet], ["run", path, *tensors]]
                ])
            line = f"{name:24}{size:8}  "
            for middle, last in zip(rows[1], rows[2]):
                if last[0] is None:
                    text = f"over {options.bound} s"
                    steep += 1
                elif last[2] != 0:
                    text = f"exit {last[2]} {last[0]:.2f} s {last[1]:.0f}"
                else:
                    exponent = math.log2(last[0] / middle[0]) if last[0] > 0.2 and middle[0] else None
                    steep += exponent is not None and exponent > 1.5
                    text = f"{last[0]:.2f} s {last[1]:.0f} MB " + ("-" if exponent is None else f"{exponent:.1f}")
                line += f"{text:>22}"
            print(line, flush=True)
            for middle, last in zip(rows[1], rows[2]):
                if last[2] > 0:
                    print(f"    {last[3].strip().splitlines()[0][:140] if last[3].strip() else ''}")
    print(f"{steep} steeper than n^1.5")


if __name__ == "__main__":
    sys.exit(main())
