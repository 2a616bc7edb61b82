"""What runs on workers: a part of the data through the program, beside files that were sent once.

A worker needs this package, and nothing of the job but what is sent to it.
"""

import contextlib
import dataclasses
import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
from typing import Any, Callable, Iterator, List, Mapping, Sequence, Tuple, Type, TypeVar, Union

from .. import _program
from .._program import CommandError
from ._data import Remote


class WorkerTrouble(Exception):
    """A worker could not do its work for a reason that another may not have: its disk is full, say."""

    def __init__(self, worker: str, message: str) -> None:
        super().__init__(message)
        self.worker = worker

    def __reduce__(self) -> Tuple[Type["WorkerTrouble"], Tuple[str, str]]:
        return type(self), (self.worker, str(self))


class KitMissing(Exception):
    """A worker has not been sent the files of a job yet."""

    def __init__(self, worker: str) -> None:
        super().__init__(worker)
        self.worker = worker


@dataclasses.dataclass(frozen=True)
class Kit:
    """Files that every task of a job needs: the model, tables. Sent to each worker once; tasks name it by its hash."""

    sha256: str
    files: Mapping[str, bytes]

    @staticmethod
    def of(files: Mapping[str, bytes]) -> "Kit":
        return Kit(Kit.hash(files), dict(files))

    @staticmethod
    def hash(files: Mapping[str, bytes]) -> str:
        total = hashlib.sha256()
        for name in sorted(files):
            total.update(f"{name}\0{len(files[name])}\0".encode("utf-8", "surrogateescape"))
            total.update(files[name])
        return total.hexdigest()


@dataclasses.dataclass(frozen=True)
class InKit:
    """An argument that is a file of the kit."""

    name: str


@dataclasses.dataclass(frozen=True)
class OfShard:
    """An argument that is the data: fetched for this shard alone."""

    remote: Remote


Argument = Union[str, InKit, OfShard]


@dataclasses.dataclass(frozen=True)
class Job:
    """What every shard is done with.

    Args:
        version: dermc's, on the machine that asks: parts of two versions cannot be merged.
        command: calibrate or eval.
        arguments: of the command, but for shard and output.
        shown: what places in messages stand for, as (name in the kit, what the user called it).
    """

    version: str
    command: str
    arguments: Tuple[Argument, ...]
    threads: int
    shards: int
    shown: Tuple[Tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True)
class Made:
    """A finished part.

    Args:
        seconds: what the worker took for it, fetching included.
        fetched: bytes of data that were fetched for it.
    """

    content: bytes
    worker: str
    seconds: float
    fetched: int


def address() -> str:
    """This worker's, or where no worker is, this machine."""
    from distributed import get_worker

    try:
        return str(get_worker().address)
    except ValueError:
        return "this machine"


def scratch() -> pathlib.Path:
    """A folder of this worker's own, which goes with it."""
    from distributed import get_worker

    try:
        folder = pathlib.Path(get_worker().local_directory) / "dermc"
    except ValueError:
        folder = pathlib.Path(tempfile.gettempdir()) / f"dermc-{os.getpid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@functools.lru_cache(maxsize=8)
def _version(program: str, changed: int) -> str:
    return subprocess.run([program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout.strip()


def version() -> str:
    """The version of the program here."""
    program = _program.path()
    return _version(program, os.stat(program).st_mtime_ns)


def check_version(expected: str) -> None:
    found = version()
    if found != expected:
        raise CommandError(
            3, f"worker {address()}: has dermc {found or 'of no version'}, the machine that asks has {expected}, and what "
            "two versions count does not belong together: install the same wheel on both"
        )


placing = threading.Lock()


def place(kit: Union[Kit, str]) -> pathlib.Path:
    """The folder that has the kit's files, written where it was not there.

    Raises:
        KitMissing: it is not there, and only its hash was given.
    """
    folder = scratch() / (kit if isinstance(kit, str) else kit.sha256)
    with placing:
        if folder.exists():
            return folder
        if isinstance(kit, str):
            raise KitMissing(address())
        if Kit.hash(kit.files) != kit.sha256:
            raise WorkerTrouble(address(), f"worker {address()}: files it was sent have other contents than were sent")
        aside = pathlib.Path(tempfile.mkdtemp(dir=folder.parent))
        try:
            for name, content in kit.files.items():
                (aside / name).parent.mkdir(parents=True, exist_ok=True)
                (aside / name).write_bytes(content)
            with contextlib.suppress(FileExistsError):
                aside.rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return folder


Failure = Union[CommandError, WorkerTrouble, KitMissing]
Result = TypeVar("Result")


def told(call: Callable[..., Result], *arguments: Any) -> Union[Result, Failure]:
    """What a call returns, or refuses: as a value, since what tasks raise fills the logs of workers."""
    try:
        return call(*arguments)
    except (CommandError, WorkerTrouble, KitMissing) as failure:
        return failure


def part(kit: Union[Kit, str], job: Job, shard: int) -> Union[Made, Failure]:
    """Makes one part: `dermc calibrate` or `dermc eval` with --shard; or tells why the program refused, or why it failed
    here."""
    return told(_part, kit, job, shard)


def _part(kit: Union[Kit, str], job: Job, shard: int) -> Made:
    began = time.monotonic()
    check_version(job.version)
    with trouble_told():
        folder = place(kit)
        with tempfile.TemporaryDirectory(dir=folder.parent) as own:
            arguments, fetched = written_out(job, folder, pathlib.Path(own), shard)
            output = pathlib.Path(own) / "part"
            words = [job.command, *arguments, "--shard", f"{shard}/{job.shards}", "--threads", str(job.threads)]
            shown = [(f"{folder}/{name}", called) for name, called in job.shown]
            shown += [(f"{own}/data", argument.remote.url) for argument in job.arguments if isinstance(argument, OfShard)]
            finished = run([*words, "--output", str(output)], shown, f"shard {shard}/{job.shards}")
            if fetched and ": No such file or directory" in finished.stderr:
                raise CommandError(70, f"dermc and this package disagree about the files of shard {shard}/{job.shards}")
            content = output.read_bytes()
    return Made(content, address(), time.monotonic() - began, fetched)


def written_out(job: Job, folder: pathlib.Path, own: pathlib.Path, shard: int) -> Tuple[List[str], int]:
    """The arguments as this machine has them; data are fetched for it. Their bytes come with it."""
    fetched = 0
    arguments: List[str] = []
    for argument in job.arguments:
        if isinstance(argument, InKit):
            arguments.append(str(folder / argument.name))
        elif isinstance(argument, OfShard):
            (own / "data").mkdir()
            listing = own / "data" / "files.txt"
            listing.write_bytes((folder / argument.remote.listing).read_bytes())
            fetched += argument.remote.fetch(listing, own / "data", shard, job.shards)
            arguments.append(str(listing))
        else:
            arguments.append(argument)
    return arguments, fetched


#: What the system says of a machine rather than of a model or image (strerror), in English as the C library has it.
_OF_THE_MACHINE = (
    "No space left on device", "File too large", "Disk quota exceeded", "Cannot allocate memory", "Input/output error",
    "Stale file handle", "Too many open files", "Read-only file system", "Transport endpoint is not connected",
    "Resource temporarily unavailable",
)


def run(words: Sequence[str], shown: Sequence[Tuple[str, str]], what: str) -> "subprocess.CompletedProcess[str]":
    """Runs the program for a task; what it refuses names the files as the user does."""
    finished = subprocess.run(
        [_program.path(), *words], stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace",
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    if finished.returncode == 0:
        return finished
    said = finished.stderr.strip() or f"dermc ended with {finished.returncode} and said nothing"
    for place_here, called in shown:
        said = said.replace(place_here, called)
    if finished.returncode < 0:
        raise WorkerTrouble(address(), f"worker {address()}, {what}: dermc was ended by signal {-finished.returncode}")
    if any(words_of in said for words_of in _OF_THE_MACHINE):
        raise WorkerTrouble(address(), f"worker {address()}, {what}: {said}")
    raise CommandError(finished.returncode, f"{said} ({what}, worker {address()})" if what else said)


@contextlib.contextmanager
def trouble_told() -> Iterator[None]:
    """What the system or a server refuses comes back as this worker's trouble."""
    try:
        yield
    except OSError as error:
        raise WorkerTrouble(address(), f"worker {address()}: {error}") from None
