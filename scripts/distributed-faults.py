"""What scripts/distributed-faults does, with the installed package.

Cases: kills, late, scheduler, disk, image, versions, client. Models and images are the fixtures'. Ends with 1 where bytes
differ or a refusal does not say what it must.
"""

import argparse
import contextlib
import hashlib
import logging
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from dermc import CommandError, _program, distributed

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
MODEL, CALIB, VAL = FIXTURES / "lesion_cnn.onnx", FIXTURES / "images/calib", FIXTURES / "images/eval"
PREPROCESS = FIXTURES / "preprocess.json"
LOGGER = logging.getLogger("dermc.distributed")


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class Cluster:
    """A scheduler and workers, each a process, on ports of this machine."""

    def __init__(self, folder, workers=2):
        self.folder, self.processes, self.scheduler, self.started = folder, [], None, 0
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.start_scheduler()
        for _ in range(workers):
            self.start_worker()

    def _start(self, module, *words, limit=None, **variables):
        def limited():
            if limit:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *words], preexec_fn=limited,
            env={**os.environ, "DASK_DISTRIBUTED__DASHBOARD__LINK": "", **variables}, stdout=subprocess.DEVNULL,
            stderr=open(self.folder / "cluster.log", "ab"),
        )

    def start_scheduler(self):
        words = ["--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard", "--no-show"]
        self.scheduler = self._start("dask_scheduler", *words)

    def start_worker(self, **options):
        self.started += 1
        place = self.folder / f"worker-{self.started}"
        place.mkdir()
        worker = self._start(
            "dask_worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1",
            "--local-directory", str(place), "--name", f"w{self.started}", **options,
        )
        self.processes.append(worker)
        return worker

    def kill(self, process):
        process.kill()
        process.wait()
        if process in self.processes:
            self.processes.remove(process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in [*self.processes, self.scheduler]:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


class Case:
    """One way for things to go wrong."""

    def __init__(self, name, folder, whole, rng, kills):
        self.name, self.folder, self.whole, self.rng, self.kills = name, folder, whole, rng, kills
        self.wrong = 0

    def compile(self, cluster, name, shards=48, data=CALIB, **options):
        output = self.folder / f"{name}.derm"
        distributed.compile(
            MODEL, data, out=output, eval=VAL, preprocess=PREPROCESS, scheduler=cluster.address, shards=shards, **options
        )
        return digest(output)

    def hold(self, what, is_right):
        print(f"{self.name}: {what}: {'as it should be' if is_right else 'WRONG'}", flush=True)
        self.wrong += not is_right

    def refused(self, what, words, call):
        try:
            call()
        except (CommandError, distributed.ClusterError) as error:
            text = str(error)
            self.hold(f"{what}: {type(error).__name__}: {text}", all(word in text for word in words) and text.count("\n") < 3)
        else:
            self.hold(f"{what}: not refused", False)

    # Each case is a method.

    def run_kills(self):
        """A worker is killed at a random moment and another started, ten times."""
        killed, jobs = 0, 0
        with Cluster(self.folder, workers=2) as cluster:
            over = threading.Event()

            def kill_some():
                nonlocal killed
                while not over.wait(self.rng.uniform(0.3, 3)) and killed < self.kills:
                    cluster.kill(self.rng.choice(cluster.processes))
                    cluster.start_worker()
                    killed += 1

            thread = threading.Thread(target=kill_some)
            thread.start()
            try:
                while killed < self.kills or not jobs:
                    jobs += 1
                    made = []
                    found = self.compile(
                        cluster, f"kills-{jobs}", retries=20, patience=15,
                        progress=lambda progress: made.append(progress.item),
                    )
                    self.hold(f"job {jobs}, {killed} workers killed so far, same bytes", found == self.whole)
                    self.hold("each shard kept once", sorted(made[1:]) == list(range(1, 49)))
            finally:
                over.set()
                thread.join()

    def run_late(self):
        """A worker is stopped in the middle, and goes on only after the end."""
        with Cluster(self.folder) as cluster:
            stopped = []

            def stop(progress):
                if progress.done == 5:
                    stopped.append(cluster.processes[0])
                    stopped[0].send_signal(signal.SIGSTOP)

            began = time.monotonic()
            found = self.compile(cluster, "late", patience=5, progress=stop)
            self.hold(f"same bytes, {time.monotonic() - began:.0f} s", found == self.whole and bool(stopped))
            stopped[0].send_signal(signal.SIGCONT)
            found = self.compile(cluster, "late-again")
            self.hold("same bytes with the worker back", found == self.whole)

    def run_scheduler(self):
        """The scheduler is killed, its workers with it, and all are started again."""
        with Cluster(self.folder) as cluster:
            done, made = threading.Event(), []

            def heard(progress):
                made.append(progress.item)
                if progress.done == 8:
                    done.set()

            def restart():
                done.wait()
                cluster.kill(cluster.scheduler)
                for worker in list(cluster.processes):
                    cluster.kill(worker)
                time.sleep(3)
                cluster.start_scheduler()
                cluster.start_worker()
                cluster.start_worker()

            thread = threading.Thread(target=restart)
            thread.start()
            try:
                found = self.compile(cluster, "scheduler", progress=heard)
            finally:
                done.set()
                thread.join()
            self.hold("same bytes", found == self.whole)
            self.hold("each shard kept once", sorted(made[1:]) == list(range(1, 49)))

    def run_disk(self):
        """One worker can write no file of the model's size."""
        with Cluster(self.folder, workers=1) as cluster:
            full = cluster.start_worker(limit=1_000_000)
            workers = []
            found = self.compile(cluster, "disk", progress=lambda progress: workers.append(progress.worker))
            self.hold("same bytes", found == self.whole)
            self.hold("all by the other worker", len(set(workers[1:])) == 1 and full.poll() is None)
            cluster.kill(cluster.processes[0])
            self.refused("with no other", ["File too large", "worker tcp://"], lambda: self.compile(cluster, "disk-2", 4))

    def run_image(self):
        """An image is damaged."""
        data = self.folder / "broken"
        shutil.copytree(CALIB, data)
        image = data / "mel" / "003.jpg"
        image.write_bytes(image.read_bytes()[:200])
        alone = self.folder / "broken.derm"
        _program.run([
            "compile", MODEL, "--int8", "--calib", data, "--eval", VAL, "--effort", "fast", "--preprocess", PREPROCESS, "-o", alone,
        ])
        with Cluster(self.folder) as cluster:
            self.hold("the bytes of one machine without it", self.compile(cluster, "image", data=data) == digest(alone))
            self.refused(
                "with --strict", ["mel/003.jpg", "shard", "worker tcp://"],
                lambda: self.compile(cluster, "image-strict", data=data, strict=True),
            )

    def run_versions(self):
        """One worker has another dermc."""
        other = self.folder / "dermc"
        other.write_text("#!/bin/sh\necho 9.9.9\n")
        other.chmod(0o755)
        with Cluster(self.folder, workers=1) as cluster:
            made = []

            def add_other(progress):
                made.append(progress.item)
                if progress.done == 6:
                    cluster.start_worker(DERMC=str(other))
                if progress.done > 6:
                    time.sleep(0.5)

            words = ["has dermc 9.9.9", "worker tcp://", "install the same wheel"]
            self.refused("two versions", words, lambda: self.compile(cluster, "versions", progress=add_other))
            cluster.kill(cluster.processes[-1])
            again = []
            found = self.compile(cluster, "versions", progress=again.append)
            self.hold("same bytes without it", found == self.whole)
            self.hold(f"{again[0].done} shards were kept", again[0].done == len(made) - 1)

    def run_client(self):
        """The machine that asks is killed, and asks again."""
        with Cluster(self.folder) as cluster:
            output = self.folder / "client.derm"
            words = [
                sys.executable, "-m", "dermc.distributed", "compile", MODEL, "--calib", CALIB, "--eval", VAL, "--preprocess",
                PREPROCESS, "-o", output, "--scheduler", cluster.address, "--shards", "48", "--quiet",
            ]
            kept = 0
            for _ in range(3):
                process = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL)
                before, began = kept, time.monotonic()
                while kept < before + 10 and process.poll() is None and time.monotonic() - began < 120:
                    time.sleep(0.2)
                    kept = self._kept(output.with_suffix(".parts"))
                process.kill()
                process.wait()
            told = []
            found = self.compile(cluster, "client", progress=told.append)
            self.hold(f"same bytes; {told[0].done} shards taken up of {kept} seen", found == self.whole)
            self.hold("none was lost", told[0].done >= kept)

    @staticmethod
    def _kept(folder):
        """How many shards are in the files of a job."""
        with contextlib.suppress(OSError):
            for path in folder.iterdir():
                nodes = [path.stem.split("-") for path in path.glob("*.calib")]
                covered = set()
                for level, index in ((int(level), int(index)) for level, index in nodes):
                    covered |= set(range(index * 32**level, min((index + 1) * 32**level, 48)))
                return len(covered)
        return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    names = [name[4:] for name in vars(Case) if name.startswith("run_")]
    unknown = sorted(set(arguments.cases) - set(names))
    if unknown:
        sys.exit(f"distributed-faults: {unknown[0]} is no case: {', '.join(names)}")
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        whole = pathlib.Path(scratch) / "whole.derm"
        _program.run([
            "compile", MODEL, "--int8", "--calib", CALIB, "--eval", VAL, "--effort", "fast", "--preprocess", PREPROCESS,
            "-o", whole,
        ])
        for name in arguments.cases or names:
            folder = pathlib.Path(scratch) / name
            folder.mkdir()
            case = Case(name, folder, digest(whole), random.Random(arguments.seed), arguments.kills)
            began = time.monotonic()
            try:
                getattr(case, f"run_{name}")()
            except (CommandError, distributed.ClusterError, OSError) as error:
                case.hold(f"{type(error).__name__}: {error}", False)
            print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
            wrong += case.wrong
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
