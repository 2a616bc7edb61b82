"""What scripts/distributed-scale does, with the installed package.

Times are of processors, so that what else runs on the machine hardly matters. Scheduler, two workers and the machine that
asks are processes of this machine. What 64 workers do is computed.
"""

import argparse
import itertools
import os
import pathlib
import resource
import socket
import subprocess
import sys
import tempfile
import time

import psutil

from dermc import _program, read_report
from dermc.distributed import _cluster, _jobs, _worker, sweep

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
MODEL, PREPROCESS = FIXTURES / "lesion_cnn.onnx", FIXTURES / "preprocess.json"
CALIB, VAL = FIXTURES / "images/calib", FIXTURES / "images/eval"
WORKERS = 64


def nothing(kit, shard):
    """A shard that does nothing, and is as large as a part of few images."""
    return _worker.Made(b"", "", 0, 0)


def spent(process):
    """Seconds of processors of a process and those it has waited for."""
    times = process.cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def own():
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


class Processes:
    """A scheduler and two workers."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.started = [self._start("dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show")]
        for name in ("a", "b"):
            place = folder / name
            place.mkdir()
            self.started.append(
                self._start(
                    "dask_worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1",
                    "--local-directory", str(place),
                ))
        self.scheduler, *self.workers = (psutil.Process(process.pid) for process in self.started)

    @staticmethod
    def _start(module, *words):
        command = [sys.executable, "-m", f"distributed.cli.{module}", *words]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def times(self):
        """Of the scheduler, the workers and who asks; and the clock."""
        return [spent(self.scheduler), sum(map(spent, self.workers)), own(), time.monotonic()]

    def close(self):
        for process in self.started:
            process.kill()
            process.wait()


def measured(processes, call):
    before = processes.times()
    call()
    return [after - then for after, then in zip(processes.times(), before)]


def noop(processes, count):
    """Milliseconds of scheduler, workers and who asks for each shard, of shards that do nothing."""
    kit = _worker.Kit.of({"nothing": b""})
    with _cluster.Cluster(processes.address) as cluster:
        cluster.client.wait_for_workers(2)
        times = measured(
            processes, lambda: cluster.work("nothing", nothing, kit, range(count), done=lambda *_: None))
    return [1000 * value / count for value in times]


def counted(processes, folder, shards):
    """The same of shards that are counted, kept and merged; and the bytes of their parts."""
    sizes = []
    with _cluster.Cluster(processes.address) as cluster:
        cluster.client.wait_for_workers(2)
        settings = _jobs.Settings(parts=folder / f"parts-{shards}", shards=shards)
        divided = _jobs.Divided("calibrate", MODEL, CALIB, {"preprocess": PREPROCESS}, folder, settings)
        add = _jobs.Parts.add

        def weighed(self, shard, content):
            sizes.append(len(content))
            add(self, shard, content)

        _jobs.Parts.add = weighed
        try:
            times = measured(processes, lambda: divided.run(cluster))
        finally:
            _jobs.Parts.add = add
    return [1000 * value / shards for value in times], sizes


def swept(processes, folder, count):
    """Recipes that share counts, on both workers, beside one of them alone: seconds of processors of a recipe."""
    alone = folder / "alone.derm"
    words = ["--int8", "--calib", CALIB, "--eval", VAL, "--effort", "fast", "--preprocess", PREPROCESS, "--threads", "1"]
    before = own()
    for _ in range(5):
        _program.run(["compile", MODEL, *words, "--output", alone])
    one = (own() - before) / 5
    nodes = [layer.name for layer in read_report(alone.with_suffix(".report.json")).layers if layer.precision == "int8"]
    kept = [[], *([node] for node in nodes), *itertools.combinations(nodes, 2), *itertools.combinations(nodes, 3)]
    grid = [
        {"effort": "fast", "range": range_, "store": store, "keep_float": list(some) or None}
        for some in kept for range_ in ("mse", "l3", "l4", "percentile", "minmax") for store in ("compact", "raw")
    ][:count]
    times = measured(
        processes,
        lambda: sweep(
            MODEL, grid, calib=CALIB, eval=VAL, out=folder / "sweep", scheduler=processes.address, preprocess=PREPROCESS))
    return one, sum(times[:3]) / len(grid), len(grid), times[3]


def plot(rows, path):
    """Milliseconds of the scheduler and of who asks for each shard, over the number of shards, as SVG."""
    width, height, left, bottom, top = 560, 260, 60, 40, 20
    most = 1.15 * max(value for _, times in rows for value in (times[0], times[2]))

    def point(index, value):
        return left + (width - left - 120) * index / max(1, len(rows) - 1), height - bottom - (height - bottom - top) * value / most

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{left}" y="14">ms of a processor for each shard that does nothing</text>',
    ]
    for step in range(4):
        value = most * step / 3
        y = point(0, value)[1]
        out.append(f'<path d="M{left} {y:.1f}H{width - 120}" stroke="#ccc"/>')
        out.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.1f}</text>')
    for index, (count, _) in enumerate(rows):
        out.append(f'<text x="{point(index, 0)[0]:.1f}" y="{height - 18}" text-anchor="middle">{count:,}</text>')
    for name, place, colour in (("scheduler", 0, "#b2182b"), ("who asks", 2, "#2166ac")):
        points = [point(index, times[place]) for index, (_, times) in enumerate(rows)]
        out.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="'
            + " ".join(f"{x:.1f},{y:.1f}" for x, y in points) + '"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        x, y = points[-1]
        out.append(f'<text x="{x + 8:.1f}" y="{y + 4:.1f}" fill="{colour}">{name} {rows[-1][1][place]:.2f}</text>')
    out.append(f'<text x="{left}" y="{height - 4}">shards</text></svg>')
    pathlib.Path(path).write_text("\n".join(out) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shards", type=int, default=10_000)
    parser.add_argument("--recipes", type=int, default=200)
    parser.add_argument("--svg")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        processes = Processes(folder)
        try:
            print("shards that do nothing: ms for each of scheduler, workers, who asks; and of the clock")
            rows = []
            for count in sorted({100, 1000, arguments.shards}):
                rows.append((count, noop(processes, count)))
                print(f"  {count:6}  " + "  ".join(f"{value:7.2f}" for value in rows[-1][1]), flush=True)
            images = sum(path.is_file() for path in CALIB.glob("*/*"))
            print(f"lesion_cnn, {images} images: the same, and bytes of a part")
            real = {}
            for shards in (14, 140, 560):
                times, sizes = counted(processes, folder, shards)
                real[shards] = times
                print(f"  {shards:6}  " + "  ".join(f"{value:7.2f}" for value in times) + f"  {sum(sizes) / shards:9,.0f}", flush=True)
            # The program alone, so that what the cluster adds is told apart.
            before = own()
            for shard in range(1, 29):
                _program.run(["calibrate", MODEL, CALIB, "--preprocess", PREPROCESS, "--shard", f"{shard}/560", "--threads", "1",
                              "--output", folder / "alone.calib"])
            alone = 1000 * (own() - before) / 28
            print(f"dermc calibrate alone, a shard of 560: {alone:.1f} ms", flush=True)
            if arguments.recipes:
                one, each, count, clock = swept(processes, folder, arguments.recipes)
                print(f"sweep of {count} recipes: {each:.2f} s each, {clock:.0f} s by the clock; dermc compile: {one:.2f} s")
        finally:
            processes.close()
    scheduler, asker = real[560][0], real[560][2]
    print(f"of a shard the scheduler takes {scheduler:.2f} ms, who asks {asker:.2f} ms, merging included")
    for name, cost in (("scheduler", scheduler), ("machine that asks", asker)):
        print(f"computed: {WORKERS} workers wait for the {name} where a shard takes less than {WORKERS * cost / 1000:.2f} s")
    if arguments.svg:
        plot(rows, arguments.svg)


if __name__ == "__main__":
    main()
