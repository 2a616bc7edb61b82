"""Injects faults into dermc and counts what it made of them.

Every run must end in time, in an exit code of the list, with a line on standard error where it is not 0; files that
were there before must be those of before or the new ones, whole; and a success must be written. Anything else is lost,
is shown, and makes the exit code 1. Python's standard library is all that is needed; fixtures of the project are all
that is read. The seed fixes the moments of faults as fractions of a run's length, not what the program is doing then.
"""

import argparse
import collections
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SECONDS = 60  # longer is a hang
CODES = {0, 1, 2, 3}  # 70 is a defect, which no fault excuses
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FIXTURES = os.path.join(ROOT, "fixtures")
MODEL = os.path.join(FIXTURES, "lesion_mobilenet.onnx")
CALIBRATION = os.path.join(FIXTURES, "images", "calib")
IMAGE = os.path.join(FIXTURES, "images", "eval", "nv", "001.jpg")
PREPROCESSING = os.path.join(FIXTURES, "preprocess.json")


class Lost(Exception):
    """Something that must not happen."""


class Outcome:
    def __init__(self, code, output, error, seconds):
        self.code, self.output, self.error, self.seconds = code, output, error, seconds


class Table:
    """What came of each kind of fault."""

    def __init__(self):
        self.rows = collections.OrderedDict()
        self.lost = []
        self.skipped = []

    def count(self, fault, outcome):
        self.rows.setdefault(fault, collections.Counter())[outcome] += 1

    def lose(self, fault, what):
        self.count(fault, "LOST")
        self.lost.append(f"{fault}: {what}")

    def skip(self, fault, why):
        self.skipped.append(f"{fault}: skipped, {why}")

    def text(self):
        lines = []
        total = 0
        width = max([len(fault) for fault in self.rows] + [5])
        for fault, counts in self.rows.items():
            runs = sum(counts.values())
            total += runs
            detail = ", ".join(f"{outcome} {count}" for outcome, count in sorted(counts.items()))
            lines.append(f"{fault:{width}}  {runs:5}  {detail}")
        lines += self.skipped
        lines.append(f"{'all':{width}}  {total:5}  lost {len(self.lost)}")
        return "\n".join(lines)


class Faults:
    def __init__(self, options):
        self.dermc = os.path.abspath(options.dermc)
        self.derm_run = os.path.abspath(options.derm_run)
        self.rounds = options.rounds
        self.random = random.Random(options.seed)
        self.table = Table()
        self.folder = tempfile.mkdtemp(prefix="dermc-faults-")

    # Running

    def run(self, words, during=None, limits=None, folder=None, prefix=(), variables=None):
        """Runs a program; `during` is called with the process once it runs."""

        def prepare():
            os.setpgid(0, 0)
            # Who starts this in the background has it ignore what is sent here.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
                signal.signal(number, signal.SIG_DFL)
            for name, value in (limits or {}).items():
                resource.setrlimit(name, (value, value))

        start = time.monotonic()
        process = subprocess.Popen(
            [*prefix, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=folder, env={**os.environ, **(variables or {})}, preexec_fn=prepare)
        try:
            if during:
                during(process)
            output, error = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Lost(f"hangs: {' '.join(words)}") from None
        return Outcome(process.returncode, output or b"", error.decode(errors="replace"), time.monotonic() - start)

    def loads(self, words, limits):
        """Whether the system's loader gets as far as the program: this makes it stop there."""
        return self.run(words[:1], limits=limits, variables={"LD_TRACE_LOADED_OBJECTS": "1"}).code == 0

    def check(self, outcome, words, signals=(), limits=None):
        """The name of an outcome; raises where it is not one of the list."""
        if outcome.code in (127, -signal.SIGSEGV) and limits:
            # The loader's last allocation comes after it has listed the libraries.
            if "Fatal glibc error: cannot allocate memory for find-object data" in outcome.error:
                return "not loaded"
            if not self.loads(words, limits):
                return "not loaded"
        if outcome.code < 0:
            if -outcome.code in signals:
                return f"signal {-outcome.code}"
            raise Lost(f"killed by signal {-outcome.code}: {' '.join(words)}: {outcome.error[-300:]}")
        if outcome.code not in CODES:
            raise Lost(f"exit code {outcome.code}: {' '.join(words)}: {outcome.error[-300:]}")
        lines = [line for line in outcome.error.splitlines() if line.startswith(("dermc: ", "derm-run: "))]
        lines = [line for line in lines if not line.startswith("dermc: warning: ")]
        if outcome.code != 0 and len(lines) != 1:
            raise Lost(f"exit code {outcome.code} with {len(lines)} lines: {' '.join(words)}: {outcome.error[-300:]}")
        return f"exit {outcome.code}"

    def attempt(self, fault, body):
        try:
            self.table.count(fault, body())
        except Lost as lost:
            self.table.lose(fault, str(lost))

    # What is on the disk

    def compile_words(self, model, *more):
        return [
            self.dermc, "compile", model, "--int8", "--calib", CALIBRATION, "--preprocess", PREPROCESSING, "--samples",
            "20", "--quiet", *more]

    @contextlib.contextmanager
    def workplace(self, parent=None):
        """A folder with a model of its own, which no fault of another run has seen."""
        folder = tempfile.mkdtemp(dir=parent or self.folder)
        try:
            shutil.copy(MODEL, os.path.join(folder, "model.onnx"))
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def contents(self, folder, *names):
        found = {}
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                with open(os.path.join(folder, name), "rb") as file:
                    found[name] = file.read()
        return found

    def prepare(self):
        """The files of two compilations that nothing happened to, which differ: what may be found after a fault."""
        self.versions = {}
        for name, more in (("old", ["--range", "minmax"]), ("new", [])):
            with self.workplace() as folder:
                words = self.compile_words("model.onnx", *more)
                outcome = self.run(words, folder=folder)
                if outcome.code != 0:
                    sys.exit(f"faults: without a fault: {outcome.error}")
                self.seconds = outcome.seconds
                self.versions[name] = self.contents(folder, "model.derm", "model.report.json")
        self.bundle = os.path.join(self.folder, "whole.derm")
        with open(self.bundle, "wb") as file:
            file.write(self.versions["new"]["model.derm"])
        if self.versions["old"]["model.derm"] == self.versions["new"]["model.derm"]:
            sys.exit("faults: both compilations give the same file")

    def put_old(self, folder):
        for name, data in self.versions["old"].items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)

    def check_files(self, folder, succeeded, had_old, killed=False, outright=False):
        """The bundle and its report are old or new, whole; new together where the command says so."""
        found = self.contents(folder, "model.derm", "model.report.json")
        states = {}
        for name in ("model.derm", "model.report.json"):
            data = found.get(name)
            known = [version for version in ("old", "new") if self.versions[version][name] == data]
            if data is None and not had_old:
                known = ["none"]
            if not known:
                size = "missing" if data is None else f"{len(data)} bytes"
                raise Lost(f"{name} is neither the file of before nor the new one: {size}")
            states[name] = known[0]
        bundle, report = states["model.derm"], states["model.report.json"]
        if succeeded and (bundle, report) != ("new", "new"):
            raise Lost(f"success, but the bundle is {bundle} and the report {report}")
        if not succeeded and not killed and "new" in (bundle, report):
            raise Lost(f"failed, but the bundle is {bundle} and the report {report}")
        if bundle == "new" and report != "new":
            raise Lost("a new bundle without its report")
        rest = [name for name in os.listdir(folder) if name.startswith(".dermc-")]
        if rest and not outright:
            raise Lost(f"left behind: {rest}")
        if "model.derm" in found:
            verified = self.run([self.dermc, "verify", os.path.join(folder, "model.derm")])
            if verified.code != 0:
                raise Lost(f"verify: {verified.error}")
        return " with rest aside" if rest else ""

    # Faults

    def signals(self, fault, number, rounds):
        for _ in range(rounds):
            moment = self.random.uniform(0, 1.05) * self.seconds
            had_old = self.random.random() < 0.5

            def body():
                with self.workplace() as folder:
                    if had_old:
                        self.put_old(folder)
                    words = self.compile_words("model.onnx")

                    def strike(process):
                        time.sleep(moment)
                        process.send_signal(number)

                    outcome = self.run(words, during=strike, folder=folder)
                    name = self.check(outcome, words, signals=(number,))
                    # A signal may come after the last file is in place; what is aside only SIGKILL may leave.
                    return name + self.check_files(
                        folder, outcome.code == 0, had_old, killed=outcome.code < 0, outright=number == signal.SIGKILL)

            self.attempt(fault, body)

    def file_sizes(self):
        largest = max(len(data) for data in self.versions["new"].values())
        for _ in range(self.rounds):
            limit = self.random.randrange(0, largest + 4096)
            had_old = self.random.random() < 0.5

            def body():
                with self.workplace() as folder:
                    if had_old:
                        self.put_old(folder)
                    words = self.compile_words("model.onnx")
                    outcome = self.run(words, limits={resource.RLIMIT_FSIZE: limit}, folder=folder)
                    return self.check(outcome, words) + self.check_files(folder, outcome.code == 0, had_old)

            # Below some size nothing can be said either: what is said goes to a pipe, which has no such limit.
            self.attempt("file size limit", body)

    def full_disk(self):
        mount = os.path.join(self.folder, "disk")
        os.mkdir(mount)
        total = sum(len(data) for data in self.versions["new"].values())
        size = os.path.getsize(MODEL) + 3 * total + 65536
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", mount], stderr=subprocess.PIPE, text=True,
            check=False)
        if made.returncode != 0:
            self.table.skip("full disk", f"a file system of its own cannot be mounted: {made.stderr.strip()}")
            return
        try:
            for _ in range(self.rounds):
                with self.workplace(mount) as folder:
                    self.put_old(folder)
                    free = os.statvfs(mount).f_bavail * os.statvfs(mount).f_frsize
                    rest = self.random.randrange(0, 2 * total)
                    with open(os.path.join(folder, "filler"), "wb") as file:
                        file.write(b"x" * max(0, free - rest))

                    def body():
                        words = self.compile_words("model.onnx")
                        outcome = self.run(words, folder=folder)
                        return self.check(outcome, words) + self.check_files(folder, outcome.code == 0, True)

                    self.attempt("full disk", body)
        finally:
            subprocess.run(["umount", mount], check=False)

    def memory(self):
        """From what cannot load the program to what is enough, in steps of random size, for several commands."""
        tensor = os.path.join(self.folder, "batch.npy")
        self.write_batch(tensor, 4)
        for fault, words in (
            ("memory limit, compile", None),
            ("memory limit, run", [self.dermc, "run", self.bundle, tensor]),
            ("memory limit, verify", [self.dermc, "verify", self.bundle]),
            ("memory limit, version", [self.dermc, "--version"]),
            ("memory limit, derm-run", [self.derm_run, self.bundle, IMAGE]),
        ):
            low, high = self.window(words or self.compile_words(MODEL, "-o", os.path.join(self.folder, "window.derm")))
            for _ in range(self.rounds):
                limit = self.random.randrange(low, high)

                def body():
                    limits = {resource.RLIMIT_AS: limit}
                    if words:
                        outcome = self.run(words, limits=limits)
                        if outcome.code == 0 and not outcome.output:
                            raise Lost("success without a word")
                        return self.check(outcome, words, limits=limits)
                    with self.workplace() as folder:
                        self.put_old(folder)
                        own = self.compile_words("model.onnx")
                        outcome = self.run(own, limits=limits, folder=folder)
                        name = self.check(outcome, own, limits=limits)
                        return name + self.check_files(folder, outcome.code == 0, True)

                self.attempt(fault, body)

    def window(self, words):
        """From a little less than what loads the program to a little more than what is enough."""

        def least(suffices):
            low, high = 1 << 20, 4 << 30
            while high - low > 1 << 18:
                middle = (low + high) // 2
                if suffices(self.run(words, limits={resource.RLIMIT_AS: middle}).code):
                    high = middle
                else:
                    low = middle
            return low, high

        return least(lambda code: code != 127)[0] - (1 << 18), least(lambda code: code == 0)[1] + (1 << 20)

    def write_batch(self, path, rows):
        """Zeroes for so many inputs, which take no room on the disk."""
        shape = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, 3, 96, 96), }}"
        header = shape.ljust(117) + "\n"
        with open(path, "wb") as file:
            file.write(b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + header.encode())
            file.truncate(128 + rows * 3 * 96 * 96 * 4)

    def changing_inputs(self, fault, change):
        """An input is changed at a random moment. A run that had read it before may succeed; none may take it half."""
        expected = {}
        results = ("out.npy", "model.derm", "model.report.json")
        for kind in ("batch", "model", "bundle"):
            for _ in range(max(1, self.rounds // 3)):
                moment = self.random.random()

                def body():
                    with self.workplace() as folder:
                        bundle, batch = os.path.join(folder, "whole.derm"), os.path.join(folder, "batch.npy")
                        shutil.copy(self.bundle, bundle)
                        self.write_batch(batch, 400)
                        output = os.path.join(folder, "out.npy")
                        if kind == "model":
                            words = self.compile_words(os.path.join(folder, "model.onnx"))
                            target = os.path.join(folder, "model.onnx")
                        else:
                            words = [self.dermc, "run", bundle, batch, "--output", output, "--quiet"]
                            target = batch if kind == "batch" else bundle
                        if kind not in expected:
                            whole = self.run(words)
                            expected[kind] = (whole.seconds, self.contents(folder, *results))
                            for name in expected[kind][1]:
                                os.unlink(os.path.join(folder, name))
                        seconds, wanted = expected[kind]

                        def strike(process):
                            time.sleep(moment * seconds)
                            change(target, self.random)

                        outcome = self.run(words, during=strike)
                        name = self.check(outcome, words)
                        found = self.contents(folder, *results)
                        if outcome.code == 0 and found != wanted:
                            # The change may have come before the file was opened: then it is all of the new one.
                            again = self.run(words)
                            if again.code != 0 or found != self.contents(folder, *found):
                                raise Lost(f"success with other bytes after {kind} changed")
                        # Too late to matter, or refused: nothing between.
                        if outcome.code != 0 and found and found != wanted:
                            raise Lost(f"exit code {outcome.code} and {sorted(found)}")
                        return name

                self.attempt(f"{fault}, {kind}", body)

    def outputs(self):
        for fault, script in (
            ("closed stdout", 'exec "$@" >&-'),
            ("all closed", 'exec "$@" <&- >&- 2>&-'),
            ("full stdout", 'exec "$@" >/dev/full'),
            ("nobody reads", '{ sleep 0.2; "$@"; echo "code $?" >&2; } | exec true; sleep 0.6'),
        ):
            for words in (
                [self.dermc, "--version"], [self.dermc, "--help"], [self.dermc, "stats", MODEL],
                [self.dermc, "stats", MODEL, "--json"], [self.dermc, "run", self.bundle, IMAGE],
                [self.dermc, "verify", self.bundle],
                [self.dermc, "convert", MODEL, "-o", os.path.join(self.folder, "x.onnx")],
                [self.derm_run, self.bundle, IMAGE],
            ):

                def body():
                    outcome = self.run(words, prefix=["sh", "-c", script, "sh"])
                    code = outcome.code
                    if fault == "nobody reads":
                        code = int(outcome.error.split()[-1])
                    if code != 3:
                        raise Lost(f"exit code {code}, but nothing was written: {' '.join(words)}")
                    if fault != "all closed" and "cannot be written" not in outcome.error:
                        raise Lost(f"no line: {' '.join(words)}: {outcome.error}")
                    return f"exit {code}"

                self.attempt(fault, body)

    def processes(self):
        """Stacks and threads that are not to be had. Root may start any number of processes, so another user tries."""
        for threads in ("1", "2", "8"):
            words = self.compile_words("model.onnx", "--threads", threads)

            def body(prefix=(), limits=None, owner=None):
                with self.workplace() as folder:
                    if owner:
                        os.chmod(self.folder, 0o755)
                        os.chown(folder, owner, owner)
                    outcome = self.run(words, folder=folder, prefix=prefix, limits=limits)
                    return self.check(outcome, words) + self.check_files(folder, outcome.code == 0, False)

            for size in (64 << 10, 128 << 10, 1 << 20):
                self.attempt("small stack", lambda: body(limits={resource.RLIMIT_STACK: size}))
            if os.geteuid() == 0 and shutil.which("setpriv") and self.is_reachable():
                prefix = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]
                for count in (1, 2, 4):
                    shell = [*prefix, "sh", "-c", f'ulimit -u {count}; exec "$@"', "sh"]
                    self.attempt("process limit", lambda: body(prefix=shell, owner=65534))
            elif threads == "1":
                self.table.skip("process limit", "needs root, setpriv and a folder that every user can read")

    def is_reachable(self):
        """Whether another user can run the program."""
        tried = subprocess.run(
            ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--", self.dermc, "--version"],
            capture_output=True, check=False)
        return tried.returncode == 0

    def all(self):
        self.prepare()
        self.signals("SIGKILL", signal.SIGKILL, self.rounds)
        self.signals("SIGTERM", signal.SIGTERM, self.rounds)
        self.signals("SIGINT", signal.SIGINT, max(1, self.rounds // 2))
        self.file_sizes()
        self.full_disk()
        self.memory()

        def shrink(path, rng):
            os.truncate(path, rng.randrange(0, max(1, os.path.getsize(path))))

        def overwrite(path, rng):
            with open(path, "r+b") as file:
                file.seek(rng.randrange(0, max(1, os.path.getsize(path))))
                file.write(bytes(rng.randrange(256) for _ in range(64)))

        def replace(path, rng):
            with open(path + ".new", "wb") as file:
                file.write(b"another file")
            os.rename(path + ".new", path)

        self.changing_inputs("input shrinks", shrink)
        self.changing_inputs("input overwritten", overwrite)
        self.changing_inputs("input replaced", replace)
        self.outputs()
        self.processes()


def main():
    parser = argparse.ArgumentParser(description="Injects faults into dermc and counts what it made of them.")
    parser.add_argument("--dermc", required=True)
    parser.add_argument("--derm-run", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=40, help="how often each fault is tried")
    options = parser.parse_args()
    faults = Faults(options)
    start = time.monotonic()
    try:
        faults.all()
    finally:
        shutil.rmtree(faults.folder, ignore_errors=True)
    print(faults.table.text())
    for line in faults.table.lost:
        print(f"lost: {line}")
    print(f"seed {options.seed}, {options.rounds} rounds, {time.monotonic() - start:.0f} s")
    sys.exit(1 if faults.table.lost else 0)


if __name__ == "__main__":
    main()
