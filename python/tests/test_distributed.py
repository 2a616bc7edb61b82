"""Work on a cluster of processes, on the project's fixtures: the bytes and figures of one machine."""

import functools
import hashlib
import http.server
import json
import logging
import os
import pathlib
import runpy
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

import dermc as dermc_of_one
from dermc import CommandError, _program

try:
    import distributed
    import fsspec

    from dermc import distributed as dermc
    from dermc.distributed import _cluster, _data, _parts, _worker
except ImportError:
    distributed = None

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"
MODEL = FIXTURES / "lesion_cnn.onnx"
PREPROCESS = FIXTURES / "preprocess.json"


def sha256(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@unittest.skipUnless(distributed, "Dask is not there")
class ClusterTests(unittest.TestCase):
    """A scheduler and two workers, each a process."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.data, cls.val = cls.folder / "calib", cls.folder / "val"
        for name, source in ((cls.data, "calib"), (cls.val, "eval")):
            for path in sorted((FIXTURES / "images" / source).glob("*/00[0-8].*")):
                (name / path.parent.name).mkdir(parents=True, exist_ok=True)
                shutil.copy(path, name / path.parent.name)
        # A name that URLs write otherwise, and a folder that comes first by paths and last by names of classes.
        (cls.data / "akiec" / "000.jpg").rename(cls.data / "akiec" / "ä #1?.jpg")
        cls.whole = cls.folder / "whole.derm"
        cls.one_machine(cls.whole)
        cls.cluster = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50,
        )
        cls.addClassCleanup(cls.cluster.close)
        cls.client = distributed.Client(cls.cluster)
        cls.addClassCleanup(cls.client.close)
        handler = functools.partial(Quiet, directory=str(cls.folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.url = f"http://127.0.0.1:{server.server_port}"

    @classmethod
    def one_machine(cls, output: pathlib.Path, *options: object) -> None:
        _program.run([
            "compile", MODEL, "--int8", "--calib", cls.data, "--eval", cls.val, "--effort", "fast", "--preprocess",
            PREPROCESS, "--output", output, *options,
        ])

    def compile(self, name: str, data: object, **options: object) -> pathlib.Path:
        output = self.folder / f"{name}.derm"
        dermc.compile(
            MODEL, data, out=output, eval=self.val, preprocess=PREPROCESS, scheduler=self.client, **options
        )
        return output

    # MARK: Bytes

    def test_weights_make_up_for_each_other_as_on_one_machine(self) -> None:
        whole = self.folder / "compensated.derm"
        options = {"rounding": "compensated", "range": "l3", "keep_float": ["/hidden/Gemm"]}
        self.one_machine(whole, "--rounding", "compensated", "--range", "l3", "--keep-float", "/hidden/Gemm")
        for name, data in (("moments", self.data), ("moments by URL", f"{self.url}/calib")):
            self.assertEqual(sha256(self.compile(name, data, shards=3, **options)), sha256(whole), name)

    def test_bundles_have_the_bytes_of_one_machine(self) -> None:
        told = []
        for worker in self.client.run(lambda dask_worker: dask_worker.address):
            path = self.client.run(lambda dask_worker: dask_worker.local_directory, workers=[worker])[worker]
            shutil.rmtree(os.path.join(path, "dermc"), ignore_errors=True)
        with self.assertLogs("dermc.distributed", "INFO") as sent:
            found = self.compile("five", self.data, shards=5, progress=told.append)
        # Files go to each worker once.
        self.assertEqual(sorted(line.split()[-1] for line in sent.output), sorted(self.client.nthreads()))
        self.assertEqual(sha256(found), sha256(self.whole))
        self.assertEqual([entry.done for entry in told], list(range(6)))
        self.assertEqual(sorted(entry.item for entry in told[1:]), [1, 2, 3, 4, 5])
        # What is finished is not done again; nor are the files sent again to whoever has them.
        told.clear()
        self.compile("five", self.data, shards=5, progress=told.append)
        self.assertEqual([(entry.done, entry.total) for entry in told], [(5, 5)])
        with self.assertLogs("dermc.distributed", "INFO") as sent:
            logging.getLogger("dermc.distributed").info("nothing")
            self.compile("six", self.data, shards=6)
        self.assertEqual(len(sent.output), 1, sent.output)

    def test_processors_of_this_machine(self) -> None:
        output = self.folder / "here.derm"
        report = dermc.compile(MODEL, self.data, out=output, eval=self.val, preprocess=PREPROCESS, shards=3)
        self.assertEqual(sha256(output), sha256(self.whole))
        self.assertEqual(report.calibration.samples, 63)

    def test_figures_are_those_of_one_machine(self) -> None:
        measured = dermc.evaluate(
            self.whole, self.val, against=MODEL, shards=4, scheduler=self.client, at_specificity="mel=0.9"
        )
        expected = _program.document(["eval", self.whole, self.val, "--against", MODEL, "--at-specificity", "mel=0.9"])
        self.assertEqual(measured.json, expected)

    def test_data_by_url(self) -> None:
        chosen = self.folder / "chosen.derm"
        self.one_machine(chosen, "--samples", 40, "--seed", 3)
        told = []
        for name, url in (("http", f"{self.url}/calib"), ("file", self.data.as_uri())):
            with self.subTest(url=name):
                found = self.compile(name, url, shards=3, samples=40, seed=3, progress=told.append)
                self.assertEqual(sha256(found), sha256(chosen))
        self.assertTrue(all(entry.fetched > 0 for entry in told if entry.item))
        self.assertEqual(sum(entry.done == 3 for entry in told), 2)

    def test_figures_of_data_by_url(self) -> None:
        # By paths `a b/...` comes before `a/...`, by folders after it: the program goes by folders.
        labelled = self.folder / "labelled"
        shutil.copytree(self.val, labelled)
        names = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]
        expected = _program.document(["eval", self.whole, labelled])
        found = dermc.evaluate(self.whole, f"{self.url}/labelled", shards=3, scheduler=self.client)
        self.assertEqual(found.json, expected)
        rows = [(f"{name}/{path.name}", name) for name in reversed(names) for path in sorted((labelled / name).iterdir())]
        (labelled / "some.csv").write_text("file,label\n" + "".join(f"{file},{label}\n" for file, label in rows[5:]))
        expected = _program.document(["eval", self.whole, labelled / "some.csv"])
        found = dermc.evaluate(self.whole, f"{self.url}/labelled/some.csv", shards=3, scheduler=self.client)
        self.assertEqual(found.json, expected)
        with self.assertRaisesRegex(CommandError, "labelled: has a table, some.csv; give .*/some.csv as the data"):
            dermc.evaluate(self.whole, f"{self.url}/labelled", shards=3, scheduler=self.client)

    def test_data_in_a_bucket(self) -> None:
        try:
            import s3fs
            from moto.server import ThreadedMotoServer
        except ImportError:
            self.skipTest("moto and s3fs are not there")
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        self.addCleanup(server.stop)
        address = "http://{}:{}".format(*server.get_host_and_port())
        options = {"key": "key", "secret": "secret", "client_kwargs": {"endpoint_url": address, "region_name": "eu-west-1"}}
        bucket = s3fs.S3FileSystem(**options)
        bucket.mkdir("images")
        bucket.put(str(self.data), "images/calib", recursive=True)
        bucket.put(str(self.val), "images/val", recursive=True)
        told = []
        found = self.compile("bucket", "s3://images/calib", shards=3, storage_options=options, progress=told.append)
        self.assertEqual(sha256(found), sha256(self.whole))
        size = sum(path.stat().st_size for path in self.data.glob("*/*"))
        self.assertEqual(sum(entry.fetched for entry in told), size)
        # Another key to the same data takes up what there is, and is kept nowhere.
        told.clear()
        self.compile(
            "bucket", "s3://images/calib", shards=3, storage_options={**options, "key": "other"}, progress=told.append
        )
        self.assertEqual([entry.done for entry in told], [3])
        rows = dermc.sweep(
            MODEL, {"effort": ["fast"], "store": ["compact", "raw"]}, calib="s3://images/calib", eval="s3://images/val",
            out=self.folder / "bucket", scheduler=self.client, preprocess=PREPROCESS, shards=3, storage_options=options,
        )
        self.assertEqual(rows[0]["sha256"], sha256(self.whole))

    def test_models_in_several_files(self) -> None:
        from dermc.distributed import _jobs

        entry = b"\n\x08location\x12\x0bweights.bin"
        for name, content in (("model.onnx", b"...." + entry), ("weights.bin", b"123"), ("other.bin", b"4")):
            (self.folder / name).write_bytes(content)
        files, shown = _jobs.model_files(self.folder / "model.onnx", "model")
        self.assertEqual(files, {"model/model.onnx": b"...." + entry, "model/weights.bin": b"123"})
        self.assertEqual(shown[0], ("model/model.onnx", str(self.folder / "model.onnx")))

    # MARK: Going on

    def test_what_is_finished_is_taken_up(self) -> None:
        class Stopped(Exception):
            pass

        made = []

        def stop(progress: object) -> None:
            if progress.item is not None:
                made.append(progress.item)
            if progress.done == 3:
                raise Stopped

        with self.assertRaises(Stopped):
            self.compile("stopped", self.data, shards=6, progress=stop)
        (folder,) = (self.folder / "stopped.parts").iterdir()
        kept = sorted(folder.glob("*.calib"))
        self.assertEqual(len(kept), 3)
        # A part that is damaged is made again, and what a killed process left is taken away.
        content = bytearray(kept[0].read_bytes())
        content[len(content) // 2] ^= 1
        kept[0].write_bytes(content)
        (folder / "aside-left").mkdir()
        again = []
        found = self.compile("stopped", self.data, shards=6, progress=lambda progress: again.append(progress.item))
        self.assertEqual(sha256(found), sha256(self.whole))
        damaged = int(kept[0].stem.split("-")[1]) + 1
        self.assertEqual(sorted(again[1:]), sorted({1, 2, 3, 4, 5, 6} - set(made) | {damaged}))
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["1-0.calib", "lock"])
        # Images that changed meanwhile are counted anew.
        os.utime(self.data / "mel" / "000.jpg")
        told = []
        self.compile("stopped", self.data, shards=6, progress=told.append)
        self.assertEqual(told[0].done, 0)

    def test_data_that_change_meanwhile(self) -> None:
        changing = self.folder / "changing"
        shutil.copytree(self.data, changing)

        def change(progress: object) -> None:
            if progress.done == 1:
                shutil.copy(changing / "mel" / "000.jpg", changing / "mel" / "another.jpg")

        with self.assertRaisesRegex(CommandError, "(?s)of other samples: .* names .*remove .*changing.parts.* and try again"):
            self.compile("changing", changing, shards=6, progress=change)

    def test_trees_of_any_size(self) -> None:
        parts = {}
        for shard in range(1, 8):
            path = self.folder / f"tree-{shard}.calib"
            _program.run(["calibrate", MODEL, self.data, "--preprocess", PREPROCESS, "--shard", f"{shard}/7", "-o", path])
            parts[shard] = path.read_bytes()
        whole = self.folder / "tree.calib"
        _program.run(["merge", *self.folder.glob("tree-*.calib"), "-o", whole])
        before = _parts.FAN
        self.addCleanup(setattr, _parts, "FAN", before)
        for fan in (2, 3, 8):
            _parts.FAN = fan
            tree = _parts.Parts(self.folder / f"tree-{fan}", "calib", 7)
            for first, some in enumerate(([5, 7, 1], [6, 2], [4, 3])):
                tree.open()
                self.assertEqual(len(tree.missing()), (7, 4, 2)[first])
                for shard in some:
                    tree.add(shard, parts[shard])
                tree.close()
            tree.open()
            with self.assertRaisesRegex(CommandError, "another process"):
                _parts.Parts(self.folder / f"tree-{fan}", "calib", 7).open()
            self.assertEqual((tree.missing(), sha256(tree.whole)), ([], sha256(whole)))
            tree.close()

    def test_tasks_for_a_worker_that_is_gone(self) -> None:
        class Bound(_cluster._Work):
            """Whose first tasks are for a worker that nobody knows."""

            def submit(self, items, *, again=False, carrying=None) -> None:
                super().submit(items, again=again, carrying=carrying if self.tries else "tcp://127.0.0.1:1")

        self.addCleanup(setattr, _cluster, "_SETTLED", _cluster._SETTLED)
        _cluster._SETTLED = 1
        found = {}
        with _cluster.Cluster(self.client) as cluster:
            Bound(cluster, "bound", "{1}".format, _worker.Kit.of({}), (), found.__setitem__).run([1, 2, 3])
        self.assertEqual(found, {1: "1", 2: "2", 3: "3"})

    def test_results_that_cannot_be_fetched_are_made_again(self) -> None:
        class Gone:
            """The future of a result that a stopped worker has."""

            status = "finished"

            def result(self, timeout: float) -> None:
                raise error

        for error in (TimeoutError("late"), OSError("gone"), distributed.client.CancelledError("lost")):
            with _cluster.Cluster(self.client) as cluster:
                found = {}
                work = _cluster._Work(cluster, "lost", "{1}".format, _worker.Kit.of({}), (), found.__setitem__)
                work.failures = {1: 0}
                with self.assertLogs("dermc.distributed", "WARNING"):
                    work.take(_cluster._Try(1, Gone()))
                self.assertEqual([tried.item for tried in work.running.values()], [1])

    # MARK: Sweeps

    def test_sweeps_make_what_compile_makes(self) -> None:
        nodes = [layer.name for layer in dermc_of_one.read_report(self.whole.with_suffix(".report.json")).layers][1:3]
        grid = [
            *({"effort": "fast", "range": range_, "store": store} for range_ in ("mse", "l4") for store in ("compact", "raw")),
            {"effort": "fast", "keep_float": nodes},
            {"effort": "fast", "target_ratio": 6}, {"effort": "fast", "target_ratio": None},
            {"effort": "fast", "target_ratio": 2000}, {"int8": False}, {"effort": "fast", "biases": "network"},
        ]
        out, told = self.folder / "sweep", []
        rows = dermc.sweep(
            MODEL, grid, calib=self.data, eval=f"{self.url}/val", out=out, scheduler=self.client, preprocess=PREPROCESS,
            shards=3, on_row=told.append,
        )
        self.assertEqual(len(rows), len(grid))
        self.assertEqual(sorted(row["name"] for row in told), sorted(row["name"] for row in rows))
        self.assertIn("out of reach", rows[7]["refused"])
        for recipe, row in zip(grid, rows):
            if "refused" in row:
                continue
            alone = self.folder / "alone.derm"
            options = _program.options({"int8": True, **recipe})
            _program.run([
                "compile", MODEL, "--calib", self.data, "--eval", self.val, "--preprocess", PREPROCESS, "-o", alone, *options
            ])
            self.assertEqual(sha256(out / row["file"]), sha256(alone), recipe)
            report = dermc_of_one.read_report(alone.with_suffix(".report.json"))
            self.assertEqual(row["kl"], report.accuracy.kl, recipe)
            self.assertEqual(row["top1"], report.accuracy.compiled.top1, recipe)
        self.assertEqual(sum("refused" in row for row in rows), 1, rows)
        lines = (out / "sweep.csv").read_text().splitlines()
        self.assertEqual(len(lines), len(grid) + 1)
        # What is there is not made again; one that was damaged is.
        damaged = out / rows[0]["file"]
        damaged.write_bytes(damaged.read_bytes()[:-1])
        progress = []
        again = dermc.sweep(
            MODEL, grid[:7], calib=self.data, eval=f"{self.url}/val", out=out, scheduler=self.client, preprocess=PREPROCESS,
            progress=progress.append,
        )
        self.assertEqual(again, rows[:7])
        self.assertEqual([entry.item for entry in progress], [None, rows[0]["name"]])

    # MARK: Refusals

    def test_refusals_are_the_program_s(self) -> None:
        broken = self.folder / "broken"
        shutil.copytree(self.data, broken)
        (broken / "mel" / "003.jpg").write_bytes(b"nonsense")
        for name, data, options, code, words in (
            ("missing", self.folder / "missing", {}, 3, "missing: No such file"),
            ("option", self.data, {"mean": "x"}, 2, "--mean"),
            ("image", broken, {"strict": True}, 3, "mel/003.jpg.*shard 3/4, worker tcp://"),
            ("images", self.data, {"target_ratio": 8}, 2, "--target-ratio: is judged by what images answer"),
            ("effort", self.data, {"effort": "max"}, 2, "--effort max"),
            ("folder", f"{self.url}/missing", {}, 3, "missing: cannot be listed"),
            ("server", "http://127.0.0.1:1/calib", {}, 3, "127.0.0.1:1/calib: cannot be listed"),
            ("library", "nonsense://x", {}, 3, "nonsense"),
        ):
            with self.subTest(name), self.assertRaisesRegex(CommandError, f"(?s){words}") as caught:
                self.compile(f"refused-{name}", data, shards=4, **options)
            self.assertEqual(caught.exception.exit_code, code, str(caught.exception))
            self.assertLess(len(str(caught.exception).splitlines()), 5)
            self.assertFalse((self.folder / f"refused-{name}.derm").exists())
        # Without strict it is left out, as on one machine.
        alone = self.folder / "broken.derm"
        _program.run([
            "compile", MODEL, "--int8", "--calib", broken, "--eval", self.val, "--effort", "fast", "--preprocess", PREPROCESS,
            "-o", alone,
        ])
        self.assertEqual(sha256(self.compile("broken-here", broken, shards=4)), sha256(alone))

    def test_two_versions_are_refused(self) -> None:
        stand_in = self.folder / "dermc"
        stand_in.write_text("#!/bin/sh\necho 9.9.9\n")
        stand_in.chmod(0o755)
        before = os.environ.get("DERMC", "")
        self.client.run(exec, f"import os; os.environ['DERMC'] = {str(stand_in)!r}")
        try:
            with self.assertRaisesRegex(CommandError, "has dermc 9.9.9, the machine that asks has .*install the same wheel"):
                self.compile("versions", self.data, shards=2)
        finally:
            self.client.run(exec, f"import os; os.environ['DERMC'] = {before!r}")

    # MARK: The command

    def test_the_command(self) -> None:
        def called(*words: object) -> "subprocess.CompletedProcess[str]":
            return subprocess.run(
                [sys.executable, "-m", "dermc.distributed", *map(str, words), "--quiet"], capture_output=True, text=True
            )

        address = self.cluster.scheduler_address
        output = self.folder / "called.derm"
        done = called(
            "compile", MODEL, "--calib", self.data, "--eval", self.val, "-o", output, "--scheduler", address, "--shards", 2,
            "--preprocess", PREPROCESS,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sha256(output), sha256(self.whole))
        done = called("evaluate", output, self.val, "--against", MODEL, "--scheduler", address, "--shards", 2, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), _program.document(["eval", output, self.val, "--against", MODEL]))
        done = called(
            "sweep", MODEL, "--calib", self.data, "--eval", self.val, "-o", self.folder / "called", "--scheduler", address,
            "--preprocess", PREPROCESS, "--effort", "fast", "--vary", "range=mse,l4", "--shards", 2,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 3, done.stdout)
        self.assertIn(sha256(self.whole), (self.folder / "called" / "sweep.csv").read_text())
        for words, code, said in (
            (["sweep", MODEL, "--calib", self.data], 2, "nothing is varied"),
            (["compile", MODEL], 2, "dermc-dask: the following arguments are required: --calib"),
            (["compile", MODEL, "--calib", "/missing", "--scheduler", address], 3, "dermc: error: /missing: No such file"),
            (["evaluate", output, self.val, "--nonsense", "--scheduler", address], 2, "--nonsense"),
        ):
            done = called(*words)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(said, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)


@unittest.skipUnless(distributed, "Dask is not there")
class RecipeTests(unittest.TestCase):
    """The recipes for clusters of docs/distributed.md."""

    folder = FIXTURES.parent / "examples/cluster"

    def test_slurm(self) -> None:
        try:
            import dask_jobqueue
        except ImportError:
            self.skipTest("dask-jobqueue is not there")
        recipe = runpy.run_path(str(self.folder / "slurm.py"))
        with recipe["cluster"]() as cluster:
            script = cluster.job_script()
        lines = script.splitlines()
        for line in ("#SBATCH -J dermc", "#SBATCH -p compute", "#SBATCH --cpus-per-task=8", "#SBATCH -t 04:00:00"):
            self.assertIn(line, lines)
        (command,) = (line for line in lines if "dask worker" in line or "dask_worker" in line)
        self.assertIn("--nthreads 8", command)
        self.assertIn("--lifetime 225m", command)
        self.assertEqual(subprocess.run(["bash", "-n"], input=script, text=True).returncode, 0)
        # The worker's options are its own.
        words = command.split()
        options = {word for word in words if word.startswith("--")}
        known = subprocess.run(
            [sys.executable, "-m", "distributed.cli.dask_worker", "--help"], capture_output=True, text=True
        ).stdout
        self.assertEqual([option for option in options if option not in known], [])

    def test_kubernetes(self) -> None:
        import yaml

        resources = list(yaml.safe_load_all((self.folder / "kubernetes.yaml").read_text()))
        self.assertEqual([resource["kind"] for resource in resources], ["Service", "Deployment", "Deployment"])
        service, scheduler, workers = resources
        for deployment in (scheduler, workers):
            labels = deployment["spec"]["template"]["metadata"]["labels"]
            self.assertEqual(deployment["spec"]["selector"]["matchLabels"], labels)
        self.assertEqual(service["spec"]["selector"], scheduler["spec"]["template"]["metadata"]["labels"])
        (worker,) = workers["spec"]["template"]["spec"]["containers"]
        port = service["spec"]["ports"][0]["port"]
        self.assertIn(f"tcp://{service['metadata']['name']}:{port}", worker["command"])
        for deployment in (scheduler, workers):
            _, command, *words = deployment["spec"]["template"]["spec"]["containers"][0]["command"]
            known = subprocess.run(
                [sys.executable, "-m", f"distributed.cli.dask_{command}", "--help"], capture_output=True, text=True
            ).stdout
            self.assertEqual([word for word in words if word.startswith("--") and word not in known], [])
        try:
            import kubernetes_validate
        except ImportError:
            return
        for resource in resources:
            kubernetes_validate.validate(resource, "1.30", strict=True)


class WithoutDaskTests(unittest.TestCase):
    def test_what_is_missing_is_told(self) -> None:
        hidden = (
            "import sys; sys.modules['distributed'] = None; import dermc; from dermc.distributed import __main__; "
            "sys.argv = ['dermc-dask', 'compile', 'x.onnx', '--calib', 'y']; __main__.main()"
        )
        done = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("pip install 'dermc[distributed]'", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)


@unittest.skipUnless(distributed, "Dask is not there")
class ListingTests(unittest.TestCase):
    def test_names_from_servers_stay_in_their_folder(self) -> None:
        for name in ("../up.jpg", "a/../../up.jpg", "a/\n.jpg", "/etc/x.jpg", "a//x.jpg"):
            table = f'file\nfine.jpg\n"{name}"\n'.encode()
            with self.assertRaisesRegex(CommandError, "cannot be fetched"):
                _data._named("http://x/files.csv", table, "csv", None, True)

    def test_shards_are_all_of_the_listing(self) -> None:
        for total, shards in ((10, 3), (3, 10), (1000, 7)):
            every = [at for shard in range(1, shards + 1) for at in _data.positions(shard, shards, total)]
            self.assertEqual(every, list(range(total)))


if __name__ == "__main__":
    unittest.main()
