"""Compiling and measuring in parts on a cluster, to the bytes of one machine."""

import dataclasses
import hashlib
import json
import os
import pathlib
import re
import tempfile
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Union

from .. import _program
from .._commands import read_report
from .._program import CommandError
from ..reports import Evaluation, Report
from . import _data, _worker
from ._cluster import Cluster, Listener, Progress, Scheduler, listener
from ._data import Listing, Path, refusal
from ._parts import Parts
from ._worker import Argument, InKit, Job, Kit, OfShard

#: How images become inputs, and what is known of them: options of all commands that run a model on data.
_OF_INPUTS = frozenset(
    "size scale mean std channels resize exif_orientation preprocess layout labels table image_column label_column group "
    "subgroups columns input image_input".split()
)
#: What else calibrate takes, of the options that compile is called with.
_OF_COUNTS = frozenset("samples seed anonymous min_samples strict".split())
#: What says in which int8 network second moments are gathered, besides the counts.
_OF_NETWORKS = ("range", "keep_float")
OF_COUNTING = _OF_INPUTS | _OF_COUNTS
#: What eval is told when scores are made, and when they are measured.
_OF_SCORES = _OF_INPUTS | frozenset("task scores output_name positive strict math public_key".split())
_OF_MEASURES = frozenset(
    "size task scores output_name positive threshold sensitivity at_specificity predictions strict public_key".split()
)
#: Options whose value may be a file, which workers are sent.
_FILES = ("preprocess", "labels", "table", "against", "public_key", "moments")
#: What compile does alike with counts and with images, beside what inputs are.
COUNTED_ALIKE = frozenset(
    "range keep_float store strict task scores output_name positive threshold at_specificity calib_table".split()
)
#: What compile decides by looking at what images answer, and what it says of it where there are counts.
_NEED_IMAGES = {
    "target_ratio": "is judged by what images answer", "target_size": "is judged by what images answer",
    "max_kl": "is judged by what images answer", "min_agreement": "is judged by what images answer",
    "max_drop": "is judged by what images answer", "prune": "counts layers anew after pruning",
    "prune_channels": "counts layers anew after pruning", "equalize": "counts channels anew once they are scaled",
}


@dataclasses.dataclass(frozen=True)
class Settings:
    """Where and how work is done; compile() says what each is."""

    scheduler: Scheduler = None
    shards: Optional[int] = None
    parts: Optional[Path] = None
    threads: int = 1
    progress: Union[bool, Listener, None] = None
    retries: int = 3
    patience: float = 30
    storage_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def cluster(self) -> Cluster:
        return Cluster(self.scheduler, retries=self.retries, patience=self.patience)


def compile(
    model: Path,
    data: Path,
    *,
    out: Optional[Path] = None,
    scheduler: Scheduler = None,
    eval: Optional[Path] = None,
    shards: Optional[int] = None,
    parts: Optional[Path] = None,
    threads: int = 1,
    progress: Union[bool, Listener, None] = None,
    retries: int = 3,
    patience: float = 30,
    storage_options: Optional[Mapping[str, Any]] = None,
    **options: Any,
) -> Report:
    """Compiles a model to int8, calibrated on a cluster: the bytes of `dermc compile --int8 --effort fast` on one machine.

    With `rounding="compensated"` workers go over the data twice: for counts, and for second moments.

    Args:
        model: .onnx, .tflite or .derm, here; workers are sent it.
        data: images like those the model will see: a folder, list or table by a path that every worker sees, or by URL.
        out: the bundle; `model.derm` beside the model unless given.
        scheduler: `"tcp://host:8786"`, a `distributed.Client`, or None for the processors of this machine.
        eval: labelled data to measure on here, as `--eval`; evaluate() measures on the cluster.
        shards: how many parts the data are divided into; about 256 files each unless given.
        parts: where finished parts are kept, and taken up again; `model.parts` beside the bundle unless given.
        threads: of one task; workers run as many tasks as they have threads.
        progress: True for a bar, or a function that is given `Progress`.
        retries: how often a part may fail for a worker's reasons, such as a full disk.
        patience: seconds without a result after which parts are given to other workers, too.
        storage_options: of fsspec, for a URL.
        options: of `dermc compile`.

    Raises:
        CommandError: what dermc refuses, here or on a worker, in its words.
        ClusterError: nobody answers, or workers fail whatever they are given.
    """
    bundle = pathlib.Path(out if out is not None else pathlib.Path(model).with_suffix(".derm"))
    settings = Settings(scheduler, shards, parts, threads, progress, retries, patience, storage_options or {})
    finish_compile(_quietly, model, data, bundle, eval, settings, options)
    return read_report(_program.report_path(model, bundle))


def _quietly(words: List[Any]) -> None:
    _program.run([*words, "--quiet"])


def finish_compile(
    finish: Callable[[List[Any]], None], model: Path, data: Path, bundle: pathlib.Path, eval: Optional[Path],
    settings: Settings, options: Mapping[str, Any],
) -> None:
    """Counts on the cluster and calls `finish` with the words of `dermc compile` that make the bundle here."""
    for name, why in _NEED_IMAGES.items():
        if options.get(name) not in (None, False):
            raise CommandError(
                2, f"--{name.replace('_', '-')}: {why}, and workers send counts, no images: use dermc compile on one machine"
            )
    for name, taken in (("effort", ("fast",)), ("rounding", ("nearest", "compensated")), ("biases", ("weights",))):
        if options.get(name) not in (None, *taken):
            raise CommandError(
                2, f"--{name} {options[name]}: is learned from images, and workers send counts; it is {' or '.join(taken)}"
            )
    counting, rest = divided_options(options)
    with tempfile.TemporaryDirectory() as scratch, settings.cluster() as cluster:
        folder = bundle.with_suffix(".parts")
        counts = Divided("calibrate", model, data, counting, folder, settings).run(cluster)
        if options.get("rounding") == "compensated":
            # Ranges come from all counts, so moments are a second round over the same shards.
            network = {name: options[name] for name in _OF_NETWORKS if options.get(name) is not None}
            gathering = {**counting, **network, "moments": counts}
            rest["moments"] = Divided("calibrate", model, data, gathering, folder, settings).run(cluster)
        measured = fetched(eval, pathlib.Path(scratch), settings.storage_options, rest.get("image_column"))
        words = _program.options({**rest, "int8": True, "calib": counts, "eval": measured, "output": bundle})
        finish(["compile", model, *words])


def divided_options(options: Mapping[str, Any]) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Options of compile as those of calibrate, and of compile with what was counted."""
    counting = {name: value for name, value in options.items() if name in OF_COUNTING}
    if options.get("calib_table") is not None:
        counting["table"] = options["calib_table"]
    return counting, {name: value for name, value in options.items() if name not in _OF_COUNTS - {"strict"} | {"calib_table"}}


def evaluate(
    model: Path,
    data: Path,
    *,
    against: Optional[Path] = None,
    scheduler: Scheduler = None,
    shards: Optional[int] = None,
    parts: Optional[Path] = None,
    threads: int = 1,
    progress: Union[bool, Listener, None] = None,
    retries: int = 3,
    patience: float = 30,
    storage_options: Optional[Mapping[str, Any]] = None,
    **options: Any,
) -> Evaluation:
    """Measures a model on labelled data on a cluster: the figures of `dermc eval` on one machine, to the last digit.

    Args:
        model: a bundle or a model, here; workers are sent it, and `against`.
        data: labelled images; by URL class folders, or a table with the columns file and label.
        options: of `dermc eval`; the others are those of compile().

    Raises:
        CommandError: what dermc refuses, here or on a worker, in its words.
        ClusterError: nobody answers, or workers fail whatever they are given.
    """
    settings = Settings(scheduler, shards, parts, threads, progress, retries, patience, storage_options or {})
    measured: List[Any] = []

    def finish(words: List[Any]) -> None:
        measured.append(_program.document([*words, "--quiet"]))

    finish_evaluate(finish, model, data, against, settings, options)
    return Evaluation.read(measured[0])


def finish_evaluate(
    finish: Callable[[List[Any]], None], model: Path, data: Path, against: Optional[Path], settings: Settings,
    options: Mapping[str, Any],
) -> None:
    """Scores on the cluster and calls `finish` with the words of `dermc eval` that measure here."""
    unknown = sorted(set(options) - _OF_SCORES - _OF_MEASURES)
    if unknown:
        raise CommandError(2, f"--{unknown[0].replace('_', '-')}: is no option of dermc eval that is known here")
    scoring = {name: value for name, value in options.items() if name in _OF_SCORES}
    measuring = {name: value for name, value in options.items() if name in _OF_MEASURES}
    folder = pathlib.Path(model).with_suffix(".parts")
    with settings.cluster() as cluster:
        scores = Divided("eval", model, data, {**scoring, "against": against}, folder, settings).run(cluster)
    finish(["eval", model, scores, *_program.options({**measuring, "against": against})])


# MARK: Dividing


class Divided:
    """`dermc calibrate` or `dermc eval` of data, in shards."""

    def __init__(
        self, command: str, model: Path, data: Path, options: Mapping[str, Any], folder: pathlib.Path, settings: Settings
    ) -> None:
        self.command, self.model, self.data, self.options = command, model, data, dict(options)
        self.folder, self.settings = pathlib.Path(settings.parts or folder), settings

    def run(self, cluster: Cluster) -> pathlib.Path:
        """The file of all shards, which stays among the parts."""
        settings, tell = self.settings, listener(self.settings.progress)
        files, shown = model_files(self.model, "model")
        model = InKit(next(iter(files)))
        arguments: List[Argument] = [model]
        listing = self._listing(cluster)
        options = dict(self.options)
        if _data.is_url(self.data):
            files["data/files.txt"] = "".join(f"{name}\n" for name in listing.names).encode("utf-8", "surrogateescape")
            remote = _data.Remote(
                _data.base(str(self.data)), _data.written(settings.storage_options), "data/files.txt",
                options.get("samples"), int(options.get("seed") or 0),
            )
            arguments.append(OfShard(remote))
            if listing.table is not None:
                if options.get("table") is not None:
                    raise CommandError(2, f"--table: {self.data} tells classes by itself; leave out --table")
                files["data/classes.csv"] = listing.table
                arguments += ["--table", InKit("data/classes.csv")]
        else:
            arguments.append(os.path.abspath(self.data))
        arguments += option_words(options, files, shown)
        # Parts of second moments have the bytes of many parts of counts.
        files_of_shards = listing.count if "moments" not in options else -(-listing.count // 8)
        shards = settings.shards if settings.shards is not None else default_shards(files_of_shards)
        if not 1 <= shards <= 1_000_000:
            raise CommandError(2, f"shards {shards}: expected 1 to 1000000")
        version = _worker.version()
        kit = Kit.of(files)
        job = Job(version, self.command, tuple(arguments), settings.threads, shards, tuple(shown))
        # Keys to the data are not what is done with them.
        same = tuple(
            OfShard(dataclasses.replace(word.remote, options="")) if isinstance(word, OfShard) else word
            for word in job.arguments
        )
        said = dataclasses.asdict(dataclasses.replace(job, arguments=same, threads=0, shown=()))
        said.update(kit=kit.sha256, data=listing.identity)
        key = hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:32]
        parts = Parts(self.folder / f"{self.command}-{key}", "calib" if self.command == "calibrate" else "eval", shards)
        parts.open()
        try:
            missing = parts.missing()
            tell(Progress(self.command, shards - len(missing), shards))
            done = shards - len(missing)

            def keep(shard: Any, made: Any) -> None:
                nonlocal done
                parts.add(shard, made.content)
                done += 1
                tell(Progress(self.command, done, shards, shard, made.worker, made.seconds, made.fetched))

            if missing:
                cluster.work(f"dermc-{self.command}", _worker.part, kit, missing, job, done=keep)
            return parts.whole
        finally:
            parts.close()

    def _listing(self, cluster: Cluster) -> Listing:
        if _data.is_url(self.data):
            return _data.list_url(
                str(self.data), self.settings.storage_options, labelled=self.command == "eval",
                column=self.options.get("image_column"),
            )
        path = os.path.abspath(self.data)
        if os.path.exists(path):
            return _data.list_path(path)
        # Workers may see what this machine does not.
        return cluster.ask(_data.list_path, path)  # type: ignore[no-any-return]


def default_shards(files: int) -> int:
    """About 256 files each, which take some seconds; of few files as many as a small cluster has workers."""
    return max(1, min(files, max(16, -(-files // 256)), 10_000))


def option_words(options: Mapping[str, Any], files: Dict[str, bytes], shown: List[Tuple[str, str]]) -> List[Argument]:
    """Options as arguments of a task. Files they name are added to those that are sent."""
    words: List[Argument] = []
    for name, value in options.items():
        if isinstance(value, (list, tuple)):
            for element in value:
                words += option_words({name: element}, files, shown)
        elif name in _FILES and isinstance(value, (str, os.PathLike)) and os.path.isfile(value):
            sent, called = model_files(value, name)
            files.update(sent)
            shown += called
            words += ["--" + name.replace("_", "-"), InKit(next(iter(sent)))]
        else:
            words += _program.options({name: value})
    return words


#: An entry of ONNX's external data (StringStringEntryProto: key "location", value a short or long string).
_EXTERNAL = re.compile(rb"\n\x08location\x12([\x01-\x7f]|[\x80-\xff][\x01-\x1f])")


def model_files(path: Path, folder: str) -> Tuple[Dict[str, bytes], List[Tuple[str, str]]]:
    """The files of a model, itself the first, and what they are called here. Weights that ONNX keeps in other files come
    along."""
    place = pathlib.Path(path)
    try:
        content = place.read_bytes()
    except OSError as error:
        raise refusal(path, error.strerror or str(error)) from None
    files = {f"{folder}/{place.name}": content}
    if place.suffix.lower() == ".onnx":
        for found in _EXTERNAL.finditer(content):
            size = found.group(1)
            length = size[0] if len(size) == 1 else (size[0] & 0x7F) | size[1] << 7
            name = content[found.end() : found.end() + length].decode("utf-8", "replace")
            beside = place.parent / name
            if f"{folder}/{name}" in files or pathlib.PurePosixPath(name).is_absolute() or ".." in name.split("/"):
                continue
            if beside.is_file():
                files[f"{folder}/{name}"] = beside.read_bytes()
    return files, [(name, str(place.parent / name[len(folder) + 1 :])) for name in files]


def fetched(
    data: Optional[Path], folder: pathlib.Path, storage_options: Mapping[str, Any], column: Optional[str] = None
) -> Optional[Path]:
    """Labelled data where the program finds them; those by URL are fetched into a folder."""
    if data is None or not _data.is_url(data):
        return data
    listing = _data.list_url(str(data), storage_options, labelled=True, column=column)
    try:
        _data.fetch(_data.base(str(data)), storage_options, listing.names, folder)
    except OSError as error:
        raise refusal(data, str(error)) from None
    table = folder / "labels.csv"
    table.write_bytes(listing.table or b"")
    return table
