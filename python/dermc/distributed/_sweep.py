"""Compiling a model by many recipes on a cluster."""

import csv
import dataclasses
import hashlib
import itertools
import json
import os
import pathlib
import re
import shutil
import tempfile
import time
from typing import Any, Callable, Dict, Hashable, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

from .. import _program
from .._program import CommandError
from . import _data, _worker
from ._cluster import Listener, Progress, Scheduler, listener
from ._data import Listing, Path
from ._jobs import COUNTED_ALIKE, OF_COUNTING, Divided, Settings, divided_options, model_files, option_words
from ._worker import Argument, Failure, InKit, Kit

Recipe = Dict[str, Any]
Grid = Union[Mapping[str, Sequence[Any]], Iterable[Mapping[str, Any]]]
Row = Dict[str, Any]

#: What `dermc sweep` varies, and what it takes for all of its points besides.
_VARIED = frozenset(["effort", "target_ratio"])
_OF_SWEEP = frozenset(
    "size scale mean std channels resize exif_orientation preprocess layout task scores output_name positive threshold labels "
    "table image_column label_column group subgroups columns input image_input calib_table prune_scope samples seed "
    "keep_float store prune".split()
)


@dataclasses.dataclass(frozen=True)
class Whole:
    """An argument that is data by URL: fetched to a worker once."""

    url: str
    options: str = dataclasses.field(repr=False)
    identity: str
    #: Names and classes, in the kit.
    listing: str
    table: Optional[str]


@dataclasses.dataclass(frozen=True)
class Task:
    """Recipes that a worker compiles in one go.

    Args:
        names: of the recipes.
        common: arguments of the command.
        own: of each recipe, beside the common ones.
        sweep: what `dermc sweep` is told of them, where it does; their ratios in its words.
    """

    version: str
    names: Tuple[str, ...]
    common: Tuple[Union[Argument, Whole], ...]
    own: Tuple[Tuple[Argument, ...], ...]
    threads: int
    shown: Tuple[Tuple[str, str], ...] = ()
    sweep: Tuple[Argument, ...] = ()
    ratios: Tuple[str, ...] = ()

    def __str__(self) -> str:
        return ", ".join(self.names)


@dataclasses.dataclass(frozen=True)
class Compiled:
    """What came of a recipe: a bundle and its report, or why there is none."""

    bundle: bytes = b""
    report: bytes = b""
    refused: str = ""


@dataclasses.dataclass(frozen=True)
class Made:
    """What came of a task."""

    recipes: Mapping[str, Compiled]
    worker: str
    seconds: float


# MARK: On workers


def compiled(kit: Union[Kit, str], task: Task) -> Union[Made, Failure]:
    """Compiles the recipes of a task."""
    return _worker.told(_compiled, kit, task)


def _compiled(kit: Union[Kit, str], task: Task) -> Made:
    began = time.monotonic()
    _worker.check_version(task.version)
    with _worker.trouble_told():
        folder = _worker.place(kit)
        common = [_here(argument, folder) for argument in task.common]
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            own = pathlib.Path(scratch)
            shown = [(f"{folder}/{name}", called) for name, called in task.shown]
            shown += [(f"{folder.parent}/{_cache(found)}", found.url) for found in task.common if isinstance(found, Whole)]
            done: Dict[str, Compiled] = {}
            if task.sweep:
                done = _swept(task, folder, common, own, shown)
            for name, arguments in zip(task.names, task.own):
                if name not in done:
                    done[name] = _alone(task, [*common, *(_here(word, folder) for word in arguments)], own, shown)
    return Made(done, _worker.address(), time.monotonic() - began)


def _alone(task: Task, words: List[str], own: pathlib.Path, shown: List[Tuple[str, str]]) -> Compiled:
    output = own / "alone.derm"
    try:
        _worker.run(
            ["compile", *words, "--output", str(output), "--threads", str(task.threads), "--quiet"], shown, ""
        )
    except CommandError as error:
        return Compiled(refused=str(error))
    return Compiled(output.read_bytes(), output.with_suffix(".report.json").read_bytes())


def _swept(
    task: Task, folder: pathlib.Path, common: List[str], own: pathlib.Path, shown: List[Tuple[str, str]]
) -> Dict[str, Compiled]:
    """By `dermc sweep`, which does once what recipes have in common. What it does not answer is compiled alone."""
    words = [_here(argument, folder) for argument in task.sweep]
    try:
        _worker.run(
            ["sweep", *common, *words, "--output", str(own / "sweep"), "--no-latency", "--threads", str(task.threads), "--quiet"],
            shown, "",
        )
    except CommandError:
        return {}
    done: Dict[str, Compiled] = {}
    for point in json.loads((own / "sweep" / "sweep.json").read_text(encoding="utf-8"))["points"]:
        options = point["options"]
        ratio = options[options.index("--target-ratio") + 1] if "--target-ratio" in options else "plain"
        if ratio not in task.ratios or "--int8" not in options:
            continue
        name = task.names[task.ratios.index(ratio)]
        if point.get("out_of_reach"):
            done[name] = Compiled(refused=str(point["out_of_reach"]))
            continue
        bundle = own / "sweep" / point["bundle"]["file"]
        done[name] = Compiled(bundle.read_bytes(), bundle.with_suffix(".report.json").read_bytes())
    return done


def _cache(whole: Whole) -> str:
    return f"data-{whole.identity[:32]}"


def _here(argument: Union[Argument, Whole], folder: pathlib.Path) -> str:
    """An argument as this worker has it; data by URL are fetched where they are not there."""
    if isinstance(argument, InKit):
        return str(folder / argument.name)
    if not isinstance(argument, Whole):
        return str(argument)
    place = folder.parent / _cache(argument)
    with _worker.placing:
        if not place.exists():
            aside = pathlib.Path(tempfile.mkdtemp(dir=folder.parent))
            try:
                names = (folder / argument.listing).read_bytes()
                text = names.decode("utf-8", "surrogateescape")
                _data.fetch(argument.url, json.loads(argument.options), text.split("\n")[:-1], aside)
                (aside / "files.txt").write_bytes(names)
                if argument.table is not None:
                    (aside / "labels.csv").write_bytes((folder / argument.table).read_bytes())
                aside.rename(place)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    return str(place / ("labels.csv" if argument.table is not None else "files.txt"))


# MARK: Asking for it


def recipes(grid: Grid) -> List[Recipe]:
    """All combinations of a grid's values; or the recipes of a list."""
    if isinstance(grid, Mapping):
        for name, values in grid.items():
            if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
                raise CommandError(2, f"grid: {name} is {values!r}: expected a list of values")
        combined = [dict(zip(grid, values)) for values in itertools.product(*grid.values())]
    else:
        combined = [dict(recipe) for recipe in grid]
    unique = {json.dumps(recipe, sort_keys=True, default=os.fspath): recipe for recipe in combined}
    if not unique:
        raise CommandError(2, "grid: has no recipe")
    return list(unique.values())


def sweep(
    model: Path,
    grid: Grid,
    *,
    calib: Path,
    eval: Optional[Path] = None,
    out: Path = "sweep",
    scheduler: Scheduler = None,
    on_row: Optional[Callable[[Row], None]] = None,
    shards: Optional[int] = None,
    threads: int = 1,
    progress: Union[bool, Listener, None] = None,
    retries: int = 3,
    patience: float = 30,
    storage_options: Optional[Mapping[str, Any]] = None,
    **options: Any,
) -> List[Row]:
    """Compiles a model by many recipes on a cluster, and measures each bundle.

    Every bundle has the bytes that `dermc compile` gives it with the recipe's options. Work that recipes share is done
    once where dermc lets it be shared: those that ask for `effort="fast"` and vary ranges, steps of the file or layers
    kept in float are compiled from one count of the calibration data (`dermc calibrate`), divided into shards; those that
    vary `target_ratio` alone are given to one `dermc sweep`.

    Args:
        grid: `{"effort": ["fast", "default"], "target_ratio": [None, 6, 8]}`, of which all combinations are compiled; or a
            list of recipes, each a dict of options of `dermc compile`.
        out: a folder for bundles, reports and `sweep.csv`. What is finished in it is not done again.
        on_row: is given each row as it comes, those that were there first.
        options: of `dermc compile`, the same for all recipes.

    Returns:
        A row for each recipe, in the grid's order: its options; `name`, `file`, `bytes`, `sha256`, `ratio`, `agreement`,
        `kl`, `top1`, `macro_f1`, `balanced_accuracy`, `auc`, or why there is no bundle, `refused`.

    Raises:
        CommandError: dermc refused all recipes.
        ClusterError: nobody answers, or workers fail whatever they are given.
    """
    settings = Settings(scheduler, shards, None, threads, progress, retries, patience, storage_options or {})
    return Sweep(model, recipes(grid), calib, eval, pathlib.Path(out), settings, options, on_row).run()


class Sweep:
    """A model and the recipes to compile it by; sweep() says what each argument is."""

    def __init__(
        self, model: Path, wanted: List[Recipe], calib: Path, eval: Optional[Path], out: pathlib.Path, settings: Settings,
        options: Mapping[str, Any], on_row: Optional[Callable[[Row], None]],
    ) -> None:
        self.model, self.calib, self.eval, self.out, self.settings = model, calib, eval, out, settings
        self.recipes = {self._name(recipe): recipe for recipe in wanted}
        self.options = dict(options)
        self.on_row = on_row or (lambda _: None)
        self.rows: Dict[str, Row] = {}
        self.keys: Dict[str, str] = {}

    @staticmethod
    def _name(recipe: Recipe) -> str:
        """What a person reads, and a hash, since names of nodes are longer than names of files may be."""
        text = "-".join(f"{name}-{value}" for name, value in recipe.items() if value is not None) or "default"
        told = re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-")[:80]
        whole = json.dumps(recipe, sort_keys=True, default=os.fspath)
        return f"{told}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"

    def _all_options(self, name: str) -> Dict[str, Any]:
        return {**self.options, **self.recipes[name]}

    def run(self) -> List[Row]:
        self.out.mkdir(parents=True, exist_ok=True)
        tell = listener(self.settings.progress)
        with self.settings.cluster() as cluster:
            files, shown = model_files(self.model, "model")
            model = InKit(next(iter(files)))
            identities = [_worker.version(), Kit.hash(files)]
            data: Dict[str, Union[Argument, Whole]] = {}
            for role, place in (("calib", self.calib), ("eval", self.eval)):
                if place is not None:
                    argument, identity = self._data(role, place, files, cluster)
                    data[role] = argument
                    identities.append(f"{role} {identity}")
            words = {name: tuple(self._words(self._all_options(name), files, shown)) for name in self.recipes}
            for name in self.recipes:
                said = [*identities, [[_said(word, files) for word in words[name]]]]
                self.keys[name] = hashlib.sha256(json.dumps(said).encode()).hexdigest()
                self._take_up(name)
            missing = [name for name in self.recipes if name not in self.rows]
            tell(Progress("sweep", len(self.rows), len(self.recipes)))
            if missing:
                counted = [name for name in missing if self._is_counted(name)]
                if len(counted) > 1:
                    files["counts.calib"] = self._counts(cluster, counted[0]).read_bytes()
                else:
                    counted = []
                tasks = self._tasks(missing, counted, model, data, words, tuple(shown), cluster.slots())
                kit = Kit.of(files)

                def done(_: Hashable, made: Made) -> None:
                    for name, result in made.recipes.items():
                        self._keep(name, result)
                        tell(Progress("sweep", len(self.rows), len(self.recipes), name, made.worker, made.seconds))

                cluster.work("dermc-sweep", compiled, kit, tasks, done=done)
        rows = [self.rows[name] for name in self.recipes]
        if all("refused" in row for row in rows):
            raise CommandError(3, rows[0]["refused"])
        self._table(rows)
        return rows

    # MARK: What is sent

    def _data(
        self, role: str, place: Path, files: Dict[str, bytes], cluster: Any
    ) -> Tuple[Union[Argument, Whole], str]:
        if not _data.is_url(place):
            path = os.path.abspath(place)
            listing: Listing = _data.list_path(path) if os.path.exists(path) else cluster.ask(_data.list_path, path)
            return path, listing.identity
        url, options = str(place), self.settings.storage_options
        listing = _data.list_url(url, options, labelled=role == "eval", column=self.options.get("image_column"))
        names = f"data/{role}.txt"
        files[names] = "".join(f"{name}\n" for name in listing.names).encode("utf-8", "surrogateescape")
        table = None
        if listing.table is not None and role == "eval":
            table = f"data/{role}.csv"
            files[table] = listing.table
        return Whole(_data.base(url), _data.written(options), listing.identity, names, table), listing.identity

    @staticmethod
    def _words(options: Mapping[str, Any], files: Dict[str, bytes], shown: List[Tuple[str, str]]) -> List[Argument]:
        given = dict(options)
        words: List[Argument] = ["--int8"] if given.pop("int8", True) else []
        return words + option_words(given, files, shown)

    def _is_counted(self, name: str) -> bool:
        """Whether counts serve the recipe as images do."""
        options = {key: value for key, value in self._all_options(name).items() if value not in (None, False)}
        return (
            self.eval is not None and options.pop("int8", True) is True and options.pop("effort", None) == "fast"
            and set(options) <= COUNTED_ALIKE | OF_COUNTING
            and not set(self.recipes[name]) & (OF_COUNTING - {"strict"})
        )

    def _counts(self, cluster: Any, name: str) -> pathlib.Path:
        """The counts of the calibration data, made once for all recipes that they serve."""
        counting, _ = divided_options(self._all_options(name))
        return Divided("calibrate", self.model, self.calib, counting, self.out / "parts", self.settings).run(cluster)

    def _tasks(
        self, missing: List[str], counted: List[str], model: InKit, data: Mapping[str, Union[Argument, Whole]],
        words: Mapping[str, Tuple[Argument, ...]], shown: Tuple[Tuple[str, str], ...], slots: int,
    ) -> List[Task]:
        version, threads = _worker.version(), self.settings.threads
        common: List[Union[Argument, Whole]] = [model]
        for role, argument in data.items():
            common += [f"--{role}", argument]
        from_counts: List[Union[Argument, Whole]] = [model, "--calib", InKit("counts.calib")]
        from_counts += ["--eval", data["eval"]] if "eval" in data else []
        tasks: List[Task] = []
        groups: Dict[str, List[str]] = {}
        for name in missing:
            options = {key: value for key, value in self._all_options(name).items() if value not in (None, False)}
            if name in counted:
                _, rest = divided_options(self._all_options(name))
                own = tuple(self._words(rest, {}, []))
                tasks.append(Task(version, (name,), tuple(from_counts), (own,), threads, shown))
            elif options.get("int8", True) is True and set(options) - {"int8"} <= _OF_SWEEP | _VARIED:
                alike = {key: value for key, value in options.items() if key != "target_ratio"}
                groups.setdefault(json.dumps(alike, sort_keys=True, default=os.fspath), []).append(name)
            else:
                tasks.append(Task(version, (name,), tuple(common), (words[name],), threads, shown))
        most = max(2, -(-sum(map(len, groups.values())) // max(1, slots)))
        for group in groups.values():
            for start in range(0, len(group), most):
                names = group[start : start + most]
                own_words = tuple(words[name] for name in names)
                sweep, ratios = self._swept(names) if len(names) > 1 else ((), ())
                tasks.append(Task(version, tuple(names), tuple(common), own_words, threads, shown, sweep, ratios))
        return tasks

    def _swept(self, names: Sequence[str]) -> Tuple[Tuple[Argument, ...], Tuple[str, ...]]:
        """What `dermc sweep` is told of recipes that differ in their ratio alone."""
        options = self._all_options(names[0])
        ratios = tuple(_number(self._all_options(name).get("target_ratio")) for name in names)
        rest = {key: value for key, value in options.items() if key not in (*_VARIED, "prune", "int8")}
        words: List[Argument] = [
            "--precisions", "int8", "--efforts", str(options.get("effort") or "default"), "--ratios", ",".join(ratios),
            "--prunes", str(options.get("prune") or 0),
        ]
        return (*words, *option_words(rest, {}, [])), ratios

    # MARK: What is kept

    def _files(self, name: str) -> Tuple[pathlib.Path, pathlib.Path, pathlib.Path]:
        return self.out / f"{name}.derm", self.out / f"{name}.report.json", self.out / f"{name}.point.json"

    def _take_up(self, name: str) -> None:
        bundle, report, point = self._files(name)
        try:
            record = json.loads(point.read_text(encoding="utf-8"))
            whole = record["key"] == self.keys[name] and hashlib.sha256(bundle.read_bytes()).hexdigest() == record["sha256"]
            if whole:
                self._row(name, json.loads(report.read_text(encoding="utf-8")), record["sha256"])
        except (OSError, ValueError, KeyError, TypeError):
            # Not there, or not whole: it is made.
            return

    def _keep(self, name: str, result: Compiled) -> None:
        if name in self.rows:
            return
        if result.refused:
            self.rows[name] = {**self.recipes[name], "name": name, "refused": result.refused}
            self.on_row(self.rows[name])
            return
        digest = hashlib.sha256(result.bundle).hexdigest()
        record = json.dumps({"key": self.keys[name], "sha256": digest}).encode()
        for path, content in zip(self._files(name), (result.bundle, result.report, record)):
            aside = path.with_name(f".{path.name}.aside")
            aside.write_bytes(content)
            os.replace(aside, path)
        self._row(name, json.loads(result.report), digest)

    def _row(self, name: str, report: Mapping[str, Any], digest: str) -> None:
        size = self._files(name)[0].stat().st_size
        accuracy = report.get("accuracy") or {}
        measured = accuracy.get("compiled") or {}
        row: Row = {
            **self.recipes[name], "name": name, "file": f"{name}.derm", "bytes": size, "sha256": digest,
            "ratio": report["source"]["bytes"] / size, "agreement": accuracy.get("agreement"), "kl": accuracy.get("kl"),
        }
        for measure in ("top1", "macro_f1", "balanced_accuracy", "auc"):
            row[measure] = measured.get(measure)
        self.rows[name] = row
        self.on_row(row)

    def _table(self, rows: Sequence[Row]) -> None:
        columns = list(dict.fromkeys(column for recipe in self.recipes.values() for column in recipe))
        columns += [column for row in rows for column in row if column not in columns and column != "refused"]
        aside = self.out / ".sweep.csv.aside"
        with open(aside, "w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, [*dict.fromkeys(columns), "refused"], lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
        os.replace(aside, self.out / "sweep.csv")


def _number(ratio: Optional[Union[str, float]]) -> str:
    """A ratio as `dermc sweep` writes it."""
    if ratio is None or ratio is False:
        return "plain"
    text = repr(float(ratio))
    return text[:-2] if text.endswith(".0") else text


def _said(word: Argument, files: Mapping[str, bytes]) -> str:
    """An argument for a hash: a file by its content."""
    return hashlib.sha256(files[word.name]).hexdigest() if isinstance(word, InKit) else str(word)
